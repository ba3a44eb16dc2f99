"""Which of very many tools a request is about: the gateway's search, by words, without a model or an index in AWS."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.local.offline_model.text import humanise, stems

SEARCH_TOOL = "x_amz_bedrock_agentcore_search"
SEARCH_DESCRIPTION = (
    "Finds the tools that fit a request, where there are too many to be given to a model. Returns their names, "
    "descriptions and input schemas, the best first."
)
SEARCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"query": {"type": "string", "description": "What a tool is looked for, in plain words."}},
    "required": ["query"],
}

FOUND = 10
"""How many tools a search returns at most, as in AWS."""

_NAME, _DESCRIPTION, _PARAMETERS = 3.0, 1.0, 0.5
_AVERAGE_LENGTH, _SHARE_OF_LENGTH = 40, 0.5


@dataclass(frozen=True)
class Offered:
    """A tool as the gateway lists it.

    Attributes:
        name: With the target's before it.
        description: What it does.
        schema: The JSON schema of its parameters.
    """

    name: str
    description: str
    schema: dict[str, Any]

    @cached_property
    def weights(self) -> dict[str, float]:
        """How much each word says about it, from 0 to 1; found out once, which takes far longer than a search."""
        words: Counter[str] = Counter()
        for word, weight in _words(self):
            words[word] += weight  # type: ignore[assignment]
        length = 1 + _SHARE_OF_LENGTH * (sum(words.values()) / _AVERAGE_LENGTH)
        return {word: weight / (weight + length) for word, weight in words.items()}


class ToolIndex:
    """The words of tools, ready for searching. Never changed, so many searches may use one at once."""

    def __init__(self, tools: Sequence[Offered]) -> None:
        """Put the words of all tools together."""
        self.tools = tools
        self._entries: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, tool in enumerate(tools):
            for word, weight in tool.weights.items():
                self._entries[word].append((number, weight))

    def search(self, query: str) -> Iterator[Offered]:
        """Yield the tools that share words with a query, the best first: those whose words few others have."""
        scores: Counter[int] = Counter()
        for word in set(stems(query)):
            having = self._entries.get(word, [])
            telling = math.log(1 + (len(self.tools) + 0.5) / (len(having) + 0.5))
            for number, weight in having:
                scores[number] += telling * weight  # type: ignore[assignment]
        for number, _ in sorted(scores.items(), key=lambda found: (-found[1], found[0])):
            yield self.tools[number]


def _words(tool: Offered) -> Iterator[tuple[str, float]]:
    for word in stems(humanise(tool.name.replace(SEPARATOR, " "))):
        yield word, _NAME
    for word in stems(tool.description):
        yield word, _DESCRIPTION
    properties = tool.schema.get("properties")
    for name, about in properties.items() if isinstance(properties, dict) else ():
        said = about.get("description", "") if isinstance(about, dict) else ""
        for word in stems(f"{humanise(name)} {said}"):
            yield word, _PARAMETERS
