// The evaluation report, in a frame that may run nothing.

import { byId, element } from "./dom.js";
import { api } from "./server.js";

export async function showReport() {
  const { address, run } = await api("report");
  const body = byId("report-body");
  byId("report-title").textContent = run ? `Evaluation report: ${run}` : "Evaluation report";
  if (!address) {
    body.replaceChildren(element("p", {}, "No evaluation was run in this repository yet."));
  } else {
    body.replaceChildren(element("iframe", { sandbox: "", title: "Evaluation report", src: address }));
  }
  const dialog = byId("report-dialog");
  byId("report-close").onclick = () => dialog.close();
  dialog.showModal();
}
