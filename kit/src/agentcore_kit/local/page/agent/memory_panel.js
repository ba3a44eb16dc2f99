// What the agent's memory holds for whoever asks: their records by strategy, as the agent may read them.

import { byId, element } from "./dom.js";
import { listRecords } from "./records.js";
import { Failure } from "./server.js";
import { ServiceError } from "./service.js";
import { apiAs } from "./who.js";

const NONE =
  "This agent has no memory: spec.memory of manifest.yaml is null, or the environment names none. " +
  "A session is kept in files, and nothing is remembered from one session to the next. kit add memory NAME adds one.";

/** The operation of the service that shows records, for one user alone; the server says where they lie. */
class OwnRecords {
  #who;

  constructor(who) {
    this.#who = who;
  }

  async records(_, strategy, nextToken) {
    const found = await apiAs(this.#who, "memory/records", { strategy, nextToken });
    if (found.refused) throw new ServiceError(found.refused);
    return found;
  }
}

export class MemoryPanel {
  #panel = byId("memory-panel");
  #said = byId("memory-said");
  #records = byId("records");
  #view = 0;

  /** onClose is called when a person wants it closed. */
  constructor(onClose) {
    byId("memory-close").addEventListener("click", onClose);
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  close() {
    this.#view += 1;
    this.#panel.hidden = true;
  }

  /** Show what is known of someone, and go there. */
  async open(who) {
    this.#panel.hidden = false;
    byId("memory-title").focus();
    this.#panel.scrollIntoView({ block: "nearest" });
    await this.show(who);
  }

  /** Read again what is known of someone; what was being read for another user is not shown any more. */
  async show(who) {
    const view = (this.#view += 1);
    const isShown = () => this.#view === view;
    byId("memory-title").textContent = `Memory of ${who.user}`;
    if (this.#panel.dataset.user !== who.user) this.#records.replaceChildren();
    this.#panel.dataset.user = who.user;
    try {
      const memory = await apiAs(who, "memory");
      if (isShown()) await this.#draw(memory, who, isShown);
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      if (isShown()) this.#say([problem.message, problem.body.next].filter(Boolean).join(" – "), "problem");
    }
  }

  async #draw(memory, who, isShown) {
    if (!memory.id) {
      this.#records.replaceChildren();
      return this.#say(NONE);
    }
    const under = memory.actor === memory.user ? "" : `, which knows this user as ${memory.actor}`;
    this.#say(`Records of ${memory.id}${under}, as far as the agent may read them.`);
    if (!memory.strategies.length) return this.#records.replaceChildren(element("p", {}, "It extracts no records."));
    await listRecords(this.#records, new OwnRecords(who), memory.strategies, memory.actor, isShown);
  }

  #say(text, kind = "muted") {
    this.#said.className = kind;
    if (this.#said.textContent !== text) this.#said.textContent = text;
  }
}
