// The page of a memory: what belongs together is wired here.

import { Connection } from "./connection.js";
import { Conversations } from "./conversations.js";
import { byId, element } from "./dom.js";
import { showNext, showRules } from "./forgetting.js";
import { fill } from "./lists.js";
import { showFound, showRecords } from "./records.js";
import { takeKey, Unreachable } from "./server.js";
import { OWNER, Service, ServiceError } from "./service.js";
import { Side } from "./side.js";

const ACTOR = "actor";

const side = new Side(byId("toggle-actors"), byId("actors"));
const connection = new Connection(byId("trouble"), "memory", { onAbout: showMemory, onChange: () => {} });
let memory = null;
let service = null;
let conversations = null;
let shownMemory = "";
let actor = "";
let view = 0;

function showMemory(found) {
  if (JSON.stringify(found) === shownMemory) return;
  shownMemory = JSON.stringify(found);
  memory = found;
  service = new Service(memory.id);
  conversations = new Conversations(service, memory.eventExpiryDays);
  document.title = memory.name;
  byId("name").textContent = memory.name;
  byId("environment").textContent = memory.environment;
  byId("description").textContent = `${memory.id} – ${memory.description}`;
  byId("extractor").textContent = `Extracted by ${memory.extractor}.`;
  byId("caller").replaceChildren(...[OWNER, ...memory.consumers].map((name) => element("option", {}, name)));
  showRules(memory);
  quietly(readAll);
}

/** Read the actors, and the chosen one. */
async function readAll() {
  const read = async (nextToken) => {
    const found = await service.actors(nextToken);
    return { items: found.actorSummaries, nextToken: found.nextToken };
  };
  await fill(byId("actor-list"), read, ({ actorId }) => element("li", {}, actorButton(actorId)));
  const first = byId("actor-list").querySelector("[data-actor]");
  byId("no-actors").hidden = first !== null;
  await open(actor || sessionStorage.getItem(ACTOR) || first?.dataset.actor || "");
}

function actorButton(id) {
  const onclick = () => {
    side.fold();
    quietly(() => open(id));
  };
  return element("button", { type: "button", class: "item", "data-testid": "actor", "data-actor": id, onclick }, id);
}

async function open(id) {
  if (id !== actor) clear();
  actor = id;
  byId("of-actor").hidden = !id;
  if (!id) return;
  sessionStorage.setItem(ACTOR, id);
  byId("actor-title").textContent = id;
  for (const one of byId("actor-list").querySelectorAll("[data-actor]")) {
    if (one.dataset.actor === id) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  await quietly(() => conversations.show(id));
  await showRecords(service, memory.strategies, id);
}

/** Nothing of one actor, or of what one consumer may see, stays on the page for the next. */
function clear() {
  view += 1;
  for (const id of ["sessions", "events", "records", "found", "forgotten"]) byId(id).replaceChildren();
  byId("where").value = "";
  byId("search-said").textContent = "";
}

/** Whether what is shown now is still shown later. */
function stillShown() {
  const now = view;
  return () => view === now;
}

/** Do what may fail, and say why it did. A server that is gone is said by the connection. */
async function quietly(act) {
  byId("said").textContent = "";
  try {
    await act();
  } catch (problem) {
    if (problem instanceof ServiceError) byId("said").textContent = problem.message;
    else if (!(problem instanceof Unreachable)) throw problem;
  }
}

async function say() {
  const words = byId("words").value.trim();
  if (!words) return byId("words").focus();
  await conversations.say(words);
  byId("words").value = "";
  byId("announce").replaceChildren(element("p", {}, "The event was added."));
  await readAll();
}

function onSubmit(id, act) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    if (service) quietly(act);
  });
}

onSubmit("say", say);
onSubmit("search", () => showFound(service, byId("where").value.trim() || "/", byId("query").value.trim(), stillShown()));
onSubmit("other", async () => {
  const id = byId("other-actor").value.trim();
  if (!id) return;
  byId("other-actor").value = "";
  side.fold();
  await open(id);
});
byId("next-forgotten").addEventListener("click", () => quietly(() => showNext(service, actor, memory.eventExpiryDays, stillShown())));
byId("again").addEventListener("click", () => service && quietly(readAll));
byId("caller").addEventListener("change", () => {
  service.caller = byId("caller").value;
  clear();
  quietly(() => open(actor));
});
document.addEventListener("keydown", (event) => event.key === "Escape" && side.fold());
addEventListener("focus", () => connection.check());
addEventListener("hashchange", () => takeKey() && location.reload());
takeKey();
connection.check();
