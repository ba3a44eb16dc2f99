// Text that grows: the first piece is shown at once, later ones at most once a frame.

import { element } from "./dom.js";

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

  /** It is not the answer: "interim" before a tool call, "void" when it was taken back. */
  close(kind) {
    this.flush();
    this.element.classList.add(kind);
    this.element.dataset.testid = kind;
  }
}
