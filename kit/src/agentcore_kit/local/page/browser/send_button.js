// The button that sends; while what was sent is being answered, the same button stops it.

import { byId } from "./dom.js";

export class SendButton {
  #button = byId("send");
  #label = this.#button.textContent;
  #running = false;
  #reached = true;

  /** Whether nothing can be sent, as the server is not there. */
  get disabled() {
    return this.#button.disabled;
  }

  /** Say whether something is being answered. */
  set running(running) {
    this.#running = running;
    this.#show();
  }

  /** Say whether the server is there. */
  set reached(reached) {
    this.#reached = reached;
    this.#show();
  }

  #show() {
    this.#button.textContent = this.#running ? "Stop" : this.#label;
    this.#button.dataset.testid = this.#running ? "stop" : "send";
    this.#button.classList.toggle("stop", this.#running);
    this.#button.disabled = !this.#running && !this.#reached;
  }
}
