// The page: what belongs together is wired here.

import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { button, byId } from "./dom.js";
import { showReport } from "./report.js";
import { RowDialog } from "./rows.js";
import { SendButton } from "./send_button.js";
import { Failure, pause, Unreachable } from "./server.js";
import { Sessions } from "./sessions.js";
import { Trace } from "./trace.js";
import { NotSendable, Who } from "./who.js";

const DRAFT = "draft";
const SESSION = "session";
const UNTIL_STORED_MS = 500;

const input = byId("input");
const send = new SendButton();
const trace = new Trace();
const rowDialog = new RowDialog();
const sessions = new Sessions(openSession, quietly);
const who = new Who(() => chat.empty || newSession());
const chat = new Chat(
  { trace: (turn) => quietly(trace.show(turn, { focus: true })), again: askAgain, row: (turn) => rowDialog.open(turn) },
  { running: (running) => (send.running = running), ended: turnEnded, unsent: (question) => input.value || draft(question) },
);
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
  await quietly(sessions.refresh(chat.sessionId));
  if (!restored) await quietly(sessions.open(sessionStorage.getItem(SESSION) ?? ""));
  restored = true;
}

function describeAgent(agent) {
  document.title = agent.name;
  byId("agent-name").textContent = agent.name;
  byId("environment").textContent = agent.environment;
  byId("model").textContent = [agent.model.id, agent.model.label].filter(Boolean).join(" – ");
  byId("description").textContent = agent.description;
  byId("examples").replaceChildren(...agent.examples.map((text) => button(text, () => submit(text), { class: "example" })));
  chat.price = agent.price;
  who.show(agent.users);
}

/** Send a question; returns whether it was sent. */
function submit(question) {
  if (!question.trim() || chat.running || send.disabled) return false;
  say("");
  try {
    const asking = who.current();
    sessions.mark(chat.sessionId);
    sessionStorage.setItem(SESSION, chat.sessionId);
    chat.ask(question, asking);
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

async function turnEnded(turn) {
  if (trace.isOpen) quietly(trace.show(turn));
  await pause(UNTIL_STORED_MS);
  await quietly(sessions.refresh(chat.sessionId));
}

function newSession() {
  openSession(undefined);
  input.focus();
}

function openSession(stored) {
  if (trace.isOpen) trace.close();
  chat.open(stored);
  const user = stored?.turns.at(-1)?.user;
  if (user) who.choose(user);
  sessions.mark(chat.sessionId);
  sessionStorage.setItem(SESSION, chat.sessionId);
}

function askAgain(turn) {
  who.choose(turn.user);
  newSession();
  submit(turn.question);
}

/** A server that is gone is said by the connection; what it answered otherwise is said here. */
async function quietly(promise) {
  try {
    await promise;
  } catch (problem) {
    if (problem instanceof Failure) say(problem.message);
    else if (!(problem instanceof Unreachable)) throw problem;
  }
}

function stopOnEscape(event) {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (sessions.unfolded) sessions.fold();
  else chat.stop();
}

input.value = sessionStorage.getItem(DRAFT) ?? "";
input.addEventListener("input", () => draft(input.value));
input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendInput();
});
byId("send").addEventListener("click", () => (chat.running ? chat.stop() : sendInput()));
byId("new-session").addEventListener("click", newSession);
byId("report").addEventListener("click", () => quietly(showReport()));
document.addEventListener("keydown", stopOnEscape);
connection.start();
