// The Markdown that models write, as elements: headings, lists, quotes, code, tables, bold, emphasis, links. Whatever is
// none of these is text, markup of HTML too; every text is a text node, and only http and https addresses become links.

import { element } from "./dom.js";

const FENCE = /^( *)(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6}) +(.+)$/s;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const ITEM = /^( *)(?:[-*+]|(\d{1,9})[.)]) +(.*)$/s;
const QUOTE = /^ {0,3}> ?/;
const LINK = /\[([^[\]\n]{1,500})\]\((https?:\/\/[^\s()]{1,2000})\)/y;
const SPECIAL = /[\\`*_[!]/g;
const ESCAPED = /[\\`*_[\]()#|!-]/;
const WORD = /[\p{L}\p{N}]/u;
const OUTERMOST_HEADING = 4; // The question above the answer is a heading of level 3.
const DEEPEST = 8;
const MOST_COLUMNS = 100;

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
      const [, { length: indent }, fence] = FENCE.exec(line);
      at += 1;
      const code = take((one) => !one.trim().startsWith(fence)).map((one) => outdented(one, indent));
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
    } else if (ITEM.test(line) && depth < DEEPEST) {
      const end = endOfLists(lines, at);
      made.push(...lists(lines.slice(at, end), depth));
      at = end;
    } else if (isTable(line, lines[at + 1])) made.push(table(take((one) => one.includes("|"))));
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

/** Where the items that begin at a line end, with all that is indented below them. */
function endOfLists(lines, from) {
  let end = from;
  for (let at = from; at < lines.length; at += 1) {
    if (!lines[at].trim()) continue;
    if (!ITEM.test(lines[at]) && !lines[at].startsWith(" ")) break;
    end = at + 1;
  }
  return end;
}

/** The lists that lines are, of which the first is an item. What is indented further than an item is part of it. */
function lists(lines, depth) {
  const made = [];
  let at = 0;
  while (at < lines.length) {
    const [, { length: indent }, number, text] = ITEM.exec(lines[at]);
    const from = at + 1;
    at = from;
    while (at < lines.length && !(ITEM.exec(lines[at])?.[1].length <= indent + 1)) at += 1;
    const tag = number ? "ol" : "ul";
    if (made.at(-1)?.localName !== tag) made.push(element(tag, number ? { start: number } : {}));
    made.at(-1).append(item(text, lines.slice(from, at), depth));
  }
  return made;
}

/** An item of a list: its text, which is no paragraph of its own, and what the lines below it are. */
function item(text, lines, depth) {
  const indents = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  const indent = indents.reduce((least, one) => Math.min(least, one), Infinity);
  const [first, ...rest] = blocks([text, ...lines.map((line) => outdented(line, indent))], depth + 1);
  const begin = first?.localName === "p" ? [...first.childNodes] : [first];
  return element("li", {}, ...begin, ...rest);
}

/** A line with less space before it, as far as it has that. */
function outdented(line, indent) {
  return line.slice(Math.min(indent, line.length - line.trimStart().length));
}

const cells = (line) => line.trim().replace(/^\|/, "").replace(/\|$/, "").split("|").map((cell) => cell.trim());

function isTable(line, next) {
  if (!line.includes("|") || !next?.includes("-")) return false;
  const marks = cells(next);
  if (marks.length > MOST_COLUMNS || marks.length !== cells(line).length) return false;
  return marks.every((mark) => /^:?-+:?$/.test(mark));
}

/** A table. No row is filled up with cells that are not written, so there are no more of them than characters. */
function table([head, , ...rows]) {
  const { length: columns } = cells(head);
  const row = (line, tag) => {
    const found = cells(line).slice(0, columns);
    return element("tr", {}, ...found.map((cell) => element(tag, {}, ...inline(cell))));
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
  const run = (sign === "`" ? /`+/y : /([*_])\1{0,2}/y).exec(text.slice(at, at + 100))[0];
  const isBoth = sign !== "`" && run.length === 3 && closing(text, run, at + 3) >= 0;
  const mark = isBoth || sign === "`" ? run : run.slice(0, 2);
  const [from, to] = [at + mark.length, closing(text, mark, at + mark.length)];
  if (to < 0 || depth >= DEEPEST) return { end: from };
  return { end: to + mark.length, node: marked(mark, text.slice(from, to), depth) };
}

/** What a mark makes of the text within: code, emphasis, bold, or both of these. */
function marked(mark, within, depth) {
  if (mark[0] === "`") return element("code", {}, within);
  const tags = [[], ["em"], ["strong"], ["strong", "em"]][mark.length];
  return tags.reduce((inner, tag) => [element(tag, {}, ...inner)], inline(within, depth + 1))[0];
}

/** Where what a mark opens is closed; -1 where it opens nothing. Within a word only **, *** and code do. */
function closing(text, mark, from) {
  const to = text.indexOf(mark, from);
  if (to <= from) return -1;
  if (mark[0] === "`") return to;
  const inWord = WORD.test(text[from - mark.length - 1] ?? "") || WORD.test(text[to + mark.length] ?? "");
  return /\s/.test(text[from] + text[to - 1]) || (inWord && !mark.startsWith("**")) ? -1 : to;
}
