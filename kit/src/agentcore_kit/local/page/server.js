// Requests to the server: the key of the page, JSON answers, and the stream of a turn.

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

/** GET a path under /page/api/, or POST to it when there is a body. */
export async function api(path, body) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await send(`/page/api/${path}`, body === undefined ? {} : post);
  if (response.status === 403) troubles.dispatchEvent(new Event("forbidden"));
  if (!response.ok) throw await failureOf(response);
  return unlessBroken(response.json());
}

/** Ask the agent, and hand over the events of its answer as they come. */
export async function* ask({ question, sessionId, traceId, token, signal }) {
  const response = await send("/invocations", {
    method: "POST",
    signal,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": sessionId,
      traceparent: `00-${traceId}-${hex(8)}-01`,
    },
    body: JSON.stringify({ prompt: question, stream: true }),
  });
  if (!response.ok) throw await failureOf(response);
  yield* eventsOf(response);
}

export const newSessionId = () => `page-${crypto.randomUUID()}`;

export const newTraceId = () => hex(16);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function send(path, options) {
  const key = sessionStorage.getItem(KEY) ?? "";
  return unlessBroken(fetch(path, { ...options, headers: { ...options.headers, "X-Page-Key": key } }));
}

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await unlessBroken(reader.read());
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      if (block.startsWith("data:")) yield JSON.parse(block.slice(5));
    }
  }
}

/** The result of a request; a stop passes as it is, and any other break means that the server is gone. */
async function unlessBroken(promise) {
  try {
    return await promise;
  } catch (problem) {
    if (problem.name === "AbortError" || problem instanceof SyntaxError) throw problem;
    troubles.dispatchEvent(new Event("unreachable"));
    throw new Unreachable("The connection broke before the answer was complete.");
  }
}

async function failureOf(response) {
  const text = await unlessBroken(response.text());
  try {
    return new Failure(response.status, JSON.parse(text) ?? {});
  } catch {
    return new Failure(response.status, { error: text || undefined });
  }
}

function hex(bytes) {
  const numbers = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(numbers, (number) => number.toString(16).padStart(2, "0")).join("");
}
