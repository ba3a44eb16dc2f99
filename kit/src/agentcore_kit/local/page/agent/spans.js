// The spans of a trace as a tree, without drawing anything.

/** The roots of the tree; each node is {span, parent, children, level}. */
export function treeOf(spans) {
  const nodes = new Map(spans.map((span) => [span.id, { span, parent: null, children: [], level: 1 }]));
  const roots = [];
  for (const node of nodes.values()) {
    node.parent = nodes.get(node.span.parent) ?? null;
    (node.parent?.children ?? roots).push(node);
  }
  for (const node of nodes.values()) node.children.sort(byStart);
  roots.sort(byStart);
  for (const node of visible(roots, new Set())) {
    for (const child of node.children) child.level = node.level + 1;
  }
  return roots;
}

/** The nodes from top to bottom, without what is inside of a folded one. */
export function visible(roots, folded) {
  const rows = [];
  const waiting = [...roots].reverse();
  while (waiting.length) {
    const node = waiting.pop();
    rows.push(node);
    if (!folded.has(node.span.id)) waiting.push(...[...node.children].reverse());
  }
  return rows;
}

/** The names of the processes that recorded the spans, in order of appearance. */
export function sourcesOf(spans) {
  return [...new Set(spans.map((span) => span.source))];
}

/** The milliseconds from the first start to the last end. */
export function lengthOf(spans) {
  return spans.reduce((length, { startMs, ms }) => Math.max(length, startMs + ms), 0);
}

function byStart(one, other) {
  return one.span.startMs - other.span.startMs;
}
