// The page of tools: what belongs together is wired here.

import { Calls } from "./calls.js";
import { Connection } from "./connection.js";
import { byId, element, markCurrent, milliseconds } from "./dom.js";
import { Form } from "./form.js";
import { callTool, REVISIONS } from "./mcp.js";
import { showResult } from "./result.js";
import { SendButton } from "./send_button.js";
import { Failure, Unreachable } from "./server.js";
import { effectOf, scoreOf, showTool } from "./sheet.js";
import { Side } from "./side.js";
import { NotSendable, Who } from "./who.js";

const CHOSEN = "tool";

const send = new SendButton();
const side = new Side(byId("toggle-tools"), byId("tools"));
const form = new Form();
const calls = new Calls(showCall);
const who = new Who(() => {});
const connection = new Connection(byId("trouble"), "tools", {
  onAbout: showServer,
  onChange: (reached) => (send.reached = reached),
});
const drafts = new Map();
let tools = [];
let chosen = null;
let shownServer = "";
let running = null;

/** The tools are read again when the window gets the focus; what did not change is left as it is. */
function showServer(server) {
  if (JSON.stringify(server) === shownServer) return;
  shownServer = JSON.stringify(server);
  document.title = server.name;
  byId("name").textContent = server.name;
  byId("environment").textContent = server.environment;
  byId("description").textContent = `${server.version} – ${server.description}`;
  byId("problems").replaceChildren(...server.problems.map((problem) => element("li", {}, problem)));
  who.show(server.users);
  showTools(server.tools);
}

function showTools(found) {
  if (chosen) drafts.set(chosen.name, form.text);
  tools = found;
  byId("no-tools").hidden = tools.length > 0;
  byId("tool-list").replaceChildren(...tools.map((tool) => element("li", {}, toolButton(tool))));
  const wanted = chosen?.name ?? sessionStorage.getItem(CHOSEN);
  chosen = null;
  show(tools.find((tool) => tool.name === wanted) ?? tools[0]);
}

function toolButton(tool) {
  const facts = [scoreOf(tool), effectOf(tool)].join("  ·  ");
  return element(
    "button",
    { type: "button", class: "item", "data-testid": "tool", "data-tool": tool.name, onclick: () => choose(tool) },
    element("span", { class: "item-title" }, tool.name),
    element("span", { class: "item-facts" }, facts),
  );
}

function choose(tool) {
  side.fold();
  if (tool === chosen) return;
  showResult(null);
  show(tool);
}

function show(tool) {
  if (chosen) drafts.set(chosen.name, form.text);
  chosen = tool ?? null;
  byId("call").hidden = !tool;
  if (!tool) return byId("tool").replaceChildren();
  sessionStorage.setItem(CHOSEN, tool.name);
  const list = byId("tool-list");
  markCurrent(list, list.querySelector(`[data-tool="${CSS.escape(tool.name)}"]`));
  say("");
  showTool(tool);
  form.show(tool, drafts.get(tool.name) ?? "{}");
}

/** Show a call again; a tool that is no longer there has a result and no form. */
function showCall(call) {
  const tool = tools.find(({ name }) => name === call.tool);
  if (tool !== chosen) show(tool);
  if (tool) form.write(call.argumentsText);
  showResult(call);
}

async function callChosen() {
  say("");
  try {
    const asking = who.current();
    const call = { tool: chosen.name, argumentsText: form.read(), user: asking.user, revision: byId("revision").value };
    await run({ ...call, at: new Date().toISOString() }, asking);
  } catch (problem) {
    if (!(problem instanceof NotSendable)) throw problem;
    say(problem.message);
  }
}

async function run(call, asking) {
  running = new AbortController();
  send.running = true;
  const ended = { ...call, ...(await endOf({ ...call, who: asking, signal: running.signal })) };
  running = null;
  send.running = false;
  calls.add(ended);
  if (chosen?.name === call.tool) showResult(ended);
  const took = ended.ms == null ? "" : ` after ${milliseconds(ended.ms)}`;
  const said = `${call.tool}: ${ended.outcome.title}${took}. ${ended.outcome.message ?? ""}`;
  byId("announce").replaceChildren(element("p", {}, said));
}

/** What came of a call, however it ended. */
async function endOf(request) {
  try {
    return await callTool(request);
  } catch (problem) {
    if (problem.name === "AbortError") return { outcome: { kind: "stopped", title: "Stopped", message: "The server may go on with it." } };
    if (!(problem instanceof Failure || problem instanceof Unreachable)) throw problem;
    return { outcome: { kind: "failed", title: "Not sent, or not answered", message: problem.message } };
  }
}

function say(text) {
  byId("said").textContent = text;
}

byId("revision").append(...REVISIONS.map((revision) => element("option", {}, revision)));
byId("call").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) running.abort();
  else if (!send.disabled) callChosen();
});
byId("call").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("call").requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (side.unfolded) side.fold();
  else running?.abort();
});
connection.start();
