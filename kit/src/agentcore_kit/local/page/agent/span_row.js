// One row of the waterfall: the name in the tree, the bar in time, the duration.

import { element, milliseconds } from "./dom.js";

const INDENT = 10;
const DEEPEST_INDENT = 12;
const COLOURS = 6; // As many as page.css has.

/** The class that colours what one of the sources recorded. */
export function colourOf(source, sources) {
  return `source-${sources.indexOf(source) % COLOURS}`;
}

/** place is {index, top, folded}; trace is {length, sources}. */
export function spanRow({ span, children, level }, { index, top, folded }, trace) {
  const row = element(
    "div",
    {
      role: "row",
      class: span.failed ? "span-row failed" : "span-row",
      id: `span-row-${index}`,
      title: span.name,
      "data-testid": "span-row",
      "data-index": index,
      "aria-level": level,
      "aria-rowindex": index + 1,
      "aria-expanded": children.length ? String(!folded) : null,
    },
    nameOf(span, level, children.length > 0 && (folded ? "▸" : "▾")),
    barOf(span, trace),
    element("span", { role: "gridcell", class: "span-ms" }, milliseconds(span.ms)),
  );
  row.style.top = `${top}px`;
  return row;
}

function nameOf(span, level, fold) {
  const name = element(
    "span",
    { role: "gridcell", class: "span-name" },
    element("span", { class: "fold", "aria-hidden": "true", "data-fold": Boolean(fold) }, fold || ""),
    span.failed ? element("strong", { class: "failed-mark" }, "failed") : null,
    element("span", {}, span.name),
  );
  name.style.paddingInlineStart = `${Math.min(level - 1, DEEPEST_INDENT) * INDENT}px`;
  return name;
}

function barOf(span, { length, sources }) {
  const bar = element("span", { class: `bar ${colourOf(span.source, sources)}` });
  bar.style.left = `${(span.startMs / length) * 100}%`;
  bar.style.width = `${(span.ms / length) * 100}%`;
  const words = `starts at ${milliseconds(span.startMs)}, recorded by ${span.source || "unknown"}`;
  return element("span", { role: "gridcell", class: "track" }, bar, element("span", { class: "visually-hidden" }, words));
}
