// Requests to the server: the key of the page, JSON answers, and what it means when they fail.

const KEY = "page-key";

/** Says "unreachable" when nothing answers and "forbidden" when the key is missing or wrong. */
export const troubles = new EventTarget();

export class Unreachable extends Error {}

/** An answer of the server that is not a success. */
export class Failure extends Error {
  constructor(status, body) {
    super(body.error ?? `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }
}

/** Take the key out of the address, if it is there, and say whether it was. */
export function takeKey() {
  const found = /^#key=(.+)$/.exec(location.hash);
  if (!found) return false;
  sessionStorage.setItem(KEY, found[1]);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

/** GET a path under /page/api/, or POST to it when there is a body; with the token of a user for what is only theirs. */
export async function api(path, body, { token } = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const post = { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await send(`/page/api/${path}`, body === undefined ? { headers } : post);
  if (response.status === 403) troubles.dispatchEvent(new Event("forbidden"));
  if (!response.ok) throw await failureOf(response);
  return unlessBroken(response.json());
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ask for a path of this server, with the key. */
export function send(path, options) {
  const key = sessionStorage.getItem(KEY) ?? "";
  return unlessBroken(fetch(path, { ...options, headers: { ...options.headers, "X-Page-Key": key } }));
}

/** The result of a request; a stop passes as it is, and any other break means that the server is gone. */
export async function unlessBroken(promise) {
  try {
    return await promise;
  } catch (problem) {
    if (problem.name === "AbortError" || problem instanceof SyntaxError) throw problem;
    troubles.dispatchEvent(new Event("unreachable"));
    throw new Unreachable("The connection broke before the answer was complete.");
  }
}

export async function failureOf(response) {
  const text = await unlessBroken(response.text());
  try {
    return new Failure(response.status, JSON.parse(text) ?? {});
  } catch {
    return new Failure(response.status, { error: text || undefined });
  }
}

/** So many random bytes, as hexadecimal digits. */
export function hex(bytes) {
  const numbers = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(numbers, (number) => number.toString(16).padStart(2, "0")).join("");
}
