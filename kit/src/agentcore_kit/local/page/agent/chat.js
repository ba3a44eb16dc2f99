// A conversation: the session that is open, its turns, and the turn that runs.

import { ask, newSessionId, newTraceId } from "./asking.js";
import { count, many, usd } from "./dom.js";
import { api, Failure, Unreachable } from "./server.js";
import { Turn } from "./turn.js";
import { tokenOf } from "./who.js";

const NEAR_THE_END = 80;

export class Chat {
  #log;
  #list;
  #empty;
  #total;
  #turns = [];
  #stop = null;
  #actions;
  #on;
  /** The model that is asked, as the server tells of it; null for the one of the environment. */
  model = null;
  sessionId = newSessionId();

  /**
   * parts are the elements log, list, empty (or none) and totals; actions those of a turn; on has running(),
   * ended(turn), spoken(turn, chat) and unsent(question).
   */
  constructor({ log, list, empty, totals }, actions, on) {
    this.#log = log;
    this.#list = list;
    this.#empty = empty;
    this.#total = totals;
    this.#actions = actions;
    this.#on = on;
    new ResizeObserver(() => this.#follow()).observe(this.#list);
    this.#log.addEventListener("scroll", () => this.#noteWhetherAtEnd());
  }

  get running() {
    return this.#stop !== null;
  }

  get empty() {
    return this.#turns.length === 0;
  }

  has(turn) {
    return this.#turns.includes(turn);
  }

  /** Leave the session that is open and begin with an empty one, or with the stored one. */
  open(session = { id: newSessionId(), turns: [] }) {
    this.stop();
    this.#stop = null;
    this.#on.running(false);
    this.sessionId = session.id;
    this.#turns = session.turns.map((stored) => this.#stored(stored));
    this.#list.replaceChildren(...this.#turns.map((turn) => turn.element));
    this.#atEnd = true;
    this.#changed();
  }

  stop() {
    this.#stop?.abort();
  }

  /** Put a question to the agent as one user. */
  async ask(question, who) {
    const asked = { question, user: who.user, at: new Date().toISOString(), traceId: newTraceId() };
    const turn = new Turn(asked, { price: this.model?.price ?? null, actions: this.#actions });
    const stop = new AbortController();
    this.#stop = stop;
    this.#on.running(true);
    this.#add(turn);
    const last = await this.#run(turn, who, stop.signal);
    if (last) turn.end(last);
    if (this.#stop === stop) {
      this.#stop = null;
      this.#on.running(false);
    }
    if (!this.#turns.includes(turn)) return;
    this.#changed();
    this.#on.spoken(turn, this);
    this.#on.ended(turn);
  }

  /** Show the events as they come; returns how the turn ended where the stream itself did not say it. */
  async #run(turn, who, signal) {
    const { question, traceId } = turn;
    const request = { question, sessionId: this.sessionId, traceId, model: this.model?.name ?? "", signal };
    let started = false;
    try {
      for await (const event of this.#events(request, who)) {
        started = true;
        turn.handle(event);
      }
      return turn.last ? null : { type: "error", error: "The answer ended before it was complete." };
    } catch (problem) {
      if (turn.last) return null;
      if (problem instanceof Unreachable && !started) this.#on.unsent(turn.question);
      return this.#endOf(problem);
    }
  }

  async *#events(request, who) {
    const token = await tokenOf(who);
    request.signal.throwIfAborted();
    try {
      yield* ask({ ...request, token });
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      yield* ask({ ...request, token: await tokenOf(who, { fresh: true }) });
    }
  }

  async #endOf(problem) {
    if (problem.name === "AbortError") return { type: "stopped" };
    if (!(problem instanceof Failure)) return { type: "error", error: problem.message };
    const refused = problem.status === 403 && (await this.#keyIsGood());
    return { ...problem.body, type: refused ? "refused" : "error", error: problem.message, status: problem.status };
  }

  /** A 403 is a refusal of the team's own function, unless the page itself is not let in. */
  async #keyIsGood() {
    try {
      await api("agent");
      return true;
    } catch {
      return false;
    }
  }

  #stored({ last, ...asked }) {
    const turn = new Turn(asked, { price: this.model?.price ?? null, actions: this.#actions });
    turn.end(last ?? { type: "stopped" });
    return turn;
  }

  #add(turn) {
    turn.begin();
    this.#turns.push(turn);
    this.#list.append(turn.element);
    this.#atEnd = true;
    this.#changed();
  }

  #changed() {
    if (this.#empty) this.#empty.hidden = !this.empty;
    this.#total.textContent = this.empty ? "New session" : this.#totals();
    this.#follow();
  }

  #totals() {
    const own = this.#turns.filter((turn) => !turn.copied);
    const copied = this.#turns.length - own.length;
    const used = own.map((turn) => turn.usage).filter(Boolean);
    const costs = own.filter((turn) => turn.usage).map((turn) => turn.usd);
    const sum = (name) => used.reduce((total, usage) => total + usage[name], 0);
    const about = used.some((usage) => usage.estimated) ? "~" : "";
    const parts = copied ? [`begins with ${many(copied, "turn")} of another`] : [];
    parts.push(many(own.length, copied ? "own turn" : "turn"));
    if (used.length) parts.push(`${about}${count(sum("inputTokens"))} tokens in, ${about}${count(sum("outputTokens"))} out`);
    if (costs.length && !costs.includes(null)) parts.push(about + usd(costs.reduce((total, cost) => total + cost, 0)));
    return `This session: ${parts.join("  ·  ")}`;
  }

  // The end stays in view while an answer grows, unless a person scrolled away from it.
  #atEnd = true;

  #noteWhetherAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
  }

  #follow() {
    if (this.#atEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }
}
