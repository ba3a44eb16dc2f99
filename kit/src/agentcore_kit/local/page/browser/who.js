// Who asks: a user of the list or any other, the claims, and the token that stands for both.

import { byId, element } from "./dom.js";
import { api } from "./server.js";

const OTHER = "other:";
const tokens = new Map();

/** What a person typed cannot be sent as it is. */
export class NotSendable extends Error {}

/** The token of someone; a fresh one when the last was not accepted. */
export async function tokenOf(who, { fresh = false } = {}) {
  const name = JSON.stringify(who);
  if (fresh || !tokens.has(name)) tokens.set(name, (await api("token", who)).token);
  return tokens.get(name);
}

/** Ask the page's server for something that is one user's; with a fresh token when the last was not accepted. */
export async function apiAs(who, path, body) {
  try {
    return await api(path, body, { token: await tokenOf(who) });
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    return api(path, body, { token: await tokenOf(who, { fresh: true }) });
  }
}

export class Who {
  #select = byId("user");
  #other = byId("other-user");
  #claims = byId("claims");
  #box = byId("claims-box");

  /** onChange is called when a person chose someone else. */
  constructor(onChange) {
    this.#select.addEventListener("change", () => {
      this.#showOther();
      if (this.#select.value !== OTHER) onChange();
      else this.#other.focus();
    });
    this.#other.addEventListener("change", onChange);
    this.#claims.addEventListener("change", () => this.#checkClaims(onChange));
    this.#box.addEventListener("keydown", (event) => this.#closeOnEscape(event));
    for (const away of ["pointerdown", "focusin"]) {
      document.addEventListener(away, (event) => {
        if (!this.#box.contains(event.target)) this.#box.open = false;
      });
    }
  }

  show(users) {
    const chosen = this.user;
    const options = users.map((user) => element("option", { value: `user:${user}` }, user));
    this.#select.replaceChildren(...options, element("option", { value: OTHER }, "another user"));
    if (chosen) this.choose(chosen);
  }

  get user() {
    return this.#select.value === OTHER ? this.#other.value.trim() : this.#select.value.replace("user:", "");
  }

  choose(user) {
    const values = Array.from(this.#select.options, (option) => option.value);
    const listed = values.includes(`user:${user}`);
    this.#select.value = listed ? `user:${user}` : OTHER;
    if (!listed) this.#other.value = user;
    this.#showOther();
  }

  /** The user and the claims, as the server takes them; throws NotSendable. */
  current() {
    if (!this.user) {
      this.#other.focus();
      throw new NotSendable("Say who asks.");
    }
    const claims = this.#sendableClaims();
    return claims ? { user: this.user, claims } : { user: this.user };
  }

  #sendableClaims() {
    try {
      return this.#claimsOrNone();
    } catch (problem) {
      this.#box.open = true;
      this.#claims.focus();
      throw problem;
    }
  }

  #claimsOrNone() {
    this.#sayProblem("");
    const text = this.#claims.value.trim();
    if (!text) return null;
    try {
      const claims = JSON.parse(text);
      if (claims && typeof claims === "object" && !Array.isArray(claims)) return claims;
    } catch {
      // Said below, as for any other text that is no object.
    }
    this.#sayProblem("This is not a JSON object.");
    throw new NotSendable("The claims are not a JSON object.");
  }

  #checkClaims(onChange) {
    try {
      this.#claimsOrNone();
      onChange();
    } catch (problem) {
      if (!(problem instanceof NotSendable)) throw problem;
    }
  }

  #sayProblem(text) {
    byId("claims-problem").textContent = text;
    this.#claims.setAttribute("aria-invalid", String(text !== ""));
  }

  #showOther() {
    this.#other.hidden = this.#select.value !== OTHER;
  }

  #closeOnEscape(event) {
    if (event.key !== "Escape" || !this.#box.open) return;
    event.stopPropagation();
    this.#box.open = false;
    this.#box.querySelector("summary").focus();
  }
}
