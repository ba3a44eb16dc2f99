// The form of a tool: a field for each parameter, and beside them the arguments as JSON, which is what is sent.

import { button, byId } from "./dom.js";
import { fieldOf, NotAValue } from "./fields.js";
import { membersOf, textOf } from "./members.js";
import { NotSendable } from "./who.js";

const LONGEST_EXAMPLE = 120;

export class Form {
  #fields = [];
  #box = byId("fields");
  #json = byId("arguments");
  #jsonBox = byId("json-box");

  constructor() {
    this.#box.addEventListener("input", (event) => this.#fromField(event.target));
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

  /** Write the value of one field into the JSON, where all else stays as it is; of all fields where that is none. */
  #fromField(control) {
    const isObject = objectOf(this.#json.value) !== null;
    const members = isObject ? membersOf(this.#json.value) : new Map();
    for (const field of this.#fields) {
      if (field.control === control || !isObject) this.#put(field, members);
    }
    this.#json.value = textOf(members);
    this.#json.setAttribute("aria-invalid", "false");
  }

  #put(field, members) {
    let value = null;
    try {
      value = field.read();
      this.#mark(field, "");
    } catch (problem) {
      if (!(problem instanceof NotAValue)) throw problem;
      this.#mark(field, problem.message);
    }
    if (value === null) members.delete(field.name);
    else members.set(field.name, value);
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
