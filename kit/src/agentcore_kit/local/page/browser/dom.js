// Small helpers to make elements and to write figures. Text always goes in as text nodes, never as markup.

const SHOWN = 20_000;

export const byId = (id) => document.getElementById(id);

/** Make an element. Attributes named on… are listeners; false, null and undefined leave an attribute out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function button(label, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, label);
}

/** Mark in a list which element is the one that is shown; none where it is left out. */
export function markCurrent(list, current) {
  for (const one of list.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
  current?.setAttribute("aria-current", "true");
}

/** A value of a tool or an attribute, as a person reads it. */
export function written(value) {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

/** A text of which at most 20,000 characters are drawn before a person asks for the rest. */
export function longText(text) {
  const shown = element("pre", { class: "value", tabindex: "0" }, text.slice(0, SHOWN));
  if (text.length <= SHOWN) return shown;
  const more = element("p", { class: "more" }, `… ${count(text.length - SHOWN)} more characters `);
  more.append(
    button("Show the rest", () => {
      shown.append(text.slice(SHOWN));
      more.remove();
      shown.focus();
    }),
  );
  return element("div", {}, shown, more);
}

export const count = (number) => Number(number).toLocaleString("en");

export const many = (number, one) => `${count(number)} ${one}${number === 1 ? "" : "s"}`;

export function usd(amount) {
  const digits = amount < 1 ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return `USD ${amount.toLocaleString("en", digits)}`;
}

export function milliseconds(ms) {
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  return ms < 10_000 ? `${count(Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function moment(iso) {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return "";
  const today = when.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit" };
  return when.toLocaleString([], today ? time : { month: "short", day: "numeric", ...time });
}
