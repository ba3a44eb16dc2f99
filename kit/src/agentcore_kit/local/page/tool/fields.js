// A field for each parameter of a tool. Each gives its value as JSON text, and null while it is empty: it is left out then.

import { element } from "./dom.js";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The field of one parameter: {element, read, fill}. read throws NotAValue. */
export function fieldOf(input) {
  const made = (MAKERS[input.kind] ?? json)(input);
  const id = `field-${input.name}`;
  const facts = [input.kind === "choice" ? "" : input.kind, input.required ? "required" : "optional"].filter(Boolean);
  const said = [input.limits, "default" in input ? `default ${JSON.stringify(input.default)}` : ""].filter(Boolean);
  const help = [input.description, said.join(", ")].filter(Boolean).join(" – ");
  const label = element("label", { class: "field-label", for: id }, element("code", {}, input.name), ` ${facts.join(", ")}`);
  made.control.id = id;
  made.control.dataset.testid = id;
  made.control.setAttribute("aria-describedby", `${id}-help`);
  made.control.setAttribute("aria-required", String(input.required));
  const field = element(
    "div",
    { class: "field" },
    label,
    made.control,
    element("span", { class: "about-field muted", id: `${id}-help` }, help),
  );
  return { name: input.name, element: field, control: made.control, read: made.read, fill: made.fill };
}

export class NotAValue extends Error {}

const MAKERS = {
  text: (input) => line(input, {}, (value) => JSON.stringify(value)),
  number: (input) => line(input, { inputmode: "decimal" }, numeral("a number")),
  integer: (input) => line(input, { inputmode: "numeric" }, numeral("an integer")),
  boolean: (input) => list(input, [true, false]),
  choice: (input) => list(input, input.values),
};

function line(input, attributes, write) {
  const control = element("input", { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
  return {
    control,
    read: () => (control.value === "" ? null : write(control.value)),
    fill: (value) => (control.value = value == null ? "" : String(value)),
  };
}

function numeral(what) {
  return (value) => {
    if (!NUMBER.test(value.trim())) throw new NotAValue(`is not ${what}`);
    return value.trim();
  };
}

function list(input, values) {
  const listed = input.nullable ? [...values, null] : values;
  const options = listed.map((value) => element("option", { value: JSON.stringify(value) }, String(value)));
  const control = element("select", {}, element("option", { value: "" }, "(left out)"), ...options);
  return {
    control,
    read: () => control.value || null,
    fill: (value) => (control.value = value === undefined ? "" : JSON.stringify(value)),
  };
}

function json() {
  const control = element("textarea", { rows: "3", spellcheck: "false", placeholder: "JSON" });
  return {
    control,
    read: () => {
      const text = control.value.trim();
      if (!text) return null;
      try {
        JSON.parse(text);
      } catch {
        throw new NotAValue("is not JSON");
      }
      return text;
    },
    fill: (value) => (control.value = value === undefined ? "" : JSON.stringify(value, null, 2)),
  };
}
