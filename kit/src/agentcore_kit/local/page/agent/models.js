// Which model is asked, and which second one is asked the same beside it. A model that cannot be reached is not chosen.

import { byId, element } from "./dom.js";
import { api } from "./server.js";

export class ModelChoice {
  #box = byId("models");
  #selects = { first: byId("model-choice"), second: byId("second-choice") };
  #chosen = { first: "", second: "" };
  #models = [];
  #on;

  /** on has first(model) and second(model, or null for none), called once it was chosen; quietly says what fails. */
  constructor(on, quietly) {
    this.#on = on;
    for (const place of ["first", "second"]) {
      this.#selects[place].addEventListener("change", () => quietly(this.#choose(place)));
    }
  }

  /** The name of the environment's own model. */
  get own() {
    return this.#models[0]?.name ?? "";
  }

  get first() {
    return this.#model("first");
  }

  /** Read which models there are. What a person chose stays so if it is among them, else it is the environment's own. */
  async read() {
    const { models } = await api("models");
    if (JSON.stringify(models) === JSON.stringify(this.#models)) return;
    const isOwn = this.#chosen.first === this.own;
    this.#models = models;
    const options = models.map((model) => element("option", { value: model.name }, labelOf(model)));
    this.#selects.first.replaceChildren(...options.map((option) => option.cloneNode(true)));
    this.#selects.second.replaceChildren(element("option", { value: "" }, "no other"), ...options);
    this.#box.hidden = models.length < 2;
    this.set(!isOwn && this.#model("first") ? this.#chosen.first : models[0].name);
    if (this.#chosen.second) this.#set("second", this.#model("second") ? this.#chosen.second : "");
  }

  /** Choose the model of a session that was begun with it; one that is not there any more leaves the choice as it is. */
  set(name) {
    if (this.#models.some((model) => model.name === name)) this.#set("first", name);
  }

  /** Ask no second model any more. */
  alone() {
    if (this.#chosen.second) this.#set("second", "");
  }

  async #choose(place) {
    const select = this.#selects[place];
    const name = select.value;
    try {
      if (name) await api("models/check", { model: name });
    } catch (problem) {
      if (select.value === name) select.value = this.#chosen[place];
      throw problem;
    }
    if (select.value === name) this.#set(place, name);
  }

  /** No model is compared with itself. */
  #set(place, name) {
    this.#chosen[place] = this.#selects[place].value = name;
    for (const option of this.#selects.second.options) option.disabled = option.value === this.#chosen.first;
    this.#on[place](this.#model(place));
    if (this.#chosen.second === this.#chosen.first) this.alone();
  }

  #model(place) {
    return this.#models.find((model) => model.name === this.#chosen[place]) ?? null;
  }
}

/** What a model is called, with what must be shown beside its answers. */
export function titleOf(model) {
  return [model?.name, model?.label].filter(Boolean).join(" – ");
}

function labelOf({ name, environments }) {
  return `${name} (${environments.join(", ")})`;
}
