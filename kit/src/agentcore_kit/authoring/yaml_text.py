"""Changes a YAML file as a person does: a few characters at the right place, every other one as it is.

Where a value is, the parser's marks say. What comes out is parsed again, and must be the values of before and the one
that was added: what these lines cannot place is refused, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from agentcore_kit.authoring.changes import Changes, not_placed
from agentcore_kit.authoring.yaml_values import Keys, block, flow, flow_value, scalar


class YamlFile:
    """One YAML file of a repository that is to be changed.

    Args:
        changes: Where its text is.
        name: The file, relative to the repository.

    Raises:
        CommandError: When it cannot be read, or is no YAML with fields in it.
    """

    def __init__(self, changes: Changes, name: str) -> None:
        self.changes, self.name = changes, name
        self._read()

    def value(self, *path: str) -> Any:
        """Return a value; None where there is none."""
        found = self.data
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def line(self, *path: str) -> int:
        """Return the line of a value, or of what is nearest to where it would be, counted from 1."""
        node: yaml.Node = self.root
        line = 1
        for key in path:
            found = _entry(node, key)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def append(self, path: Keys, value: str, default: Sequence[str] = ()) -> None:
        """Put a text at the end of a list, which is made where it is missing; do nothing where it is on it.

        Args:
            path: The list.
            value: The text.
            default: What a list that is missing stands for, and begins with when it is made.

        Raises:
            CommandError: When there is no place for it.
        """
        known = self.value(*path)
        if known is None:
            self._add(path, [*default, value])
        elif not isinstance(known, list):
            raise self._not_placed(path, value, "is no list")
        elif value not in known:
            self._change(self._appended(self._node(path), scalar(value)), path, [*known, value], value)

    def put(self, path: Keys, value: str) -> None:
        """Let a field have a text; groups that lead to it are made where they are missing.

        Raises:
            CommandError: When there is no place for it, or the field has another value.
        """
        known = self.value(*path)
        if known is None:
            self._add(path, value)
        elif known != value:
            what = f"{'.'.join(path)} is {known!r} already, and would be {value!r}"
            raise not_placed(self.name, self.line(*path), what, "change that line yourself, if it is meant")

    def append_item(self, path: Keys, written: str, value: Any) -> None:
        """Put a group of fields at the end of a list of such groups, which has one already, each on its own lines.

        Args:
            path: The list.
            written: The fields as YAML, the first in the first column.
            value: What these lines say.

        Raises:
            CommandError: When there is no place for it.
        """
        node = self._node(path)
        if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
            raise self._not_placed(path, str(value), "is no list of lines that begin with -")
        indent = " " * (node.start_mark.column + 2)
        self._change(
            self._appended(node, written.strip().replace("\n", f"\n{indent}")),
            path,
            [*self.value(*path), value],
            str(value),
        )

    def replace(self, path: Keys, value: str) -> None:
        """Let a field that is there have another text, in quotes where the old one had them."""
        node = self._node(path)
        written = f"'{value}'" if getattr(node, "style", None) in ("'", '"') else scalar(value)
        text = self.text[: node.start_mark.index] + written + self.text[node.end_mark.index :]
        self._change(text, path, value, value)

    def _read(self) -> None:
        self.text = self.changes.text(self.name)
        try:
            root = yaml.compose(self.text, Loader=yaml.SafeLoader)
            self.data = yaml.safe_load(self.text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            what = f"is no YAML: {getattr(error, 'problem', None) or error}"
            step = "correct that line (kit manifest says more), then type the same again"
            raise not_placed(self.name, mark.line + 1 if mark else 1, what, step) from None
        if not isinstance(root, yaml.MappingNode):
            raise not_placed(self.name, 1, "has no fields", "restore it, then type the same again")
        self.root = root

    def _add(self, path: Keys, value: str | list[str]) -> None:
        """Add a field that is missing, or that is null, below the deepest group that is there."""
        node: yaml.Node = self.root
        depth = 0
        while depth < len(path) and (found := _entry(node, path[depth])) is not None:
            key, below = found
            depth += 1
            if _is_null(below):
                text = self._in_place_of_null(key, below, path[depth:], value)
                return self._change(text, path, value, flow_value(value))
            node = below
        if not isinstance(node, yaml.MappingNode):
            raise self._not_placed(path, flow_value(value), "has no fields")
        if node.flow_style:
            entry = flow(path[depth:], value)
            return self._change(self._before_end(node, entry), path, value, flow_value(value))
        column = node.start_mark.column
        text = block(path[depth:], value, " " * column)
        apart = "\n" if node is self.root else ""
        end = self._end_of_line(node)
        start = "" if self.text[:end].endswith("\n") else "\n"
        return self._change(self.text[:end] + start + apart + text + self.text[end:], path, value, flow_value(value))

    def _in_place_of_null(self, key: yaml.Node, node: yaml.Node, rest: Keys, value: str | list[str]) -> str:
        written = f"{{{flow(rest, value)}}}" if rest else flow_value(value)
        if node.start_mark.index != node.end_mark.index:  # null, ~
            return self.text[: node.start_mark.index] + written + self.text[node.end_mark.index :]
        colon = self.text.index(":", key.end_mark.index) + 1
        return f"{self.text[:colon]} {written}{self.text[colon:]}"

    def _appended(self, node: yaml.Node, written: str) -> str:
        if getattr(node, "flow_style", False):
            return self._before_end(node, written)
        last = node.value[-1]
        dash = self.text.rindex("-", 0, last.start_mark.index)
        start = self.text.rindex("\n", 0, dash) + 1
        end = self._end_of_line(node)
        apart = "" if self.text[:end].endswith("\n") else "\n"
        return f"{self.text[:end]}{apart}{self.text[start:dash]}- {written}\n{self.text[end:]}"

    def _before_end(self, node: yaml.Node, written: str) -> str:
        """Return the text with something added within `[…]` or `{…}`."""
        if not node.value:
            inner = node.start_mark.index + 1
            return self.text[:inner] + written + self.text[inner:].lstrip(" ")
        last = node.value[-1]
        end = (last[1] if isinstance(last, tuple) else last).end_mark.index
        return f"{self.text[:end]}, {written}{self.text[end:]}"

    def _end_of_line(self, node: yaml.Node) -> int:
        """Return where the line ends in which a group's or list's last value does, with what is said behind it."""
        end = len(self.text[: _last(node).end_mark.index].rstrip())
        found = self.text.find("\n", end)
        return len(self.text) if found < 0 else found + 1

    def _change(self, text: str, path: Keys, value: Any, shown: str) -> None:
        """Take a text, if it has the values of before and the new one.

        Raises:
            CommandError: If not.
        """
        wanted = _with(self.data, path, value)
        try:
            right = yaml.safe_load(text) == wanted
        except yaml.YAMLError:
            right = False
        if not right:
            raise self._not_placed(path, shown, "is written in a way that cannot be added to safely")
        self.changes.set(self.name, text)
        self._read()

    def _node(self, path: Keys) -> yaml.Node:
        node: yaml.Node = self.root
        for key in path:
            found = _entry(node, key)
            if found is None:
                raise self._not_placed(path, "", "is not there")
            node = found[1]
        return node

    def _not_placed(self, path: Keys, value: str, why: str) -> Exception:
        field = ".".join(path)
        what = f"no place for {field}: {value}" if value else f"no {field}"
        return not_placed(self.name, self.line(*path), f"{what}, as the field {why}", f"write {field} there yourself")


def _entry(node: yaml.Node, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in pairs if name.value == key), None)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _last(node: yaml.Node) -> yaml.Node:
    """Return the last value in a group or list that has characters of its own; a key where its value has none."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        key: yaml.Node | None
        key, node = last if isinstance(last, tuple) else (None, last)
        if key is not None and node.start_mark.index == node.end_mark.index:
            return key
    return node


def _with(data: Any, path: Keys, value: Any) -> Any:
    if not path:
        return value
    return {**(data or {}), path[0]: _with((data or {}).get(path[0]), path[1:], value)}
