// A question to the agent, and the stream of its answer.

import { failureOf, hex, send, unlessBroken } from "./server.js";

/** Ask the agent with one of its models, and hand over the events of its answer as they come. */
export async function* ask({ question, sessionId, traceId, token, model, signal }) {
  const response = await send("/invocations", {
    method: "POST",
    signal,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": sessionId,
      "X-Page-Model": encodeURIComponent(model),
      traceparent: `00-${traceId}-${hex(8)}-01`,
    },
    body: JSON.stringify({ prompt: question, stream: true }),
  });
  if (!response.ok) throw await failureOf(response);
  yield* eventsOf(response);
}

export const newSessionId = () => `page-${crypto.randomUUID()}`;

export const newTraceId = () => hex(16);

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
