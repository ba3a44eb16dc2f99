// The page of a memory: what belongs together is wired here.

import { Connection } from "./connection.js";
import { Conversations } from "./conversations.js";
import { byId, element, markCurrent } from "./dom.js";
import { showNext, showRules } from "./forgetting.js";
import { empty, fill } from "./lists.js";
import { quietly } from "./quietly.js";
import { showFound, showRecords } from "./records.js";
import { OWNER, Service } from "./service.js";
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
  clear();
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
  const list = byId("actor-list");
  markCurrent(list, list.querySelector(`[data-actor="${CSS.escape(id)}"]`));
  const isShown = stillShown();
  await quietly(() => conversations.show(id, isShown), isShown);
  if (isShown()) await showRecords(service, memory.strategies, id, isShown);
}

/** Nothing of one actor, or of what one consumer may see, stays on the page for the next. */
function clear() {
  view += 1;
  for (const id of ["sessions", "events", "records", "found", "forgotten"]) empty(byId(id));
  byId("where").value = "";
  byId("search-said").textContent = "";
}

/** Whether what is shown now is still shown later. */
function stillShown() {
  const now = view;
  return () => view === now;
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
    if (!service) return;
    const isShown = stillShown();
    quietly(() => act(isShown), isShown);
  });
}

onSubmit("say", say);
onSubmit("search", (isShown) => showFound(service, byId("where").value.trim() || "/", byId("query").value.trim(), isShown));
onSubmit("other", async () => {
  const id = byId("other-actor").value.trim();
  if (!id) return;
  byId("other-actor").value = "";
  side.fold();
  await open(id);
});
byId("next-forgotten").addEventListener("click", () => {
  const isShown = stillShown();
  quietly(() => showNext(service, actor, memory.eventExpiryDays, isShown), isShown);
});
byId("again").addEventListener("click", () => service && quietly(readAll));
byId("caller").addEventListener("change", () => {
  service.caller = byId("caller").value;
  clear();
  quietly(() => open(actor));
});
document.addEventListener("keydown", (event) => event.key === "Escape" && side.fold());
connection.start();
