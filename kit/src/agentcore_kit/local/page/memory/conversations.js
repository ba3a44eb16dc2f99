// The sessions of an actor, the events of one of them, and what a person adds to it.

import { button, byId, element } from "./dom.js";
import { empty, eventItem, fill, when } from "./lists.js";
import { quietly } from "./quietly.js";

const NEW = "a new session";

export class Conversations {
  #service;
  #days;
  #actor = "";
  #session = "";

  constructor(service, days) {
    this.#service = service;
    this.#days = days;
  }

  /** Show an actor unless something else is shown by then; the session that was open stays open when it is its own. */
  async show(actor, isShown) {
    if (actor !== this.#actor) this.#session = "";
    this.#actor = actor;
    const { sessionSummaries, nextToken } = await this.#service.sessions(actor);
    if (!isShown()) return;
    const ids = sessionSummaries.map(({ sessionId }) => sessionId);
    const chosen = ids.includes(this.#session) ? this.#session : (ids[0] ?? "");
    const buttons = sessionSummaries.map((session) => this.#button(session.sessionId, `since ${when(session.createdAt)}`, isShown));
    if (nextToken) buttons.push(element("span", { class: "muted" }, "and older ones"));
    byId("sessions").replaceChildren(...buttons, this.#button("", "begins with what you add", isShown));
    await this.#open(chosen);
  }

  /** Add what the user says to the session that is open. */
  async say(text) {
    const session = this.#session || `page-${crypto.randomUUID()}`;
    const actor = this.#actor;
    await this.#service.say(actor, session, text);
    if (actor === this.#actor) this.#session = session;
  }

  #button(session, facts, isShown) {
    const onclick = () => quietly(() => this.#open(session), () => isShown() && this.#session === session);
    const open = button(session || NEW, onclick, { class: "example", "data-testid": "session", "data-session": session });
    open.append(element("small", {}, facts));
    return open;
  }

  async #open(session) {
    this.#session = session;
    for (const one of byId("sessions").querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(one.dataset.session === session));
    }
    if (!session) return empty(byId("events"));
    const actor = this.#actor;
    const read = async (nextToken) => {
      const found = await this.#service.events(actor, session, { nextToken });
      return { items: found.events, nextToken: found.nextToken };
    };
    await fill(byId("events"), read, (event) => eventItem(event, this.#days), "No event is left.");
  }
}
