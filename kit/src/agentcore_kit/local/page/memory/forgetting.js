// What will be forgotten: the rules of the configuration, and which events of an actor go next.

import { byId, element, many } from "./dom.js";
import { forgottenOn, when } from "./lists.js";

const MOST_SESSIONS = 50;
const MOST_SHOWN = 20;

export function showRules({ eventExpiryDays, strategies }) {
  const events = `Events: ${many(eventExpiryDays, "day")} after they happened.`;
  const records = strategies.map(({ name, recordExpiryDays }) =>
    recordExpiryDays
      ? `Records of ${name}: ${many(recordExpiryDays, "day")} after they were last written.`
      : `Records of ${name}: never by themselves.`,
  );
  byId("rules").replaceChildren(...[events, ...records].map((rule) => element("li", {}, rule)));
  byId("forgotten").replaceChildren();
}

/** Show the events that are forgotten next, the first to go first. Of at most 50 sessions; texts are not read. */
export async function showNext(service, actor, days, isShown) {
  const { sessionSummaries, nextToken } = await service.sessions(actor);
  const events = [];
  for (const { sessionId } of sessionSummaries.slice(0, MOST_SESSIONS)) events.push(...(await oldest(service, actor, sessionId)));
  if (!isShown()) return;
  events.sort((one, other) => one.eventTimestamp - other.eventTimestamp);
  const shown = events.slice(0, MOST_SHOWN).map((event) =>
    element("li", { class: "event" }, `${forgottenOn(event, days)}: an event of ${when(event.eventTimestamp)} in ${event.sessionId}`),
  );
  const left = events.length - shown.length;
  if (left > 0) shown.push(element("li", { class: "muted" }, `and ${many(left, "later one")}`));
  if (nextToken) shown.push(element("li", { class: "muted" }, `only the newest ${MOST_SESSIONS} sessions were looked at`));
  byId("forgotten").replaceChildren(...(shown.length ? shown : [element("li", { class: "muted" }, "There are no events.")]));
}

/** All events of a session: the service gives the newest first, and the oldest go first. */
async function oldest(service, actor, session) {
  const found = [];
  let nextToken;
  do {
    const page = await service.events(actor, session, { nextToken, includePayloads: false, maxResults: 100 });
    found.push(...page.events);
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}
