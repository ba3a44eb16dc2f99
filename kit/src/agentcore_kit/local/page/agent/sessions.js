// The list of sessions, newest first.

import { byId, count, element, many, markCurrent, moment, usd } from "./dom.js";
import { api } from "./server.js";
import { Side } from "./side.js";

export class Sessions {
  #list = byId("session-list");
  #side = new Side(byId("toggle-sessions"), byId("sessions"));
  #onOpen;
  #quietly;
  #shown = "";
  #wanted = "";
  /** The name of the environment's own model, which is not said of each session. */
  ownModel = "";

  /** onOpen gets the stored session that a person chose; quietly gets the promise of it, and says why it failed. */
  constructor(onOpen, quietly) {
    this.#onOpen = onOpen;
    this.#quietly = quietly;
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
    this.#mark(current);
  }

  #show(sessions) {
    this.#shown = JSON.stringify(sessions);
    const focused = document.activeElement?.dataset?.session;
    this.#list.replaceChildren(...sessions.map((session) => this.#item(session)));
    byId("no-sessions").hidden = sessions.length > 0;
    if (focused) this.#button(focused)?.focus();
  }

  /** Mark the session that is open; another one that is still being read is not wanted any more. */
  mark(current) {
    this.#wanted = current;
    this.#mark(current);
  }

  #mark(current) {
    markCurrent(this.#list, this.#button(current));
  }

  /** Open a stored session, if there is one of that id, unless another one is wanted by the time it was read. */
  async open(id) {
    this.#wanted = id;
    if (!this.#button(id)) return;
    const stored = await api(`sessions/${encodeURIComponent(id)}`);
    if (this.#wanted === id) this.#onOpen(stored);
  }

  #item(session) {
    const open = element(
      "button",
      { type: "button", class: "item", "data-testid": "session", "data-session": session.id },
      element("span", { class: "item-title" }, session.title || "Untitled"),
      element("span", { class: "item-facts" }, factsOf(session, this.ownModel)),
    );
    open.addEventListener("click", () => {
      this.fold();
      this.#quietly(this.open(session.id));
    });
    return element("li", {}, open);
  }

  #button(id) {
    return this.#list.querySelector(`[data-session="${CSS.escape(id)}"]`);
  }
}

function factsOf({ user, updated, turns, branch, model, inputTokens, outputTokens, usd: amount }, ownModel) {
  const facts = [branch ? "branch" : "", user, model === ownModel ? "" : model, moment(updated), many(turns, "turn")];
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0);
  if (tokens) facts.push(`${count(tokens)} tokens`);
  if (amount != null) facts.push(usd(amount));
  return facts.filter(Boolean).join("  ·  ");
}
