// Whether the server is there: a line says so when it is not, and asks again each second.

import { api, Failure, pause, takeKey, troubles, Unreachable } from "./server.js";

const GONE = "The server does not answer; it may be restarting.";
const NO_KEY = "Open the address that `make dev` printed.";

export class Connection {
  #box;
  #path;
  #onAbout;
  #onChange;
  #asking = false;

  /** path says what the component is; onAbout gets it each time it was read; onChange hears whether the server is there. */
  constructor(box, path, { onAbout, onChange }) {
    this.#box = box;
    this.#path = path;
    this.#onAbout = onAbout;
    this.#onChange = onChange;
    troubles.addEventListener("unreachable", () => this.#lost());
    troubles.addEventListener("forbidden", () => this.#say(NO_KEY));
  }

  /** Take the key of the address, and read what the component is: now, and when a person comes back to the window. */
  start() {
    addEventListener("focus", () => this.check());
    addEventListener("hashchange", () => takeKey() && location.reload());
    takeKey();
    this.check();
  }

  /** Read what the component is, and go on asking until it is there. */
  async check() {
    if (this.#asking) return;
    this.#asking = true;
    let about;
    try {
      about = await this.#about();
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      if (problem.status !== 403) this.#say(problem.message);
      return;
    } finally {
      this.#asking = false;
    }
    this.#say("");
    this.#onAbout(about);
  }

  /** What the component is, once the server answers. */
  async #about() {
    for (;;) {
      try {
        return await api(this.#path);
      } catch (problem) {
        if (!(problem instanceof Unreachable)) throw problem;
        await pause(1000);
      }
    }
  }

  #lost() {
    this.#say(GONE);
    if (!this.#asking) pause(1000).then(() => this.check());
  }

  #say(text) {
    if (this.#box.textContent === text) return;
    this.#box.textContent = text;
    this.#onChange(text === "");
  }
}
