// What was taken from an actor's conversations, by strategy, and a search in it.

import { byId, element } from "./dom.js";
import { fill, recordItem } from "./lists.js";
import { ServiceError } from "./service.js";

/** Where a strategy keeps an actor's records: its namespace up to what differs by session. */
export function namespaceOf({ id, namespaceTemplate }, actor) {
  return namespaceTemplate.replaceAll("{memoryStrategyId}", id).replaceAll("{actorId}", actor).split("{sessionId}")[0];
}

/** Show the records of an actor, and offer their namespaces for a search. */
export async function showRecords(service, strategies, actor, isShown) {
  byId("namespaces").replaceChildren(...strategies.map((strategy) => element("option", { value: namespaceOf(strategy, actor) })));
  byId("where").value ||= strategies.length ? namespaceOf(strategies[0], actor) : "/";
  await listRecords(byId("records"), service, strategies, actor, isShown);
}

/** List the records of an actor in an element, strategy by strategy, until something else is shown. */
export async function listRecords(box, service, strategies, actor, isShown) {
  const lists = strategies.map((strategy) => [strategy, element("ol", { class: "events" })]);
  box.replaceChildren(
    ...lists.map(([strategy, list]) =>
      element(
        "div",
        { class: "strategy", "data-testid": `strategy-${strategy.name}` },
        element("h4", {}, `${strategy.name} (${strategy.type})`),
        element("p", { class: "muted" }, `${strategy.description} `, element("code", {}, namespaceOf(strategy, actor))),
        list,
      ),
    ),
  );
  for (const [strategy, list] of lists) {
    await listed(list, service, strategy, actor);
    if (!isShown()) return;
  }
}

/** A consumer may see one strategy's records and not another's. */
async function listed(list, service, strategy, actor) {
  const read = async (nextToken) => {
    const found = await service.records(namespaceOf(strategy, actor), strategy.id, nextToken);
    return { items: found.memoryRecordSummaries, nextToken: found.nextToken };
  };
  try {
    await fill(list, read, recordItem, "None.");
  } catch (problem) {
    if (!(problem instanceof ServiceError)) throw problem;
    list.replaceChildren(element("li", { class: "note refusal", "data-testid": "refusal" }, problem.message));
  }
}

/** Search, and show what is found unless something else is shown by then. */
export async function showFound(service, where, query, isShown) {
  const { memoryRecordSummaries } = await service.search(where, query);
  if (!isShown()) return;
  byId("search-said").textContent = memoryRecordSummaries.length
    ? "The nearest records, the best first; a score of 0.25 shares no word with what is looked for."
    : "No record lies there.";
  byId("found").replaceChildren(...memoryRecordSummaries.map(recordItem));
}
