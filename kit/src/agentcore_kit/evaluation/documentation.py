"""The numbers that the tools' documentation has: an answer that says one of them tells what the tool says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_root
from agentcore_kit.evaluation.figures import numbers

_EXAMPLE = re.compile(r"\{[^{}]*\}")
"""A result that a description gives as an example: its figures are nobody's."""


def documented() -> tuple[float, ...]:
    """Return the numbers in the documentation of the repository's own tools, but for those of example results."""
    return _documented(repository_root())


@cache
def _documented(_: Path) -> tuple[float, ...]:
    return tuple(dict.fromkeys(numbers([_without_examples(text) for spec in _specs() for text in _texts(spec)])))


def _specs() -> Iterator[Any]:
    if repository_kind() == "Agent":
        from agentcore_kit.evaluation.agent_tools import bare_agent

        yield from (tool.tool_spec for tool in bare_agent().tool_registry.registry.values())
    elif repository_kind() == "Tool":
        from agentcore_kit.tool_contract.definitions import offered

        yield from ({"description": one.get("description"), "input": one["inputSchema"]} for one in offered())


def _texts(spec: Any) -> Iterator[Any]:
    """Yield the texts and numbers of a tool's description and schema."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key not in ("pattern", "outputSchema"):
                yield from _texts(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from _texts(value)
    else:
        yield spec


def _without_examples(text: Any) -> Any:
    while isinstance(text, str) and (shorter := _EXAMPLE.sub(" ", text)) != text:
        text = shorter
    return text
