// What may fail: the page says why it did.

import { byId } from "./dom.js";
import { Unreachable } from "./server.js";
import { ServiceError } from "./service.js";

/** Do what may fail, and say why it did unless something else is shown by then. A server that is gone is said elsewhere. */
export async function quietly(act, isShown = () => true) {
  byId("said").textContent = "";
  try {
    await act();
  } catch (problem) {
    if (problem instanceof ServiceError) {
      if (isShown()) byId("said").textContent = problem.message;
    } else if (!(problem instanceof Unreachable)) throw problem;
  }
}
