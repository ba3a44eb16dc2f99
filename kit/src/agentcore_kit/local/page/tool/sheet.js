// What documents a tool: its name as agents see it, the elements of its documentation, its words and its schemas.

import { byId, element, longText, written } from "./dom.js";

const EFFECTS = { read: "reads", change: "changes", remove: "removes" };

/** What a tool does, as its annotations say. */
export function effectOf({ annotations = {} }) {
  if (annotations.readOnlyHint) return EFFECTS.read;
  return annotations.destructiveHint ? EFFECTS.remove : EFFECTS.change;
}

/** How many elements of the documentation standard a tool has. */
export function scoreOf({ elements }) {
  return `${elements.filter(({ lacks }) => !lacks).length} of ${elements.length} elements`;
}

export function showTool(tool) {
  const again = tool.annotations?.idempotentHint ? "a second call changes nothing more" : "a second call acts again";
  const facts = tool.annotations?.readOnlyHint ? effectOf(tool) : `${effectOf(tool)}; ${again}`;
  const head = element(
    "div",
    { class: "tool-head" },
    element("h2", { id: "tool-title" }, tool.title ?? tool.name),
    element("code", {}, tool.name),
    element("span", { class: "badge" }, facts),
  );
  const seen = element("p", { class: "seen-as muted" }, "Behind a gateway agents see it as ", element("code", {}, tool.seenAs), ".");
  byId("tool").replaceChildren(
    head,
    seen,
    element("p", { class: "muted documented" }, `Documentation: ${scoreOf(tool)}`),
    element("ul", { class: "elements", "aria-label": "Elements of the documentation", "data-testid": "elements" }, ...elementsOf(tool)),
    folded("Description, as a model reads it", tool.description),
    folded("Input schema", written(tool.inputSchema)),
    tool.outputSchema ? folded("Output schema", written(tool.outputSchema)) : "",
  );
}

function elementsOf(tool) {
  const shown = tool.elements.map(({ name, lacks }) =>
    element("li", { class: lacks ? "lacks" : "had" }, lacks ? `${name} is missing: ${lacks}` : name),
  );
  return [...shown, ...tool.limits.map((problem) => element("li", { class: "lacks" }, problem))];
}

function folded(title, text) {
  return element("details", { class: "more-of-it" }, element("summary", {}, title), longText(text));
}
