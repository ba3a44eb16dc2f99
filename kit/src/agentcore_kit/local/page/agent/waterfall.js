// The waterfall: a row for each span. Of a long trace only the rows in view are drawn.

import { element } from "./dom.js";
import { spanRow } from "./span_row.js";
import { lengthOf, sourcesOf, treeOf, visible } from "./spans.js";

const ROW_HEIGHT = 26; // The same as --row in page.css.
const DRAW_ALL = 300;
const BEYOND_VIEW = 12;

export class Waterfall {
  #box;
  #group = element("div", { role: "rowgroup", class: "row-group" });
  #onChoose;
  #roots = [];
  #rows = [];
  #folded = new Set();
  #drawn = new Map();
  #chosen = null;
  #length = 1;
  #sources = [];
  #frame = 0;

  /** onChoose gets the span of the row that a person went to. */
  constructor(box, onChoose) {
    this.#box = box;
    this.#onChoose = onChoose;
    box.append(this.#group);
    box.addEventListener("scroll", () => this.#drawSoon());
    box.addEventListener("click", (event) => this.#click(event));
    box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#drawSoon()).observe(box);
  }

  /** Show other spans; when they are more of the same trace, what is folded and chosen stays so. */
  show(spans, { same }) {
    if (!same) {
      this.#folded.clear();
      this.#chosen = null;
      this.#box.scrollTop = 0;
    }
    this.#roots = treeOf(spans);
    this.#length = lengthOf(spans) || 1;
    this.#sources = sourcesOf(spans);
    this.#arrange();
  }

  /** Fold all spans below the first level, or unfold all when some are folded; returns whether some are now. */
  foldAll() {
    if (this.#folded.size) this.#folded.clear();
    else {
      for (const { span, parent, children } of visible(this.#roots, new Set())) {
        if (parent && children.length) this.#folded.add(span.id);
      }
    }
    this.#arrange();
    return this.#folded.size > 0;
  }

  /** Go to the failed span after the chosen one, also where it is folded away. */
  nextFailed() {
    const all = visible(this.#roots, new Set());
    const at = all.findIndex((node) => node.span.id === this.#chosen);
    const next = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((node) => node.span.failed);
    if (!next) return;
    for (let around = next.parent; around; around = around.parent) this.#folded.delete(around.span.id);
    this.#arrange();
    this.#choose(this.#rows.indexOf(next));
  }

  #arrange() {
    this.#rows = visible(this.#roots, this.#folded);
    this.#drawn.clear();
    this.#group.style.height = `${this.#rows.length * ROW_HEIGHT}px`;
    this.#box.setAttribute("aria-rowcount", this.#rows.length);
    this.#draw();
  }

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const [first, end] = this.#range();
    const before = this.#drawn;
    this.#drawn = new Map();
    for (let index = first; index < end; index += 1) {
      this.#drawn.set(index, before.get(index) ?? this.#row(index));
    }
    const same = before.size === this.#drawn.size && before.has(first) && before.has(end - 1);
    if (!same) this.#group.replaceChildren(...this.#drawn.values());
    this.#markChosen();
  }

  #range() {
    const length = this.#rows.length;
    if (length <= DRAW_ALL) return [0, length];
    const top = Math.floor(this.#box.scrollTop / ROW_HEIGHT);
    const inView = Math.ceil(this.#box.clientHeight / ROW_HEIGHT);
    return [Math.max(0, top - BEYOND_VIEW), Math.min(length, top + inView + BEYOND_VIEW)];
  }

  #row(index) {
    const node = this.#rows[index];
    const place = { index, top: index * ROW_HEIGHT, folded: this.#folded.has(node.span.id) };
    return spanRow(node, place, { length: this.#length, sources: this.#sources });
  }

  #click(event) {
    const row = event.target.closest(".span-row");
    if (!row) return;
    const index = Number(row.dataset.index);
    if (event.target.closest("[data-fold]")) this.#fold(index, !this.#isFolded(index));
    else this.#choose(index);
  }

  #key(event) {
    const at = this.#rows.findIndex((node) => node.span.id === this.#chosen);
    const page = Math.max(1, Math.floor(this.#box.clientHeight / ROW_HEIGHT) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.#choose(at + moves[event.key]);
    else if (event.key === "ArrowRight" && at >= 0) this.#inwards(at);
    else if (event.key === "ArrowLeft" && at >= 0) this.#outwards(at);
    else return;
    event.preventDefault();
  }

  #inwards(index) {
    if (this.#isFolded(index)) this.#fold(index, false);
    else if (this.#rows[index].children.length) this.#choose(index + 1);
  }

  #outwards(index) {
    const { children, parent } = this.#rows[index];
    if (children.length && !this.#isFolded(index)) this.#fold(index, true);
    else if (parent) this.#choose(this.#rows.indexOf(parent));
  }

  #isFolded(index) {
    return this.#folded.has(this.#rows[index].span.id);
  }

  #fold(index, folded) {
    const { id } = this.#rows[index].span;
    if (folded) this.#folded.add(id);
    else this.#folded.delete(id);
    this.#arrange();
  }

  #choose(wanted) {
    const index = Math.max(0, Math.min(this.#rows.length - 1, wanted));
    if (!this.#rows[index]) return;
    this.#chosen = this.#rows[index].span.id;
    this.#onChoose(this.#rows[index].span);
    this.#bringIntoView(index);
    this.#draw();
  }

  #bringIntoView(index) {
    const top = index * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop) this.#box.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.#box.scrollTop = top + ROW_HEIGHT - clientHeight;
  }

  #markChosen() {
    this.#box.removeAttribute("aria-activedescendant");
    for (const [index, row] of this.#drawn) {
      const chosen = this.#rows[index].span.id === this.#chosen;
      row.setAttribute("aria-selected", String(chosen));
      if (chosen) this.#box.setAttribute("aria-activedescendant", row.id);
    }
  }
}
