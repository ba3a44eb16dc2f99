// The panel of a trace: what it is of, the waterfall, and the chosen span.

import { byId, element, longText, many, milliseconds, written } from "./dom.js";
import { api, pause } from "./server.js";
import { colourOf } from "./span_row.js";
import { lengthOf, sourcesOf } from "./spans.js";
import { Waterfall } from "./waterfall.js";

const POLLS = 20;
const POLL_MS = 300;

export class Trace {
  #panel = byId("trace");
  #details = byId("trace-details");
  #facts = byId("trace-facts");
  #waterfall = new Waterfall(byId("trace-rows"), (span) => this.#describe(span));
  #turn = null;
  #opener = null;

  constructor() {
    byId("trace-close").addEventListener("click", () => this.close());
    byId("trace-failed").addEventListener("click", () => this.#waterfall.nextFailed());
    byId("trace-fold").addEventListener("click", (event) => {
      event.target.textContent = this.#waterfall.foldAll() ? "Unfold all" : "Fold all";
    });
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  /** Show the trace of a turn, and go to it when a person asked for it. */
  async show(turn, { focus = false } = {}) {
    this.#turn?.element.classList.remove("traced");
    this.#turn = turn;
    turn.element.classList.add("traced");
    this.#panel.hidden = false;
    this.#reset();
    if (focus) this.#focus();
    await this.#poll(turn);
  }

  close() {
    this.#turn?.element.classList.remove("traced");
    this.#turn = null;
    this.#panel.hidden = true;
    (this.#opener?.isConnected ? this.#opener : byId("input")).focus();
  }

  #focus() {
    this.#opener = document.activeElement;
    byId("trace-title").focus();
    this.#panel.scrollIntoView({ block: "nearest" });
  }

  #reset() {
    this.#details.hidden = true;
    this.#state("Reading the trace.");
    byId("trace-fold").textContent = "Fold all";
    byId("trace-failed").hidden = true;
    byId("trace-sources").replaceChildren();
    this.#waterfall.show([], { same: false });
  }

  /** The last spans are written a moment after the answer, so it is read until the server says that it is complete. */
  async #poll(turn) {
    let drawn = 0;
    for (let poll = 0; poll < POLLS; poll += 1) {
      const { spans, complete } = await api(`traces/${encodeURIComponent(turn.traceId)}`);
      if (this.#turn !== turn) return;
      if (spans.length !== drawn) this.#draw(spans);
      drawn = spans.length;
      this.#say(turn, spans, complete, poll === POLLS - 1);
      if (complete) return;
      await pause(POLL_MS);
      if (this.#turn !== turn) return;
    }
  }

  #draw(spans) {
    this.#waterfall.show(spans, { same: true });
    byId("trace-failed").hidden = !spans.some((span) => span.failed);
    const sources = sourcesOf(spans);
    const legend = sources.map((source) => {
      const colour = element("span", { class: `swatch ${colourOf(source, sources)}`, "aria-hidden": "true" });
      return element("li", {}, colour, source || "unknown");
    });
    byId("trace-sources").replaceChildren(...legend);
  }

  #say(turn, spans, complete, lastPoll) {
    const none = lastPoll ? "Nothing was recorded of this turn." : "Reading the trace.";
    if (!spans.length) return this.#state(none);
    const failed = spans.filter((span) => span.failed).length;
    const facts = [many(spans.length, "span"), milliseconds(lengthOf(spans))];
    if (failed) facts.push(`${failed} failed`);
    if (!complete) facts.push(lastPoll ? "incomplete: the request itself was not recorded" : "more may come");
    this.#state(`${facts.join("  ·  ")}  ·  ${turn.traceId}`);
  }

  #state(text) {
    if (this.#facts.textContent !== text) this.#facts.textContent = text;
  }

  #describe(span) {
    const facts = {
      "recorded by": span.source || "unknown",
      begins: milliseconds(span.startMs),
      takes: milliseconds(span.ms),
      status: span.failed ? "failed" : "ok",
    };
    const parts = [element("h3", {}, span.name), listOf(facts)];
    if (Object.keys(span.attributes).length) parts.push(element("h4", {}, "Attributes"), listOf(span.attributes));
    for (const event of span.events) {
      parts.push(element("h4", {}, `Event ${event.name}`), listOf(event.attributes ?? {}));
    }
    this.#details.replaceChildren(...parts);
    this.#details.scrollTop = 0;
    this.#details.hidden = false;
  }
}

function listOf(values) {
  const list = element("dl", {});
  for (const [name, value] of Object.entries(values)) {
    const text = written(value);
    const short = text.length < 200 && !text.includes("\n");
    list.append(element("dt", {}, name), element("dd", {}, short ? text : longText(text)));
  }
  return list;
}
