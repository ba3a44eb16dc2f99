// Lists that grow by a page of results at a time, and how events and records are drawn.

import { button, element, longText, written } from "./dom.js";
import { quietly } from "./quietly.js";

const DAY_SECONDS = 86_400;
const reading = new WeakMap();

/** Fill a list with the first page, and a button for the next one while there is more. read gets a token or nothing. */
export async function fill(list, read, draw, none) {
  empty(list);
  const own = {};
  reading.set(list, own);
  await add(list, own, read, draw, undefined);
  if (reading.get(list) === own && !list.childElementCount && none) list.append(element("li", { class: "muted" }, none));
}

/** Empty a list; what is still being read for it is not drawn any more. */
export function empty(list) {
  reading.delete(list);
  list.replaceChildren();
}

/** Add a page of results, unless the list is being filled with something else by now. */
async function add(list, own, read, draw, token) {
  const { items, nextToken } = await read(token);
  if (reading.get(list) !== own) return;
  list.append(...items.map(draw));
  if (!nextToken) return;
  const next = async () => {
    more.disabled = true;
    try {
      await add(list, own, read, draw, nextToken);
      item.remove();
    } finally {
      more.disabled = false;
    }
  };
  const more = button("More", () => quietly(next, () => reading.get(list) === own), { "data-testid": "more" });
  const item = element("li", {}, more);
  list.append(item);
}

/** Times of the service are seconds since 1970. */
export function when(seconds) {
  return new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** When an event is forgotten: so many days after its own time. */
export function forgottenOn({ eventTimestamp }, days) {
  return when(eventTimestamp + days * DAY_SECONDS);
}

export function eventItem(event, days) {
  const facts = [when(event.eventTimestamp), event.branch ? `branch ${event.branch.name}` : "", `forgotten on ${forgottenOn(event, days)}`];
  const metadata = event.metadata ? [element("code", { class: "event-facts" }, JSON.stringify(event.metadata))] : [];
  return element(
    "li",
    { class: "event", "data-testid": "event" },
    element("p", { class: "event-facts" }, facts.filter(Boolean).join("  ·  ")),
    ...event.payload.map(partOf),
    ...metadata,
  );
}

function partOf(part) {
  const said = part.conversational;
  if (!said?.content?.text) return longText(written(part.blob ?? part));
  return element("p", { class: "words" }, element("span", { class: "role" }, said.role), said.content.text);
}

export function recordItem(record) {
  const score = record.score == null ? "" : `score ${record.score.toFixed(2)}`;
  const facts = [score, record.namespaces.join(", "), `created ${when(record.createdAt)}`].filter(Boolean).join("  ·  ");
  return element(
    "li",
    { class: "event", "data-testid": "record" },
    element("p", { class: "words" }, record.content.text ?? written(record.content)),
    element("p", { class: "event-facts" }, facts),
  );
}
