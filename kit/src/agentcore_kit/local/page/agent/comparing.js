// Two models side by side on the same questions, each in a session of its own, so that neither knows what the other said.

import { Chat } from "./chat.js";
import { byId } from "./dom.js";
import { titleOf } from "./models.js";

export class Comparison {
  #box = byId("second");
  #title = byId("first-model");
  #totals = byId("totals");
  #composer = byId("input-line");
  #second;

  /** actions and on are those of a chat. */
  constructor(actions, on) {
    const parts = { log: byId("second-log"), list: byId("second-turns"), totals: byId("second-totals") };
    this.#second = new Chat(parts, actions, on);
  }

  /** The second conversation; null where there is none. */
  get chat() {
    return this.#box.hidden ? null : this.#second;
  }

  /** Show a second conversation, which begins anew. */
  begin(first, model) {
    this.#second.model = model;
    this.#second.open();
    this.#title.textContent = titleOf(first);
    byId("second-model").textContent = titleOf(model);
    this.#title.after(this.#totals);
    this.#show(true);
  }

  end() {
    this.#second.open();
    this.#composer.before(this.#totals);
    this.#show(false);
  }

  #show(both) {
    this.#box.hidden = this.#title.hidden = !both;
  }
}
