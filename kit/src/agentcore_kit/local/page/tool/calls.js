// The calls of this page, the newest first: a click shows one again, with its arguments in the form.

import { byId, element, markCurrent, milliseconds, moment } from "./dom.js";

const MOST = 200;

export class Calls {
  #list = byId("call-list");
  #onOpen;

  /** onOpen gets the call that a person chose. */
  constructor(onOpen) {
    this.#onOpen = onOpen;
  }

  add(call) {
    byId("no-calls").hidden = true;
    const open = element(
      "button",
      { type: "button", class: "item", "data-testid": "recent", onclick: () => this.#open(call, open) },
      element("span", { class: "item-title" }, call.tool),
      element("code", { class: "call-arguments muted" }, call.argumentsText.replace(/\s+/g, " ")),
      element("span", { class: "item-facts" }, factsOf(call)),
    );
    this.#list.prepend(element("li", {}, open));
    if (this.#list.childElementCount > MOST) this.#list.lastElementChild.remove();
    markCurrent(this.#list, open);
  }

  #open(call, open) {
    this.#onOpen(call);
    markCurrent(this.#list, open);
  }
}

function factsOf({ outcome, ms, user, at }) {
  return [outcome.title, ms == null ? "" : milliseconds(ms), user, moment(at)].filter(Boolean).join("  ·  ");
}
