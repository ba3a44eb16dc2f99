// What came of a call: how it ended and how long it took, as text, as structured JSON, and as it came.

import { byId, element, longText, milliseconds, written } from "./dom.js";

export function showResult(call) {
  const box = byId("result");
  box.hidden = !call;
  if (!call) return box.replaceChildren();
  const { outcome, ms, user, revision, raw } = call;
  const facts = [ms == null ? "" : milliseconds(ms), `as ${user}`, `MCP ${revision}`].filter(Boolean).join("  ·  ");
  const title = element("h3", { class: `outcome-${outcome.kind}`, "data-testid": "outcome" }, outcome.title);
  const head = element("div", { class: "result-head" }, title, element("p", { class: "muted" }, facts));
  box.replaceChildren(head, ...partsOf(outcome), raw ? asItCame(raw) : "");
  head.scrollIntoView({ block: "nearest" });
}

function partsOf({ kind, message, texts = [], others = [], structured }) {
  const parts = [];
  if (message) parts.push(element("p", { class: kind === "failed" ? "note error" : "note", "data-testid": "error" }, message));
  if (structured !== undefined) parts.push(...headed("As structured JSON", written(structured), "structured"));
  if (texts.length) parts.push(...headed("As text", texts.join("\n"), "text"));
  if (others.length) parts.push(...headed("Other content", written(others), "others"));
  return parts;
}

function headed(title, text, testid) {
  return [element("h4", {}, title), element("div", { "data-testid": testid }, longText(text))];
}

/** Drawn when it is first opened, as it repeats all of the above. */
function asItCame(raw) {
  const box = element("details", { class: "more-of-it", "data-testid": "raw" }, element("summary", {}, "The answer as it came"));
  box.addEventListener("toggle", () => box.childElementCount === 1 && box.append(longText(raw)), { once: true });
  return box;
}
