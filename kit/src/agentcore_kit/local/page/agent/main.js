// The page: what belongs together is wired here.

import { Chat } from "./chat.js";
import { Comparison } from "./comparing.js";
import { Connection } from "./connection.js";
import { button, byId, element } from "./dom.js";
import { MemoryPanel } from "./memory_panel.js";
import { ModelChoice, titleOf } from "./models.js";
import { showReport } from "./report.js";
import { RowDialog } from "./rows.js";
import { SendButton } from "./send_button.js";
import { Failure, pause, Unreachable } from "./server.js";
import { Sessions } from "./sessions.js";
import { Trace } from "./trace.js";
import { apiAs, NotSendable, Who } from "./who.js";

const DRAFT = "draft";
const SESSION = "session";
const UNTIL_STORED_MS = 500;

const input = byId("input");
const send = new SendButton();
const trace = new Trace();
const rowDialog = new RowDialog();
const sessions = new Sessions(openSession, quietly);
const memory = new MemoryPanel(() => {
  showMemory(false);
  byId("memory").focus();
});
const who = new Who(() => {
  if (!chats().every((one) => one.empty)) newSession();
  readMemory();
});
const actions = {
  trace: showTrace,
  again: askAgain,
  branch: (turn) => quietly(branch(turn)),
  row: (turn) => rowDialog.open(turn),
};
const on = { running: () => (send.running = running()), ended: turnEnded, unsent: (question) => input.value || draft(question), spoken: announce };
const parts = { log: byId("log"), list: byId("turns"), empty: byId("empty"), totals: byId("totals") };
const chat = new Chat(parts, actions, on);
const comparison = new Comparison(actions, on);
const models = new ModelChoice({ first: showModel, second: compare }, quietly);
const connection = new Connection(byId("trouble"), "agent", {
  onAbout: showAgent,
  onChange: (reached) => (send.reached = reached),
});
let shownAgent = "";
let restored = false;

/** The agent is read again when the window gets the focus; what did not change is left as it is. */
async function showAgent(agent) {
  if (JSON.stringify(agent) !== shownAgent) describeAgent(agent);
  shownAgent = JSON.stringify(agent);
  await quietly(models.read());
  sessions.ownModel = models.own;
  await quietly(sessions.refresh(chat.sessionId));
  if (!restored) await quietly(sessions.open(sessionStorage.getItem(SESSION) ?? ""));
  restored = true;
}

function describeAgent(agent) {
  document.title = agent.name;
  byId("agent-name").textContent = agent.name;
  byId("environment").textContent = agent.environment;
  if (!models.first) byId("model").textContent = [agent.model.id, agent.model.label].filter(Boolean).join(" – ");
  byId("description").textContent = agent.description;
  byId("examples").replaceChildren(...agent.examples.map((text) => button(text, () => submit(text), { class: "example" })));
  who.show(agent.users);
}

/** Send a question; returns whether it was sent. */
function submit(question) {
  if (!question.trim() || running() || send.disabled) return false;
  say("");
  try {
    const asking = who.current();
    sessions.mark(chat.sessionId);
    sessionStorage.setItem(SESSION, chat.sessionId);
    for (const one of chats()) one.ask(question, asking);
    return true;
  } catch (problem) {
    if (!(problem instanceof NotSendable)) throw problem;
    say(problem.message);
    return false;
  }
}

function say(text) {
  byId("said").textContent = text;
}

function draft(text) {
  input.value = text;
  sessionStorage.setItem(DRAFT, text);
}

function sendInput() {
  if (submit(input.value)) draft("");
}

/** The conversations that are asked: one, or two side by side. */
function chats() {
  return [chat, comparison.chat].filter(Boolean);
}

function running() {
  return chats().some((one) => one.running);
}

/** Ask a model from now on; a session that was begun with another is left. */
function showModel(model) {
  const begun = chat.model && chat.model.name !== model.name && !chat.empty;
  chat.model = model;
  byId("model").textContent = titleOf(model);
  if (begun) newSession();
  if (comparison.chat) comparison.begin(model, comparison.chat.model);
}

/** Ask a second model the same beside the first, both in new sessions; or none any more. */
function compare(model) {
  if (!model) return comparison.end();
  if (!chat.empty) newSession();
  comparison.begin(chat.model, model);
}

/** Tell a screen reader how a turn ended, and where there are two whose. */
function announce(turn, of) {
  const whose = comparison.chat ? `${titleOf(of.model)}:\n` : "";
  byId("announce").append(element("p", {}, whose + turn.spoken));
  while (byId("announce").childElementCount > chats().length) byId("announce").firstElementChild.remove();
}

async function turnEnded(turn) {
  if (trace.isOpen) quietly(trace.show(turn));
  readMemory();
  await pause(UNTIL_STORED_MS);
  await quietly(sessions.refresh(chat.sessionId));
}

/** There is room for one of both beside the conversation. */
function showTrace(turn) {
  if (memory.isOpen) showMemory(false);
  quietly(trace.show(turn, { focus: true }));
}

function showMemory(open) {
  byId("memory").setAttribute("aria-expanded", String(open));
  if (!open) return memory.close();
  if (trace.isOpen) trace.close();
  quietly(withWho((asking) => memory.open(asking)));
}

function readMemory() {
  if (memory.isOpen) quietly(withWho((asking) => memory.show(asking)));
}

/** Do something as whoever is chosen; what cannot be sent of the choice is said. */
async function withWho(act) {
  await act(who.current());
}

function newSession() {
  openSession(undefined);
  input.focus();
}

function openSession(stored) {
  if (trace.isOpen) trace.close();
  if (stored) {
    chat.open(); // what is left does not keep the model of what is opened from being chosen
    models.alone();
    models.set(stored.turns.at(-1)?.model);
  }
  chat.open(stored);
  comparison.chat?.open();
  const user = stored?.turns.at(-1)?.user;
  if (user) who.choose(user);
  readMemory();
  sessions.mark(chat.sessionId);
  sessionStorage.setItem(SESSION, chat.sessionId);
}

function askAgain(turn) {
  who.choose(turn.user);
  newSession();
  submit(turn.question);
}

/** Go on from a turn in a new session, which begins with the turns up to it; the session itself stays as it is. */
async function branch(turn) {
  say("");
  const open = chat.sessionId;
  const from = chats().find((one) => one.has(turn)).sessionId;
  const stored = await apiAs(who.current(), "branches", { session: from, trace: turn.traceId });
  if (chat.sessionId === open) openSession(stored);
  input.focus();
  await sessions.refresh(chat.sessionId);
}

/** A server that is gone is said by the connection; what it answered otherwise is said here. */
async function quietly(promise) {
  try {
    await promise;
  } catch (problem) {
    const isTold = problem instanceof Failure || problem instanceof NotSendable;
    if (isTold) say([problem.message, problem.body?.next].filter(Boolean).join(" – "));
    else if (!(problem instanceof Unreachable)) throw problem;
  }
}

function stopOnEscape(event) {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (sessions.unfolded) sessions.fold();
  else stop();
}

function stop() {
  for (const one of chats()) one.stop();
}

input.value = sessionStorage.getItem(DRAFT) ?? "";
input.addEventListener("input", () => draft(input.value));
input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendInput();
});
byId("send").addEventListener("click", () => (running() ? stop() : sendInput()));
byId("new-session").addEventListener("click", newSession);
byId("memory").addEventListener("click", () => showMemory(!memory.isOpen));
byId("report").addEventListener("click", () => quietly(showReport()));
document.addEventListener("keydown", stopOnEscape);
connection.start();
