// Whether the server is there: a line says so when it is not, and asks again each second.

import { api, Failure, pause, troubles } from "./server.js";

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

  /** Read what the component is, and go on asking until it is there. */
  async check() {
    if (this.#asking) return;
    this.#asking = true;
    while (!(await this.#reached())) await pause(1000);
    this.#asking = false;
  }

  async #reached() {
    try {
      const about = await api(this.#path);
      this.#say("");
      this.#onAbout(about);
    } catch (problem) {
      if (!(problem instanceof Failure)) return false;
      if (problem.status !== 403) this.#say(problem.message);
    }
    return true;
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
