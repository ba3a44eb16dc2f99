"""Which tool a request is about: the share of its words, weighted by how telling they are, that a documentation explains."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from agent.wiring.offline.catalogue import Kind, Tool
from agent.wiring.offline.text import Token, stems

# How much a match in each part of a documentation is worth. Guidance on when to use a tool counts as much as its name.
_WEIGHTS = {"name": 1.0, "use": 1.0, "summary": 0.9, "parameters": 0.7, "details": 0.5}
_AGAINST = -0.6  # a word that stands only in "do not use for ..."
_PAIR = 0.3  # two words that follow each other in both
_VALUE = 1.0  # a word that a parameter takes


@dataclass
class Match:
    """How well one tool fits a request."""

    tool: Tool
    score: float  # 0 nothing fits, 1 every word is explained
    words: set[str]  # the stems that its documentation explains
    weight: float  # what these words weigh in all


class Index:
    """The words of a list of tools, ready for ranking. Immutable, so one may serve many threads."""

    def __init__(self, tools: list[Tool]) -> None:
        """Weighs every word of every documentation once."""
        self.tools = tools
        self.sources = sources(tools)
        self._weights = [_word_weights(tool) for tool in tools]
        self._pairs = [{pair for stems in tool.text.values() for pair in zip(stems, stems[1:], strict=False)} for tool in tools]
        self._counts = Counter(word for weights in self._weights for word, weight in weights.items() if weight > 0)

    def rarity(self, word: str) -> float:
        """How telling a word is: the fewer tools know it, the more."""
        return math.log(1 + (len(self.tools) + 1) / (self._counts[word] + 0.5)) + 0.2

    def rank(self, request: list[Token], covered: list[list[tuple[int, int]]]) -> list[Match]:
        """All tools, best first. `covered` are, for each tool, the places of the request that its parameters take."""
        matches = [self._match(number, request, spans) for number, spans in enumerate(covered)]
        return sorted(matches, key=lambda match: -match.score)

    def _match(self, number: int, request: list[Token], spans: list[tuple[int, int]]) -> Match:
        weights, pairs = self._weights[number], self._pairs[number]
        total = gained = 0.0
        words: set[str] = set()
        for position, token in enumerate(request):
            rarity = self.rarity(token.stem)
            weight = weights.get(token.stem, 0.0)
            if any(start <= token.start < end for start, end in spans):
                weight = max(weight, _VALUE)
            elif weight > 0:
                words.add(token.stem)
            if position and (request[position - 1].stem, token.stem) in pairs:
                gained += _PAIR * rarity
            total += rarity
            gained += rarity * weight
        return Match(self.tools[number], gained / total if total else 0.0, words, gained)


def _word_weights(tool: Tool) -> dict[str, float]:
    weights: dict[str, float] = {word: _AGAINST for word in tool.text["against"]}
    for part, weight in _WEIGHTS.items():
        for word in tool.text[part]:
            weights[word] = max(weights.get(word, 0.0), weight)
    return weights


def sources(tools: list[Tool]) -> dict[str, list[Tool]]:
    """For each tool that calculates with numbers, the tools that provide them.

    Those its documentation names ("retrieve both values with getQuarterlyRevenue"), else those that document a returned field
    which its number parameters speak of.
    """
    return {tool.name: _providers(tool, tools) for tool in tools if any(p.kind is Kind.NUMBER for p in tool.required)}


def _providers(tool: Tool, tools: list[Tool]) -> list[Tool]:
    numbers = [p for p in tool.required if p.kind is Kind.NUMBER]
    words = frozenset().union(*(p.words for p in numbers))
    documentation = " ".join([tool.spec.get("description", ""), *(p.description for p in tool.parameters)])
    others = [t for t in tools if t is not tool and not any(p.kind is Kind.NUMBER for p in t.required)]
    named = [t for t in others if re.search(rf"\b{re.escape(t.short_name)}\b", documentation)]
    inputs = {t.name: {p.name for p in t.parameters} for t in others}
    return named or [t for t in others if any(set(stems(f)) & words for f in t.fields if f not in inputs[t.name])]
