// The sessions of an actor, the events of one of them, and what a person adds to it.

import { button, byId, element } from "./dom.js";
import { eventItem, fill, when } from "./lists.js";

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

  /** Show an actor; the session that was open stays open when it is the same actor's. */
  async show(actor) {
    if (actor !== this.#actor) this.#session = "";
    this.#actor = actor;
    const { sessionSummaries, nextToken } = await this.#service.sessions(actor);
    if (actor !== this.#actor) return;
    const ids = sessionSummaries.map(({ sessionId }) => sessionId);
    const chosen = ids.includes(this.#session) ? this.#session : (ids[0] ?? "");
    const buttons = sessionSummaries.map((session) => this.#button(session.sessionId, `since ${when(session.createdAt)}`));
    if (nextToken) buttons.push(element("span", { class: "muted" }, "and older ones"));
    byId("sessions").replaceChildren(...buttons, this.#button("", "begins with what you add"));
    await this.#open(chosen);
  }

  /** Add what the user says to the session that is open. */
  async say(text) {
    const session = this.#session || `page-${crypto.randomUUID()}`;
    await this.#service.say(this.#actor, session, text);
    this.#session = session;
  }

  #button(session, facts) {
    const open = button(session || NEW, () => this.#open(session), { class: "example", "data-testid": "session", "data-session": session });
    open.append(element("small", {}, facts));
    return open;
  }

  async #open(session) {
    this.#session = session;
    for (const one of byId("sessions").querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String(one.dataset.session === session));
    }
    if (!session) return byId("events").replaceChildren();
    const actor = this.#actor;
    const read = async (nextToken) => {
      const found = await this.#service.events(actor, session, { nextToken });
      return { items: found.events, nextToken: found.nextToken };
    };
    await fill(byId("events"), read, (event) => eventItem(event, this.#days), "No event is left.");
  }
}
