// Add a turn as a row of the evaluation: what it should have done, the difference, and then the writing.

import { button, byId, element, written } from "./dom.js";
import { api } from "./server.js";

const OUTCOMES = ["answer", "decline", "clarify", "escalate"];
const FIGURE = /\d+(?:[.,']\d+)*(?: ?%| percent| [A-Z]{3}\b)?/g;
const MOST_FIGURES = 10;

class NotValid extends Error {}

export class RowDialog {
  #dialog = byId("row-dialog");
  #fields;
  #difference;
  #said;
  #show;
  #write;

  open(turn) {
    this.#fields = fieldsOf(turn);
    this.#difference = element("pre", { class: "difference", "data-testid": "row-difference", tabindex: "0", hidden: true });
    this.#said = element("p", { class: "said", role: "status", "data-testid": "row-said" });
    this.#show = button("Show the difference", () => this.#send(false), { "data-testid": "row-show" });
    this.#write = button("Write it", () => this.#send(true), { class: "primary", "data-testid": "row-write", hidden: true });
    const form = element("div", { class: "fields" }, ...this.#fields.elements);
    form.addEventListener("input", () => this.#forget());
    const buttons = element(
      "div",
      { class: "dialog-actions" },
      button("Close", () => this.#dialog.close()),
      this.#show,
      this.#write,
    );
    byId("row-body").replaceChildren(form, this.#difference, this.#said, buttons);
    this.#dialog.showModal();
  }

  /** What was shown is not what would be written any more. */
  #forget() {
    this.#difference.hidden = true;
    this.#write.hidden = true;
    this.#say("");
  }

  /** Writing takes a moment: the row is checked first. */
  async #send(write) {
    this.#busy(true);
    this.#say(write ? "Checking and writing." : "");
    try {
      const answer = await api("rows", { ...this.#fields.read(), write });
      if (write) this.#written(answer);
      else this.#preview(answer);
    } catch (problem) {
      this.#say([problem.message, problem.body?.next].filter(Boolean).join(" "), "problem");
    } finally {
      this.#busy(false);
    }
  }

  #busy(busy) {
    for (const one of [this.#show, this.#write]) one.disabled = busy;
  }

  #preview({ id, difference }) {
    this.#difference.replaceChildren(...difference.split("\n").map(lineOf));
    this.#difference.hidden = false;
    this.#write.hidden = false;
    this.#say(`This would add the row ${id}.`);
    this.#write.scrollIntoView({ block: "nearest" });
  }

  #written({ id, written: file }) {
    this.#write.hidden = true;
    this.#say(`Written to ${file} as ${id}.`);
    this.#dialog.querySelector("button").focus();
  }

  #say(text, kind = "") {
    this.#said.className = `said ${kind}`;
    this.#said.textContent = text;
  }
}

function fieldsOf(turn) {
  const question = element("textarea", { rows: "2", "data-testid": "row-question" });
  question.value = turn.question;
  const outcomes = OUTCOMES.map((name) => element("option", {}, name));
  const outcome = element("select", { "data-testid": "row-outcome" }, ...outcomes);
  outcome.value = turn.last?.type === "refused" ? "decline" : "answer";
  const figures = element("textarea", { rows: "3", "data-testid": "row-figures" });
  figures.value = figuresOf(turn.answer).join("\n");
  const calls = turn.calls.map(callField);
  return {
    elements: [
      labelled("Question", question),
      labelled("Expected outcome", outcome),
      labelled("Figures that the answer must have, one a line; proposed from this answer", figures),
      element("fieldset", {}, element("legend", {}, "Expected tool calls"), ...callElements(calls)),
    ],
    read: () => ({
      question: question.value.trim(),
      calls: calls.filter((call) => call.wanted.checked).map((call) => ({ name: call.name, input: inputOf(call) })),
      figures: figures.value.split("\n").map((line) => line.trim()).filter(Boolean),
      outcome: outcome.value,
    }),
  };
}

function callField({ name, input }) {
  const wanted = element("input", { type: "checkbox" });
  wanted.checked = true;
  const parameters = element("textarea", { rows: "3", spellcheck: "false", "aria-label": `Parameters of ${name}, as JSON` });
  parameters.value = written(input);
  return { name, wanted, parameters };
}

function callElements(calls) {
  if (!calls.length) return [element("p", { class: "muted" }, "The turn called no tool.")];
  return calls.map(({ name, wanted, parameters }) =>
    element("div", { class: "expected-call" }, element("label", {}, wanted, element("code", {}, name)), parameters),
  );
}

function inputOf({ name, parameters }) {
  try {
    return JSON.parse(parameters.value);
  } catch {
    parameters.focus();
    throw new NotValid(`The parameters of ${name} are not JSON.`);
  }
}

/** The figures of an answer, without single digits: those mostly number a list. */
function figuresOf(answer) {
  const figures = (answer.match(FIGURE) ?? []).filter((figure) => figure.length > 1);
  return [...new Set(figures)].slice(0, MOST_FIGURES);
}

function labelled(text, field) {
  return element("label", { class: "field" }, element("span", {}, text), field);
}

function lineOf(line) {
  const kinds = { "+": "added", "-": "removed", "@": "place" };
  return element("span", { class: kinds[line[0]] ?? "" }, `${line}\n`);
}
