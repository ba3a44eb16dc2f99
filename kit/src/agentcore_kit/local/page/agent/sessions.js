// The list of sessions, newest first.

import { byId, count, element, many, moment, usd } from "./dom.js";
import { api } from "./server.js";
import { Side } from "./side.js";

export class Sessions {
  #list = byId("session-list");
  #side = new Side(byId("toggle-sessions"), byId("sessions"));
  #onOpen;
  #shown = "";

  /** onOpen gets the stored session that a person chose. */
  constructor(onOpen) {
    this.#onOpen = onOpen;
  }

  /** Whether the list lies over the conversation. */
  get unfolded() {
    return this.#side.unfolded;
  }

  fold() {
    this.#side.fold();
  }

  /** Read the list again; current is the id of the session that is open. */
  async refresh(current) {
    const { sessions } = await api("sessions");
    if (JSON.stringify(sessions) !== this.#shown) this.#show(sessions);
    this.mark(current);
  }

  #show(sessions) {
    this.#shown = JSON.stringify(sessions);
    const focused = document.activeElement?.dataset?.session;
    this.#list.replaceChildren(...sessions.map((session) => this.#item(session)));
    byId("no-sessions").hidden = sessions.length > 0;
    if (focused) this.#button(focused)?.focus();
  }

  mark(current) {
    for (const item of this.#list.querySelectorAll("[aria-current]")) item.removeAttribute("aria-current");
    this.#button(current)?.setAttribute("aria-current", "true");
  }

  /** Open a stored session, if there is one of that id. */
  async open(id) {
    if (this.#button(id)) this.#onOpen(await api(`sessions/${encodeURIComponent(id)}`));
  }

  #item(session) {
    const open = element(
      "button",
      { type: "button", class: "item", "data-testid": "session", "data-session": session.id },
      element("span", { class: "item-title" }, session.title || "Untitled"),
      element("span", { class: "item-facts" }, factsOf(session)),
    );
    open.addEventListener("click", async () => {
      await this.open(session.id);
      this.fold();
    });
    return element("li", {}, open);
  }

  #button(id) {
    return this.#list.querySelector(`[data-session="${CSS.escape(id)}"]`);
  }
}

function factsOf({ user, updated, turns, inputTokens, outputTokens, usd: amount }) {
  const facts = [user, moment(updated), many(turns, "turn")];
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0);
  if (tokens) facts.push(`${count(tokens)} tokens`);
  if (amount != null) facts.push(usd(amount));
  return facts.filter(Boolean).join("  ·  ");
}
