// The tool calls of a turn: each a line that opens to its parameters and its result.

import { element, longText, milliseconds, written } from "./dom.js";

const PREVIEW = 160;

class Call {
  #status = element("span", { class: "call-status" }, "running");
  #filled = false;
  outcome = null;

  constructor(name, input) {
    this.name = name;
    this.input = input;
    const preview = element("code", { class: "call-input" }, JSON.stringify(input ?? {}).slice(0, PREVIEW));
    const summary = element("summary", {}, element("code", { class: "call-name" }, name), preview, this.#status);
    this.element = element("details", { class: "call", "data-testid": "call", "data-status": "running" }, summary);
    this.element.addEventListener("toggle", () => this.#fill());
  }

  /** outcome is {status, result, durationMs}, or {status} alone where no result is known. */
  end(outcome) {
    this.outcome = outcome;
    const took = outcome.durationMs == null ? "" : `, ${milliseconds(outcome.durationMs)}`;
    this.#status.textContent = `${outcome.status}${took}`;
    this.element.dataset.status = outcome.status;
    if (this.#filled) this.#draw();
  }

  /** What is inside is made when it is first opened: results may be large, and there may be many. */
  #fill() {
    if (!this.element.open || this.#filled) return;
    this.#filled = true;
    this.#draw();
  }

  #draw() {
    const parts = [element("h4", {}, "Parameters"), longText(written(this.input ?? {}))];
    if (this.outcome && "result" in this.outcome) {
      parts.push(element("h4", {}, "Result"), longText(written(this.outcome.result)));
    }
    this.element.replaceChildren(this.element.firstElementChild, ...parts);
  }
}

export class Calls {
  #all = [];

  /** Begin a call and return the element that shows it. */
  begin(name, input) {
    const call = new Call(name, input);
    this.#all.push(call);
    return call.element;
  }

  /** Note how the calls ended; returns the elements of those that had not been begun. */
  end(reported) {
    const added = [];
    for (const outcome of reported) {
      let call = this.#running(outcome);
      if (!call) {
        added.push(this.begin(outcome.name, outcome.input));
        call = this.#all.at(-1);
      }
      call.end(outcome);
    }
    for (const call of this.#all) {
      if (!call.outcome) call.end({ status: "no result" });
    }
    return added;
  }

  /** The calls as an evaluation row expects them. */
  list() {
    return this.#all.map(({ name, input }) => ({ name, input: input ?? {} }));
  }

  #running({ name, input }) {
    const open = this.#all.filter((call) => !call.outcome && call.name === name);
    const same = JSON.stringify(input);
    return open.find((call) => JSON.stringify(call.input) === same) ?? open[0];
  }
}
