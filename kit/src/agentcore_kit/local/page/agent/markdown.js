// The Markdown that models write, as elements: headings, lists, quotes, code, tables, bold, emphasis, links. Whatever is
// none of these is text, markup of HTML too; every text is a text node, and only http and https addresses become links.

import { element } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6}) +(.+)$/;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const ITEM = /^( *)(?:[-*+]|(\d{1,9})[.)]) +(.*)$/;
const QUOTE = /^ {0,3}> ?/;
const LINK = /\[([^[\]\n]{1,500})\]\((https?:\/\/[^\s()]{1,2000})\)/y;
const SPECIAL = /[\\`*_[!]/g;
const ESCAPED = /[\\`*_[\]()#|!-]/;
const WORD = /[\p{L}\p{N}]/u;
const OUTERMOST_HEADING = 4; // The question above the answer is a heading of level 3.
const DEEPEST = 8;

/** The elements that a text is. */
export function markdown(text) {
  return blocks(text.replaceAll("\r\n", "\n").split("\n"), 0);
}

function blocks(lines, depth) {
  const made = [];
  let at = 0;
  const take = (goesOn) => {
    const from = at;
    while (at < lines.length && goesOn(lines[at])) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) at += 1;
    else if (FENCE.test(line)) {
      const fence = FENCE.exec(line)[1];
      at += 1;
      const code = take((one) => !one.trim().startsWith(fence));
      at += 1;
      made.push(element("pre", { class: "value", tabindex: "0" }, element("code", {}, code.join("\n"))));
    } else if (HEADING.test(line)) {
      const [, marks, title] = HEADING.exec(line);
      made.push(element(`h${Math.min(6, OUTERMOST_HEADING - 1 + marks.length)}`, {}, ...inline(title)));
      at += 1;
    } else if (RULE.test(line)) made.push(...take((one) => one === line).map(() => element("hr")));
    else if (QUOTE.test(line) && depth < DEEPEST) {
      const quoted = take((one) => QUOTE.test(one)).map((one) => one.replace(QUOTE, ""));
      made.push(element("blockquote", {}, ...blocks(quoted, depth + 1)));
    } else if (ITEM.test(line)) made.push(...lists(take((one) => ITEM.test(one) || /^ +\S/.test(one))));
    else if (isTable(line, lines[at + 1])) made.push(table(take((one) => one.includes("|"))));
    else {
      at += 1;
      made.push(element("p", {}, ...inline([line, ...take((one) => !begins(one, lines[at + 1]))].join("\n"))));
    }
  }
  return made;
}

/** Whether a line ends a paragraph: it is empty, or something else begins. */
function begins(line, next) {
  return !line.trim() || [FENCE, HEADING, RULE, QUOTE, ITEM].some((form) => form.test(line)) || isTable(line, next);
}

/** Lists within lists, by how far their items are indented. A line that is no item goes on with the one before. */
function lists(lines) {
  const open = [];
  const made = [];
  for (const line of lines) {
    const found = ITEM.exec(line);
    if (!found) {
      open.at(-1).list.lastElementChild.append("\n", ...inline(line.trim()));
      continue;
    }
    const [, { length: indent }, number, text] = found;
    while (open.length && indent < open.at(-1).indent) open.pop();
    const within = open.at(-1);
    if (!within || indent > within.indent + 1 || Boolean(number) !== within.ordered) {
      if (within && indent <= within.indent + 1) open.pop();
      const list = number ? element("ol", { start: number }) : element("ul");
      const around = open.at(-1)?.list.lastElementChild;
      if (around) around.append(list);
      else made.push(list);
      open.push({ list, indent, ordered: Boolean(number) });
    }
    open.at(-1).list.append(element("li", {}, ...inline(text)));
  }
  return made;
}

const cells = (line) => line.trim().replace(/^\|/, "").replace(/\|$/, "").split("|").map((cell) => cell.trim());

function isTable(line, next) {
  if (!line.includes("|") || !next?.includes("-")) return false;
  const marks = cells(next);
  return marks.length === cells(line).length && marks.every((mark) => /^:?-+:?$/.test(mark));
}

function table([head, , ...rows]) {
  const titles = cells(head);
  const row = (line, tag) => {
    const found = cells(line);
    return element("tr", {}, ...titles.map((_, index) => element(tag, {}, ...inline(found[index] ?? ""))));
  };
  const body = rows.map((line) => row(line, "td"));
  const drawn = element("table", {}, element("thead", {}, row(head, "th")), element("tbody", {}, ...body));
  return element("div", { class: "table", role: "region", "aria-label": "Table", tabindex: "0" }, drawn);
}

/** Text with code, bold, emphasis and links in it, as nodes. */
function inline(text, depth = 0) {
  const made = [];
  let plain = 0;
  const next = new RegExp(SPECIAL);
  for (let found = next.exec(text); found; found = next.exec(text)) {
    const { end, node } = spanAt(text, found.index, depth);
    if (node) made.push(text.slice(plain, found.index), node);
    plain = node ? end : plain;
    next.lastIndex = end;
  }
  return [...made, text.slice(plain)].filter((one) => one !== "");
}

/** Where what begins at a sign ends, and what it is; no node where the sign means itself. An image is not loaded. */
function spanAt(text, at, depth) {
  const sign = text[at];
  if (sign === "\\") return ESCAPED.test(text[at + 1] ?? "") ? { end: at + 2, node: text[at + 1] } : { end: at + 1 };
  if (sign === "!") return { end: at + (text[at + 1] === "[" ? 2 : 1) };
  if (sign === "[") {
    LINK.lastIndex = at;
    const [whole, words, href] = LINK.exec(text) ?? [];
    if (!whole) return { end: at + 1 };
    return { end: at + whole.length, node: element("a", { href, target: "_blank", rel: "noopener noreferrer" }, words) };
  }
  const mark = (sign === "`" ? /`+/y : /([*_])\1?/y).exec(text.slice(at, at + 100))[0];
  const [from, to] = [at + mark.length, closing(text, mark, at + mark.length)];
  if (to < 0 || depth >= DEEPEST) return { end: from };
  const within = text.slice(from, to);
  const node = sign === "`" ? element("code", {}, within) : element(mark.length > 1 ? "strong" : "em", {}, ...inline(within, depth + 1));
  return { end: to + mark.length, node };
}

/** Where what a mark opens is closed; -1 where it opens nothing. Within a word only ** and code do. */
function closing(text, mark, from) {
  const to = text.indexOf(mark, from);
  if (to <= from) return -1;
  if (mark[0] === "`") return to;
  const inWord = WORD.test(text[from - mark.length - 1] ?? "") || WORD.test(text[to + mark.length] ?? "");
  return /\s/.test(text[from] + text[to - 1]) || (inWord && mark !== "**") ? -1 : to;
}
