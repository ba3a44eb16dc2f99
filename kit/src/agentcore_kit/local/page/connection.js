// Whether the server is there: a line says so when it is not, and asks again each second.

import { api, Failure, pause, troubles } from "./server.js";

const GONE = "The server does not answer; it may be restarting.";
const NO_KEY = "Open the address that `make dev` printed.";

export class Connection {
  #box;
  #onAgent;
  #onChange;
  #asking = false;

  /** onAgent gets the agent each time it was read; onChange hears whether the server is there. */
  constructor(box, { onAgent, onChange }) {
    this.#box = box;
    this.#onAgent = onAgent;
    this.#onChange = onChange;
    troubles.addEventListener("unreachable", () => this.#lost());
    troubles.addEventListener("forbidden", () => this.#say(NO_KEY));
  }

  /** Read the agent, and go on asking until it is there. */
  async check() {
    if (this.#asking) return;
    this.#asking = true;
    while (!(await this.#reached())) await pause(1000);
    this.#asking = false;
  }

  async #reached() {
    try {
      const agent = await api("agent");
      this.#say("");
      this.#onAgent(agent);
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
