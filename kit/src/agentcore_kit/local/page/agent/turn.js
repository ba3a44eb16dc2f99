// One turn of the conversation: the question, the answer as it comes, and how it ended.

import { Calls } from "./calls.js";
import { button, count, element, many, milliseconds, moment, usd } from "./dom.js";
import { StreamedText } from "./streamed_text.js";

const VOID = {
  retry: "The text above is void: it broke off, and the model is asked again.",
  blocked: "The text above is void: it was blocked by a guardrail.",
};

export class Turn {
  #body = element("div", { class: "turn-body" });
  #text = null;
  #calls = new Calls();
  #price;
  #usd;
  #actions;
  last = null;

  /** usd is what a stored turn cost, null where unknown; actions are trace, again, branch and row, and each gets the turn. */
  constructor({ question, user, at, traceId, copiedFrom, usd: stored }, { price, actions }) {
    Object.assign(this, { question, user, traceId, copied: Boolean(copiedFrom) });
    this.#price = price;
    this.#usd = stored;
    this.#actions = actions;
    const from = this.copied ? "copied from another session" : "";
    const asked = element("p", { class: "asked muted" }, [user, moment(at), from].filter(Boolean).join(", "));
    const heading = element("h3", { class: "question" }, question);
    this.element = element("li", { class: "turn", "data-testid": "turn" }, asked, heading, this.#body);
  }

  begin() {
    this.element.classList.add("running");
  }

  /** Show one event of the stream. */
  handle(event) {
    if (event.type === "text") return this.#write(event.text);
    if (event.type === "tool") {
      this.#closeText("interim");
      this.#body.append(this.#calls.begin(event.name, event.input));
    } else if (event.type in VOID) {
      this.#closeText("void");
      this.#note("notice", VOID[event.type]);
    } else if (event.type === "result" || event.type === "error") {
      this.end(event);
    }
  }

  /** Show how the turn ended, from its last event. */
  end(last) {
    this.last = last;
    this.element.classList.remove("running");
    this.#text?.flush();
    this.#body.append(...this.#calls.end(last.toolCalls ?? []));
    const show = { result: () => this.#result(last), stopped: () => this.#stopped(last) };
    (show[last.type] ?? (() => this.#failed(last)))();
    const formatted = this.#text?.format(true) ?? false;
    this.element.append(this.#footer(last, formatted));
  }

  get calls() {
    return this.#calls.list();
  }

  get answer() {
    return this.#text?.text ?? "";
  }

  get usage() {
    return this.last?.usage ?? null;
  }

  get usd() {
    if (this.#usd !== undefined) return this.#usd;
    if (!this.#price || !this.usage) return null;
    return (this.usage.inputTokens * this.#price.input + this.usage.outputTokens * this.#price.output) / 1e6;
  }

  /** What a screen reader is told when the turn ended. */
  get spoken() {
    const notes = Array.from(this.element.querySelectorAll(".note"), (note) => note.textContent);
    return [this.answer, ...notes].filter(Boolean).join("\n");
  }

  #write(text) {
    if (!this.#text) {
      this.#text = new StreamedText();
      this.#body.append(this.#text.element);
    }
    this.#text.add(text);
  }

  #closeText(kind) {
    this.#text?.close(kind);
    this.#text = null;
  }

  #result(last) {
    const answer = last.answer ?? "";
    if (answer && !this.#shows(answer)) {
      if (!this.#text) this.#write(answer);
      else this.#text.replace(answer);
    }
    if (last.stopReason === "guardrail_intervened") this.#note("notice blocked", "Blocked by a guardrail.");
    else if (last.stopReason === "interrupt") this.#note("notice", "It waits for your yes; anything else leaves it undone.");
    else if (last.stopReason && last.stopReason !== "end_turn") {
      this.#note("notice", `The model stopped early: ${last.stopReason}.`);
    }
    for (const notice of last.notices ?? []) this.#note("notice", notice);
  }

  /** Whether the answer is on the page already: as the last text, or as all texts together. */
  #shows(answer) {
    const texts = this.#body.querySelectorAll(".text:not(.void)");
    const all = Array.from(texts, (text) => text.textContent).join("");
    const plain = (text) => text.replace(/\s+/g, "");
    return [this.answer, all].some((text) => plain(text) === plain(answer));
  }

  #stopped(last) {
    if (last.text && !this.#body.querySelector(".text")) this.#write(last.text);
    this.#note("notice stopped", "Stopped before the answer was complete.");
  }

  #failed(last) {
    const said = last.error ?? last.text ?? "";
    if (last.type === "refused") return this.#note("refusal", `Refused: ${said}`);
    const facts = [last.status && `status ${last.status}`, last.field && `field ${last.field}`];
    facts.push(last.requestId && `request ${last.requestId}`);
    const known = facts.filter(Boolean).join(", ");
    this.#note("error", `Error: ${said}${known ? ` (${known})` : ""}`);
  }

  #note(kind, text) {
    const testid = kind.split(" ")[0];
    this.#body.append(element("p", { class: `note ${kind}`, "data-testid": testid }, text));
  }

  #footer(last, formatted) {
    const facts = element("p", { class: "facts" }, this.#facts(last).join("  ·  "));
    const buttons = element(
      "div",
      { class: "turn-actions" },
      formatted ? this.#asItCame() : null,
      this.traceId ? button("Trace", () => this.#actions.trace(this), { "data-testid": "show-trace" }) : null,
      button("Ask again", () => this.#actions.again(this), { "data-testid": "again" }),
      this.traceId && last.type !== "refused"
        ? button("Branch from here", () => this.#actions.branch(this), { "data-testid": "branch" })
        : null,
      button("Add as evaluation row", () => this.#actions.row(this), { "data-testid": "add-row" }),
    );
    return element("div", { class: "footer muted", "data-testid": "footer" }, facts, buttons);
  }

  #asItCame() {
    const shown = button("As it came", () => {
      const pressed = shown.getAttribute("aria-pressed") !== "true";
      shown.setAttribute("aria-pressed", String(pressed));
      this.#text.format(!pressed);
    }, { "aria-pressed": "false", "data-testid": "as-it-came" });
    return shown;
  }

  #facts({ usage, modelCalls, latencyMs, timeToFirstTokenMs }) {
    const facts = [];
    const about = usage?.estimated ? "~" : "";
    if (usage) facts.push(`${about}${count(usage.inputTokens)} in, ${about}${count(usage.outputTokens)} out`);
    if (this.usd != null) facts.push(`${about}${usd(this.usd)}`);
    if (modelCalls != null) facts.push(many(modelCalls, "model call"));
    if (latencyMs != null) facts.push(milliseconds(latencyMs));
    if (timeToFirstTokenMs != null) facts.push(`first token ${milliseconds(timeToFirstTokenMs)}`);
    return facts;
  }
}
