"""Which tool a request is about: the one whose documentation explains most of its words, by how telling they are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from agentcore_kit.local.offline_model.catalogue import Kind, Tool
from agentcore_kit.local.offline_model.parameters import Filled, fill
from agentcore_kit.local.offline_model.request import Request, overlaps
from agentcore_kit.local.offline_model.text import Token, stems

THRESHOLD = 0.4  # the share that a tool must explain to be the one meant

# What a word is worth by the part of a documentation it stands in. Guidance on when to use a tool counts like its name.
_WEIGHTS = {"name": 1.0, "use": 1.0, "summary": 0.9, "parameters": 0.7, "details": 0.5}
_AGAINST = -0.6  # it stands only in "do not use for ..."
_TAKEN = 1.0  # a parameter takes it as its value
_SEARCHED = 0.3  # no documentation has it, and the tool searches for whatever it is given
_LOOKED_UP = 0.8  # of what it is worth for a tool that provides the numbers of a calculation, for that calculation
_CALCULATED = 0.97  # of the score of a calculation, so that a look-up wins when both fit the same
_COMPARISON = re.compile(r"\b(?:over|on|with|to|against|than|vs|versus|[yqm]o[yqm]|[yqm]/[yqm])\b", re.I)
_CHANGED = 0.3  # of the score of a tool that changes something, when a request asks how things are: it never fits
_EXPLAINED = 0.25  # added for a tool that tells how things are done, when a request asks how or whether it may
PARTS = {
    "name": "its name",
    "use": "when to use it",
    "summary": "its first sentence",
    "parameters": "its parameters",
    "details": "other sentences",
    "against": "when not to use it",
}
"""The parts of a documentation, the most telling first, as they are called to people."""

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
    held: bool = False  # it changes something, and the request only asks how that is done
    sources: list[Match] = field(default_factory=list)  # how well the tools fit that provide a calculation's numbers

    @property
    def complete(self) -> bool:
        """Whether the request itself gives all that the tool needs."""
        return all(p.name in self.filled.values for p in self.tool.required)

    @property
    def explains(self) -> bool:
        """Whether its tool tells how things are done, and may know of what the request is about."""
        return self.tool.explains and bool(self.words or self.tool.searches)

    @property
    def accepted(self) -> bool:
        """Whether it fits at all: enough is explained, and not by values alone, unless these are all it needs."""
        return self.fits and not self.held

    @property
    def fits(self) -> bool:
        """Whether it would fit a request to do it."""
        telling = all(p.kind not in (Kind.NUMBER, Kind.TEXT) for p in self.tool.required)
        enough = all(p.default_rule or p.name in self.filled.values for p in self.tool.required)
        speaks = bool(self.words) or (enough and telling) or any(source.accepted for source in self.sources)
        speaks = speaks or (self.tool.searches and self.tool.explains and self.score >= THRESHOLD)
        return speaks and self.score >= THRESHOLD


class Index:
    """The words of a list of tools, ready for ranking. Never changed, so one may serve many sessions at once."""

    def __init__(self, tools: list[Tool]) -> None:
        """Weighs every word of every documentation once."""
        self.tools = tools
        self.sources = {tool.name: _providers(tool, tools) for tool in tools if tool.numbers}
        self._weights = {tool.name: _word_weights(tool) for tool in tools}
        self._pairs = {tool.name: {pair for part in tool.text.values() for pair in pairwise(part)} for tool in tools}
        self._counts = Counter(
            word for weights in self._weights.values() for word, weight in weights.items() if weight > 0
        )

        self._beginnings: dict[str, list[str]] = {}
        for known in self._counts:
            for beginning in {known[:3], known[:4]}:
                if len(beginning) > 2:
                    self._beginnings.setdefault(beginning, []).append(known)

    def rarity(self, word: str) -> float:
        """How telling a word is: the fewer tools know it, the more."""
        return math.log(1 + (len(self.tools) + 1) / (self._counts[word] + 0.5)) + 0.2

    def with_use(self, tool: Tool, words: list[str]) -> Index:
        """The same tools, of which one has more words in its guidance on when to use it.

        Args:
            tool: The one.
            words: Stems.
        """
        better = replace(tool, text={**tool.text, "use": [*tool.text["use"], *words]})
        return Index([better if one is tool else one for one in self.tools])

    def words(self, request: Request) -> list[Token]:
        """The words of a request that are weighed, abbreviations written out."""
        return [token._replace(stem=self.in_full(token.stem)) for token in request.tokens]

    def knows(self, word: str) -> bool:
        """Whether the documentation of any tool has a word."""
        return self._counts[word] > 0

    def weight(self, words: Iterable[str]) -> float:
        """How telling words are together. They are added in order, as the last digit of a sum depends on it."""
        return sum(map(self.rarity, sorted(words)))

    def rank(self, request: Request) -> list[Match]:
        """All tools, best first. A calculation is credited with what the tools that provide its numbers explain."""
        words = self.words(request)
        found = {tool.name: self._match(tool, request, words) for tool in self.tools}
        for name, sources in self.sources.items():
            match = found[name]
            match.sources = [found[source.name] for source in sources]
            for source in match.sources:
                match.weights = [_with_look_up(*pair) for pair in zip(match.weights, source.weights, strict=True)]
        total = sum(self.rarity(word.stem) for word in words) or 1.0
        for match in found.values():
            match.weight = sum(self.rarity(t.stem) * weight for t, weight in zip(words, match.weights, strict=True))
            why = match.filled.reasons
            reasons = [word for word in words if overlaps(word.start, word.end, why)] if why else []
            unexplained = sum(self.rarity(word.stem) for word in reasons if word.stem not in match.words)
            match.score = (
                match.weight
                / ((total - unexplained) or 1.0)
                * (_CALCULATED if match.tool.name in self.sources else 1.0)
            )
            match.held = match.tool.writes and request.asks_how
            if match.tool.writes and request.asks_fact and not match.held and (match.strong or match.complete):
                match.score *= _CHANGED
            if request.asks_rule and match.explains:
                match.score += _EXPLAINED
        self._explain_instead(list(found.values()))
        matches = sorted(found.values(), key=lambda match: (match.held, -match.score))
        return self._with_calculation_first(matches, words, _compares(request))

    def _explain_instead(self, matches: list[Match]) -> None:
        """Sets a tool that tells how things are done above one that would do what a request only asks how to do."""
        first = max(matches, key=lambda match: match.score, default=None)
        if first and first.held and first.fits:
            for match in matches:
                if match.explains:
                    match.score = first.score + _EXPLAINED * match.score

    def in_full(self, word: str) -> str:
        """The one known word that a short unknown one abbreviates: "exec" is "executive"."""
        longer = self._beginnings.get(word, ())
        return longer[0] if len(longer) == 1 else word

    def _match(self, tool: Tool, request: Request, words: list[Token]) -> Match:
        match, before = Match(tool, fill(tool, request)), ""
        for token in words:
            weight = self._weights[tool.name].get(token.stem, 0.0)
            if weight > 0:
                match.words.add(token.stem)
            if weight > 0 and not overlaps(token.start, token.end, match.filled.spans):
                match.plain.add(token.stem)
            if weight == 1.0:
                match.strong.add(token.stem)
            if overlaps(token.start, token.end, match.filled.evidence):
                weight = max(weight, _TAKEN)
            if not weight and tool.searches and not self._counts[token.stem] and not token.stem[0].isdigit():
                weight = _SEARCHED
            match.weights.append(weight + (_PAIR if (before, token.stem) in self._pairs[tool.name] else 0.0))
            before = token.stem
        return match

    def _with_calculation_first(self, matches: list[Match], words: list[Token], compares: bool) -> list[Match]:
        """Prefers a calculation to the tool that provides its numbers when both are documented for what is asked.

        Its answer has the numbers too. So it is with "an executive summary", say, and when periods are compared.
        """
        first = matches[0] if matches else None
        for match in matches[1:]:
            if first and first.tool in self.sources.get(match.tool.name, []):
                phrases = {(a.stem, b.stem) for a, b in pairwise(words)}
                phrases &= self._pairs[first.tool.name] & self._pairs[match.tool.name]
                subject = {*first.tool.text["name"], *first.tool.text["summary"]}
                if any(not subject & set(phrase) for phrase in phrases) or (compares and len(match.tool.numbers) > 1):
                    return [match, *(other for other in matches if other is not match)]
        return matches


def _compares(request: Request) -> bool:
    """Whether a request sets one period against another: "year over year", "last quarter and the one before"."""
    relations = [mention for mention in request.mentions if mention.shift and not mention.period]
    said = any(_COMPARISON.search(request.text[max(0, m.start - 9) : m.end]) for m in relations)
    return said or 0 < len(relations) < len(request.mentions)


def _with_look_up(own: float, there: float) -> float:
    """A word's weight for a calculation, given its own and that for a tool that provides its numbers."""
    if there < 0:
        return own or there
    return max(own, there if there == _TAKEN else _LOOKED_UP * there)


def _word_weights(tool: Tool) -> dict[str, float]:
    weights = dict.fromkeys(tool.text["against"], _AGAINST)
    for part, weight in _WEIGHTS.items():
        for word in tool.text[part]:
            weights[word] = max(weights.get(word, 0.0), weight)
    return weights


def _providers(tool: Tool, tools: list[Tool]) -> list[Tool]:
    """The tools whose results a calculation needs: those its documentation names, else those that return such."""
    words = frozenset().union(*(parameter.words for parameter in tool.numbers))
    others = [t for t in tools if t is not tool and not t.numbers]
    named = [t for t in others if re.search(rf"\b{re.escape(t.short_name)}\b", tool.documentation)]
    return named or [t for t in others if any(words & set(stems(name)) for name in t.fields if name not in t.names)]
