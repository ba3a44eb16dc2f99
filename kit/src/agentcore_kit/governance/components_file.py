"""Adds an entry to components.yaml as text, so that comments, order and the writing of the others stay."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agentcore_kit.config.components import COMPONENTS, load_components
from agentcore_kit.config.errors import ConfigError

_LIST = "components"


def with_entry(text: str, entry: Mapping[str, Any]) -> str:
    """Return the text of components.yaml with one entry more, at the end of its list.

    Args:
        text: The text of the file.
        entry: The fields of the entry, as they are named in the file.

    Raises:
        ConfigError: When the list is not written one entry a line, or the file would be wrong with the entry.
    """
    before = _loaded(text)
    made = _inserted(text, entry)
    after = _loaded(made)
    if [*after.components][:-1] != [*before.components] or after.components[-1].name != entry["name"]:
        raise ConfigError(
            [f"{COMPONENTS}: the entry cannot be added without changing others; add it by hand:\n{_block(entry, 2)}"]
        )
    return made


def _loaded(text: str) -> Any:
    """Return the file's model; the messages name the file as the repository does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / COMPONENTS
        path.write_text(text, encoding="utf-8", newline="")
        try:
            return load_components(path)
        except ConfigError as error:
            raise ConfigError([problem.replace(f"{folder}/", "") for problem in error.problems]) from None


def _inserted(text: str, entry: Mapping[str, Any]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs: list[tuple[yaml.Node, Any]] = root.value if isinstance(root, yaml.MappingNode) else []
    key, found = next((key, value) for key, value in pairs if key.value == _LIST)
    if not found.value:  # `[]`; a comment behind it stays
        rest = text[found.end_mark.index :]
        line, _, below = rest.partition("\n")
        return text[: key.end_mark.index] + ":" + line.rstrip("\r") + newline + _block(entry, 2, newline) + below
    if found.flow_style:
        raise ConfigError(
            [f"{COMPONENTS}:{key.start_mark.line + 1}: {_LIST}: write one entry a line, each beginning with `- name:`"]
        )
    at = _end_of_line(text, _last(found).end_mark)
    before = text[:at] if text[:at].endswith("\n") else text[:at] + newline
    return before + _block(entry, found.start_mark.column, newline) + text[at:]


def _last(node: yaml.Node) -> yaml.Node:
    """Return what stands last in a node: a value, or a list or group in brackets."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return node
    last = node.value[-1]
    return _last(last[1] if isinstance(node, yaml.MappingNode) else last)


def _end_of_line(text: str, mark: Any) -> int:
    """Return where the line of a mark ends; the mark itself where that is a beginning of a line."""
    index = int(mark.index)
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _block(entry: Mapping[str, Any], column: int, newline: str = "\n") -> str:
    """Return an entry as lines of YAML whose hyphen stands in a column."""
    lines = []
    for key, value in entry.items():
        style = None if isinstance(value, list) else False  # a list in brackets, a text as it is
        said = yaml.safe_dump({key: value}, default_flow_style=style, allow_unicode=True, width=1000)
        lines += said.splitlines()
    indent = " " * column
    return "".join(f"{indent}{'- ' if number == 0 else '  '}{line}{newline}" for number, line in enumerate(lines))
