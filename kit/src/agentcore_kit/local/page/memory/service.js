// The operations of AgentCore Memory, called as any client calls them. The access key of the credentials says who calls.

import { send, unlessBroken } from "./server.js";

/** An error of the service. */
export class ServiceError extends Error {}

export const OWNER = "owner";

export class Service {
  /** caller is a consumer of the manifest, whose policy then decides, or OWNER, who may do everything. */
  constructor(memoryId) {
    this.caller = OWNER;
    this.#memory = `/memories/${encodeURIComponent(memoryId)}`;
  }

  #memory;

  /** The actors are read as the owner: no consumer's policy lets it list them. */
  actors(nextToken) {
    return this.#call("actors", { maxResults: 100, nextToken }, OWNER);
  }

  sessions(actor, nextToken) {
    return this.#call(`actor/${encodeURIComponent(actor)}/sessions`, { maxResults: 50, nextToken });
  }

  events(actor, session, { nextToken, includePayloads = true, maxResults = 20 } = {}) {
    const path = `actor/${encodeURIComponent(actor)}/sessions/${encodeURIComponent(session)}`;
    return this.#call(path, { maxResults, nextToken, includePayloads });
  }

  records(namespacePath, memoryStrategyId, nextToken) {
    return this.#call("memoryRecords", { namespacePath, memoryStrategyId, maxResults: 20, nextToken });
  }

  search(namespacePath, searchQuery) {
    return this.#call("retrieve", { namespacePath, searchCriteria: { searchQuery, topK: 10 } });
  }

  /** Keep that a user said something, now. */
  say(actorId, sessionId, text) {
    const payload = [{ conversational: { content: { text }, role: "USER" } }];
    return this.#call("events", { actorId, sessionId, eventTimestamp: Date.now() / 1000, payload });
  }

  async #call(path, body, caller = this.caller) {
    const response = await send(`${this.#memory}/${path}`, {
      method: "POST",
      headers: {
        Authorization: `AWS4-HMAC-SHA256 Credential=${caller}/20260101/local/bedrock-agentcore/aws4_request`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify(body),
    });
    const found = await unlessBroken(response.json());
    if (!response.ok) throw new ServiceError(`${found.__type}: ${found.message}`);
    return found;
  }
}
