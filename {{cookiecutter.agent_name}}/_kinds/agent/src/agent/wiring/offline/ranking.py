"""Which tool a request is about: the share of its words, weighted by how telling they are, that a documentation explains."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field

from agent.wiring.offline.catalogue import Kind, Tool
from agent.wiring.offline.parameters import Filled, fill
from agent.wiring.offline.request import Request, overlaps
from agent.wiring.offline.text import stems

THRESHOLD = 0.4  # the share that a tool must explain to be the one meant

# How much a word is worth by the part of a documentation it stands in. Guidance on when to use a tool counts as its name does.
_WEIGHTS = {"name": 1.0, "use": 1.0, "summary": 0.9, "parameters": 0.7, "details": 0.5}
_AGAINST = -0.6  # it stands only in "do not use for ..."
_TAKEN = 1.0  # a parameter takes it as its value
_LOOKED_UP = 0.8  # of what it is worth for a tool that provides the numbers of a calculation, for that calculation
_CALCULATED = 0.97  # of the score of a calculation, so that a look-up wins when both fit the same
_PAIR = 0.3  # added when the word before it in the request precedes it in the documentation too


@dataclass
class Match:
    """How well one tool fits a request."""

    tool: Tool
    filled: Filled  # what the request gives for its parameters
    weights: list[float] = field(default_factory=list)  # of each word of the request
    score: float = 0.0  # 0 nothing is explained, 1 every word
    weight: float = 0.0  # what the explained words weigh in all
    words: set[str] = field(default_factory=set)  # the words that its documentation explains
    strong: set[str] = field(default_factory=set)  # those of them in its name or its guidance on use
    plain: set[str] = field(default_factory=set)  # those of them that are not the value of a parameter

    @property
    def complete(self) -> bool:
        """Whether the request itself gives all that the tool needs."""
        return all(p.name in self.filled.values for p in self.tool.required)

    @property
    def accepted(self) -> bool:
        """Whether it fits at all: enough is explained, and not by values alone unless they are all it needs and telling."""
        telling = all(p.kind not in (Kind.NUMBER, Kind.TEXT) for p in self.tool.required)
        enough = all(p.default_rule or p.name in self.filled.values for p in self.tool.required)
        return self.score >= THRESHOLD and bool(self.words or (enough and telling))


class Index:
    """The words of a list of tools, ready for ranking. Never changed, so one may serve many sessions at once."""

    def __init__(self, tools: list[Tool]) -> None:
        """Weighs every word of every documentation once."""
        self.tools = tools
        self.sources = {tool.name: _providers(tool, tools) for tool in tools if tool.numbers}
        self._weights = {tool.name: _word_weights(tool) for tool in tools}
        self._pairs = {
            tool.name: {p for part in tool.text.values() for p in zip(part, part[1:], strict=False)} for tool in tools
        }
        self._counts = Counter(
            word for weights in self._weights.values() for word, weight in weights.items() if weight > 0
        )

    def rarity(self, word: str) -> float:
        """How telling a word is: the fewer tools know it, the more."""
        return math.log(1 + (len(self.tools) + 1) / (self._counts[word] + 0.5)) + 0.2

    def rank(self, request: Request) -> list[Match]:
        """All tools, best first. A calculation is credited with what the tools that provide its numbers explain."""
        found = {tool.name: self._match(tool, request) for tool in self.tools}
        for name, sources in self.sources.items():
            for source in sources:
                pairs = zip(found[name].weights, found[source.name].weights, strict=True)
                found[name].weights = [
                    max(own, there if there == _TAKEN else _LOOKED_UP * there) for own, there in pairs
                ]
        total = sum(self.rarity(token.stem) for token in request.tokens) or 1.0
        for match in found.values():
            match.weight = sum(
                self.rarity(t.stem) * weight for t, weight in zip(request.tokens, match.weights, strict=True)
            )
            match.score = match.weight / total * (_CALCULATED if match.tool.name in self.sources else 1.0)
        return self._with_calculation_first(sorted(found.values(), key=lambda match: -match.score))

    def _match(self, tool: Tool, request: Request) -> Match:
        match, before = Match(tool, fill(tool, request)), ""
        for token in request.tokens:
            weight = self._weights[tool.name].get(token.stem, 0.0)
            if weight > 0:
                match.words.add(token.stem)
            if weight > 0 and not overlaps(token.start, token.end, match.filled.spans):
                match.plain.add(token.stem)
            if weight == 1.0:
                match.strong.add(token.stem)
            if overlaps(token.start, token.end, match.filled.evidence):
                weight = max(weight, _TAKEN)
            match.weights.append(weight + (_PAIR if (before, token.stem) in self._pairs[tool.name] else 0.0))
            before = token.stem
        return match

    def _with_calculation_first(self, matches: list[Match]) -> list[Match]:
        """Prefers a calculation to the tool that provides its numbers when both document a use that is neither's own subject.

        "An executive summary", say: the calculation's answer has the numbers too.
        """
        first = matches[0] if matches else None
        for match in matches[1:]:
            if first and first.strong and first.tool in self.sources.get(match.tool.name, []):
                subject = {*first.tool.text["name"], *first.tool.text["summary"]}
                if first.strong <= match.strong - subject:
                    return [match, *(other for other in matches if other is not match)]
        return matches


def _word_weights(tool: Tool) -> dict[str, float]:
    weights = dict.fromkeys(tool.text["against"], _AGAINST)
    for part, weight in _WEIGHTS.items():
        for word in tool.text[part]:
            weights[word] = max(weights.get(word, 0.0), weight)
    return weights


def _providers(tool: Tool, tools: list[Tool]) -> list[Tool]:
    """The tools whose results a calculation needs: those its documentation names, else those that return what it speaks of."""
    words = frozenset().union(*(parameter.words for parameter in tool.numbers))
    others = [t for t in tools if t is not tool and not t.numbers]
    named = [t for t in others if re.search(rf"\b{re.escape(t.short_name)}\b", tool.documentation)]
    return named or [t for t in others if any(words & set(stems(name)) for name in t.fields if name not in t.names)]
