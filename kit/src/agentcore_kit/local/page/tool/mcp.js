// A call of a tool as any client makes it: a JSON-RPC message of MCP, posted to /mcp with a user's token.

import { send, unlessBroken } from "./server.js";
import { tokenOf } from "./who.js";

/** Revisions of the protocol, the newest first. Each has another way to say which it is. */
export const REVISIONS = ["2026-07-28", "2025-11-25"];

const STATELESS = REVISIONS[0];
const ME = { name: "page of kit dev", version: "1" };
let messages = 0;

/** Call a tool with the text of its arguments; returns {outcome, raw, ms}. Throws when no token is given or nothing answers. */
export async function callTool({ who, ...request }) {
  const found = await timed(request, await tokenOf(who));
  return found.status === 401 ? timed(request, await tokenOf(who, { fresh: true })) : found;
}

async function timed({ tool, argumentsText, revision, signal }, token) {
  const began = performance.now();
  const response = await posted(tool, argumentsText, token, revision, signal);
  const raw = await unlessBroken(response.text());
  const ms = performance.now() - began;
  return { outcome: outcomeOf(response.status, raw), raw, ms, status: response.status };
}

/** The arguments go as they were written: numbers keep all their digits. */
function posted(tool, argumentsText, token, revision, signal) {
  const meta = revision === STATELESS ? `, "_meta": ${JSON.stringify(envelope(revision))}` : "";
  const params = `{"name": ${JSON.stringify(tool)}, "arguments": ${argumentsText}${meta}}`;
  messages += 1;
  return send("/mcp", {
    method: "POST",
    signal,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": revision,
      ...(revision === STATELESS ? { "Mcp-Method": "tools/call", "Mcp-Name": tool } : {}),
    },
    body: `{"jsonrpc": "2.0", "id": ${messages}, "method": "tools/call", "params": ${params}}`,
  });
}

function envelope(revision) {
  const told = { protocolVersion: revision, clientCapabilities: {}, clientInfo: ME };
  return Object.fromEntries(Object.entries(told).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]));
}

/** What came of a call: its kind is answered or failed. A failure has a title and a message. */
function outcomeOf(status, raw) {
  const body = parsed(raw);
  if (body?.result) return resultOf(body.result);
  if (body?.error?.code !== undefined) {
    const title = `Protocol error ${body.error.code}, HTTP ${status}`;
    return { kind: "failed", title, message: body.error.message ?? "", structured: body.error.data };
  }
  return { kind: "failed", title: `HTTP ${status}`, message: body?.error ?? raw };
}

function resultOf(result) {
  const texts = (result.content ?? []).filter((part) => part.type === "text").map((part) => part.text);
  const others = (result.content ?? []).filter((part) => part.type !== "text");
  const shown = { texts, others, structured: result.structuredContent };
  if (!result.isError) return { kind: "answered", title: "Answered", ...shown };
  const error = parsed(texts[0] ?? "")?.error;
  if (error?.code === undefined) return { kind: "failed", title: "Failed", message: texts.join("\n"), ...shown };
  const again = error.retryable ? "Trying again later may help." : "Trying again as it is would not help.";
  return { kind: "failed", title: `Error ${error.code}, ${error.kind}`, message: `${error.message}\n${again}`, ...shown };
}

function parsed(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" ? found : null;
  } catch {
    return null;
  }
}
