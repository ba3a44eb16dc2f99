// Text that grows: the first piece is shown at once, later ones at most once a frame.

import { element } from "./dom.js";
import { markdown } from "./markdown.js";

const LONGEST_FORMATTED = 100_000;

export class StreamedText {
  #node = document.createTextNode("");
  #waiting = "";
  #frame = 0;

  constructor() {
    this.element = element("div", { class: "text", "data-testid": "answer" }, this.#node);
  }

  get text() {
    return this.#node.data + this.#waiting;
  }

  add(text) {
    this.#waiting += text;
    if (!this.#node.data) this.flush();
    else this.#frame ||= requestAnimationFrame(() => this.flush());
  }

  flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#node.appendData(this.#waiting);
    this.#waiting = "";
  }

  replace(text) {
    this.flush();
    this.#node.data = text;
  }

  /** Show it as the Markdown that it is, or as it came; returns false where both look the same. */
  format(formatted) {
    this.flush();
    const text = this.#node.data;
    if (text.length > LONGEST_FORMATTED) return false;
    const nodes = markdown(text);
    const plain = nodes.every((node) => node.tagName === "P" && !node.childElementCount);
    if (plain) return false;
    this.element.classList.toggle("formatted", formatted);
    this.element.replaceChildren(...(formatted ? nodes : [this.#node]));
    return true;
  }

  /** It is not the answer: "interim" before a tool call, "void" when it was taken back. */
  close(kind) {
    this.flush();
    this.element.classList.add(kind);
    this.element.dataset.testid = kind;
  }
}
