// The members of a JSON object as they are written: a number keeps all its digits, which no parsed value does.

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]/g;

/** The members of the text of a JSON object: a map of names to the texts of their values. */
export function membersOf(text) {
  const members = new Map();
  let depth = 0;
  let name = null;
  let begins = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (depth === 1) {
      if (name === null && token.startsWith('"')) name = JSON.parse(token);
      else if (token === ":") begins = index + 1;
      else if (name !== null && (token === "," || token === "}")) {
        members.set(name, text.slice(begins, index).trim());
        name = null;
      }
    }
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
  }
  return members;
}

/** The text of a JSON object with these members. */
export function textOf(members) {
  const lines = Array.from(members, ([name, value]) => `  ${JSON.stringify(name)}: ${value}`);
  return lines.length ? `{\n${lines.join(",\n")}\n}` : "{}";
}
