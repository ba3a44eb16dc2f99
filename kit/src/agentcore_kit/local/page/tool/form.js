// The form of a tool: a field for each parameter, and beside them the arguments as JSON, which is what is sent.

import { button, byId } from "./dom.js";
import { fieldOf, NotAValue } from "./fields.js";
import { NotSendable } from "./who.js";

const LONGEST_EXAMPLE = 120;

export class Form {
  #fields = [];
  #box = byId("fields");
  #json = byId("arguments");
  #jsonBox = byId("json-box");

  constructor() {
    this.#box.addEventListener("input", () => this.#fromFields());
    this.#json.addEventListener("input", () => this.#toFields());
  }

  /** Show the form of a tool with these arguments. */
  show({ inputs, examples }, argumentsText) {
    this.#fields = inputs.map(fieldOf);
    this.#box.replaceChildren(...this.#fields.map((field) => field.element));
    byId("examples").replaceChildren(...examples.filter((example) => Object.keys(example).length).map((example) => this.#example(example)));
    this.write(argumentsText);
  }

  /** Put arguments into the form. */
  write(argumentsText) {
    this.#json.value = argumentsText;
    this.#toFields();
  }

  /** The arguments as they stand, to be put back later. */
  get text() {
    return this.#json.value;
  }

  /** The arguments as JSON text; throws NotSendable when they are none. */
  read() {
    const wrong = this.#fields.find((field) => field.control.getAttribute("aria-invalid") === "true");
    if (wrong) {
      wrong.control.focus();
      throw new NotSendable(`${wrong.name} ${wrong.problem}.`);
    }
    if (objectOf(this.#json.value)) return this.#json.value;
    this.#jsonBox.open = true;
    this.#json.focus();
    throw new NotSendable("The arguments are not a JSON object.");
  }

  #example(example) {
    const text = JSON.stringify(example);
    const label = text.length > LONGEST_EXAMPLE ? `${text.slice(0, LONGEST_EXAMPLE)} …` : text;
    return button(label, () => this.write(JSON.stringify(example, null, 2)), { class: "example", "data-testid": "example" });
  }

  #fromFields() {
    const written = [];
    for (const field of this.#fields) {
      try {
        const value = field.read();
        this.#mark(field, "");
        if (value !== null) written.push(`  ${JSON.stringify(field.name)}: ${value}`);
      } catch (problem) {
        if (!(problem instanceof NotAValue)) throw problem;
        this.#mark(field, problem.message);
      }
    }
    this.#json.value = written.length ? `{\n${written.join(",\n")}\n}` : "{}";
  }

  #toFields() {
    const found = objectOf(this.#json.value);
    this.#json.setAttribute("aria-invalid", String(!found));
    if (!found) return;
    for (const field of this.#fields) {
      field.fill(Object.hasOwn(found, field.name) ? found[field.name] : undefined);
      this.#mark(field, "");
    }
  }

  #mark(field, problem) {
    field.problem = problem;
    field.control.setAttribute("aria-invalid", String(problem !== ""));
  }
}

function objectOf(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}
