"""Fills a tool's parameters from the words of a request, by the tool's JSON schema. Nothing is ever invented."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from agent.wiring.offline import dates, periods
from agent.wiring.offline.catalogue import Kind, Parameter, Tool
from agent.wiring.offline.text import STOPWORDS, Token, humanise, stem, tokens


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']{2,})'(?!\w)")
_NUMBER = re.compile(
    r"(?<![\w.,-])[$€£]?\s?(?P<digits>-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)(?:(?P<short>[km]|bn)\b|\s*(?P<scale>thousand|million|billion|mio|bn)\b)?(?![\w-])"
    r"|\b(?P<word>one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred)\b", re.I
)
_WORDS = dict(zip("one two three four five six seven eight nine ten eleven twelve dozen hundred".split(), [*range(1, 13), 12, 100], strict=True))
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "mio": 1e6, "bn": 1e9, "billion": 1e9}
_FIRST_CUE = re.compile(r"\b(?:from|between|since|was|were|previously|of|vs\.?|versus|compared (?:to|with)|against|than)\s*(?:the\s+)?$", re.I)
_SECOND_CUE = re.compile(r"(?<!compared )\b(?:to|into|in|as|until|till|through|now|towards)\s*(?:the\s+)?$|[-–]\s*$", re.I)
_ALL = re.compile(r"\b(?:all|every|each|any|across|both)\b", re.I)
_EXCEPT = re.compile(r"\b(?:except|excluding|without|but not|other than)\b(?: for)?", re.I)
_NOT = re.compile(r"\b(?:no|not|without|exclud\w+|don't|dont|except)\b[^,.;]{0,20}$", re.I)
_POLITE = re.compile(r"^(?:\s*(?:hi|hello|hey|please|can you|could you|would you|i(?:'d| would) like (?:you )?to)\b[ ,]*)+|[ ,]*\bplease\b\s*(?=[.?!]*$)", re.I)
_WHOLE_TEXT = set("query question search prompt request issue problem description details body message comment note content text keywords".split())
_REASON = set("reason justification purpose why motivation rationale".split())
_BECAUSE = re.compile(r"\b(?:because(?: of)?|since(?! \d)|so that|in order to|as (?=I\b|we\b)|reason(?: is)?:?)\s+([^.?!]+)|[,;]?\s+(?:to|for)\s+((?:\w+\s+)?(?:my|our|the|a|an)\s+[^.?!,]+)", re.I)
_NAME = r"(?:[A-Z][\w&'-]*|\d+)(?:[ ](?:[A-Z][\w&'-]*|de|of|the|am|\d+))*"
_PREPOSITION = {-1: r"from|out of|leaving", 1: r"to|into|towards|for", 0: r"in|at|for|to|of|about|on|regarding|near|called|named|with|is"}
_PHRASE_END = r"(?=\s*(?:[,.;:?!]|$|\b(?:in|at|on|for|to|from|with|by|and|or|is|are|until|next|please|because|as|when|while|tomorrow|today|this|last)\b))"


class Candidate(NamedTuple):
    """A value that a text offers, and where."""

    value: Any
    start: int
    end: int


@dataclass
class Request:
    """What the user said, with today's date and the text around it (never searched for anything but identifiers)."""

    text: str
    today: date
    context: str = ""

    @cached_property
    def tokens(self) -> list[Token]:
        """Its meaningful words."""
        return tokens(self.text)

    @cached_property
    def mentions(self) -> list[dates.Mention]:
        """The periods it mentions."""
        return dates.find(self.text, self.today)

    @cached_property
    def quoted(self) -> list[Candidate]:
        """What it puts in quotation marks."""
        return [Candidate(next(filter(None, m.groups())), *m.span()) for m in _QUOTED.finditer(self.text)]


@dataclass
class Filled:
    """The values found for a tool's parameters, and the places of the text they came from."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    spans: list[tuple[int, int]] = field(default_factory=list)
    evidence: list[tuple[int, int]] = field(default_factory=list)  # those that speak for the tool: not the whole text, say
    paired: list[str] = field(default_factory=list)  # parameters whose values belong together: "EMEA Q2 and APAC Q3"

    def add(self, parameter: Parameter, candidates: list[Candidate]) -> None:
        """Takes candidates for a parameter; a value is kept once."""
        values = [candidate.value for candidate in candidates]
        unique = [value for number, value in enumerate(values) if value not in values[:number]]
        if unique:
            self.values[parameter.name] = [unique] if parameter.many else unique
            self.spans += [(c.start, c.end) for c in candidates if c.end > c.start]
            if parameter.kind is not Kind.CHOICE and not set(parameter.label.split()) & _REASON:
                self.evidence += [(c.start, c.end) for c in candidates if c.end > c.start]


def fill(tool: Tool, request: Request, base: dict[str, list[Any]] | None = None) -> Filled:
    """Finds what a request gives for each parameter of a tool.

    Args:
        tool: The tool.
        request: What the user said.
        base: Values of the request before it, which "the year before" and "what about Q2?" are relative to.
    """
    filled = Filled()
    places: dict[str, list[Candidate]] = {}
    for group in tool.groups:
        candidates = _find(group[0], request, filled, base or {})
        for parameter, chosen in _assign(group, candidates, request):
            filled.add(parameter, chosen)
            places[parameter.name] = chosen
    filled.paired = _alternating({name: found for name, found in places.items() if len(found) > 1})
    return filled


def combinations(values: dict[str, list[Any]], paired: list[str]) -> list[dict[str, Any]]:
    """Every call that several values ask for: all regions and four quarters are twelve calls."""
    names = list(values)
    if paired and all(name in values for name in paired):
        rows = [dict(zip(paired, row, strict=False)) for row in zip(*(values[name] for name in paired), strict=False)]
        rest = [name for name in names if name not in paired]
        found = [{**row, **dict(zip(rest, other, strict=True))} for row in rows for other in product(*(values[n] for n in rest))]
        return [{name: call[name] for name in names} for call in found]
    return [dict(zip(names, row, strict=True)) for row in product(*(values[name] for name in names))]


def default(parameter: Parameter, request: Request) -> list[Any]:
    """What the parameter's own documentation says to use when the user names nothing: "use all of them"."""
    rule = parameter.default_rule
    if rule and parameter.kind is Kind.CHOICE and _ALL.search(rule):
        return parameter.values
    said = Request(rule, request.today)
    return [candidate.value for candidate in _find(parameter, said, Filled(), {})] if rule else []


def _alternating(places: dict[str, list[Candidate]]) -> list[str]:
    """The two parameters whose values alternate in the text, as in "EMEA in Q2 and APAC in Q3"."""
    if len(places) != 2 or len({len(found) for found in places.values()}) != 1:
        return []
    order = sorted((candidate.start, name) for name, found in places.items() for candidate in found)
    names = [name for _, name in order]
    return [names[0], names[1]] if len(set(names[:2])) == 2 and names == names[:2] * (len(names) // 2) else []


def _find(parameter: Parameter, request: Request, filled: Filled, base: dict[str, list[Any]]) -> list[Candidate]:
    kind = parameter.kind
    if kind in periods.UNITS:
        found = periods.find(parameter, request.mentions, base.get(parameter.name, []), request.today)
        return [Candidate(value, mention.start, mention.end) for value, mention in found]
    if kind is Kind.EMAIL:
        return [Candidate(m.group(), *m.span()) for m in _EMAIL.finditer(request.text)]
    if kind is Kind.IDENTIFIER:
        return _identifiers(parameter, request)
    if kind is Kind.CHOICE:
        return _choices(parameter, request)
    if kind is Kind.NUMBER:
        return _numbers(request, filled)
    if kind is Kind.BOOLEAN:
        return _boolean(parameter, request)
    return _texts(parameter, request, filled)


def _identifiers(parameter: Parameter, request: Request) -> list[Candidate]:
    found = [c for c in _identifiers_in(parameter, request.text)]
    known = [] if found else _identifiers_in(parameter, request.context)[-1:]
    return found or [Candidate(candidate.value, 0, 0) for candidate in known]


def _identifiers_in(parameter: Parameter, text: str) -> list[Candidate]:
    result = []
    for match in parameter.finder.finditer(text) if parameter.finder else ():
        forms = (match.group(), match.group().upper(), match.group().lower())
        value = next((f for f in forms if not parameter.accepts or parameter.accepts.search(f)), None)
        if value:
            result.append(Candidate(value.upper() if parameter.upper else value, *match.span()))
    return result


def _choices(parameter: Parameter, request: Request) -> list[Candidate]:
    text, found = request.text, []
    for match in parameter.finder.finditer(text) if parameter.finder else ():
        said = re.sub(r"[\s_-]+", " ", match.group().lower())
        value = parameter.choices.get(match.group().lower(), parameter.choices.get(said))
        value = value if value is not None else next((v for p, v in parameter.choices.items() if re.sub(r"[\s_-]+", " ", p) == said), None)
        if value is not None and (said not in STOPWORDS or match.group().isupper()):
            found.append(Candidate(value, *match.span()))
    excluded = _EXCEPT.search(text)
    left_out = [c.value for c in found if excluded and c.start > excluded.start()]
    head = re.escape(parameter.label.split()[-1])
    everything = re.search(rf"\b(?:all|every|each|across|both|per|by|compare)\b(?:\s+(?:the|our|of|your))*\s+(?:\w+\s+)?{head}(?:s|es)?\b", text, re.I)
    if everything and (not found or left_out):
        return [Candidate(v, *everything.span()) for v in parameter.values if v not in left_out]
    return [c for c in found if c.value not in left_out]


def _numbers(request: Request, filled: Filled) -> list[Candidate]:
    taken = filled.spans + [(m.start, m.end) for m in request.mentions] + [(q.start, q.end) for q in request.quoted]
    result: list[Candidate] = []
    for match in _NUMBER.finditer(request.text):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        number = float((match["digits"] or "0").replace(",", "")) if match["digits"] else float(_WORDS[match["word"].lower()])
        scale = _SCALES.get((match["short"] or match["scale"] or "").lower(), 1)
        number = round(number * scale, 6)
        result.append(Candidate(int(number) if number.is_integer() else number, *match.span()))
    return result


def _boolean(parameter: Parameter, request: Request) -> list[Candidate]:
    hits = [token for token in request.tokens if token.stem in parameter.words - {"includ"}]
    return [Candidate(not _NOT.search(request.text[: hits[0].start]), hits[0].start, hits[0].end)] if hits else []


def _texts(parameter: Parameter, request: Request, filled: Filled) -> list[Candidate]:
    words = set(parameter.label.split())
    if request.quoted:
        fresh = [q for q in request.quoted if (q.start, q.end) not in filled.spans]
        near = [q for q in fresh if set(tokens_before(request.text, q.start)) & {stem(w) for w in words}]
        if near or fresh:
            return (near or fresh)[:1]
    known = _choices(parameter, request) if parameter.choices else []
    if known:
        return known
    if words & _REASON:
        match = _BECAUSE.search(request.text)
        return [Candidate((match[1] or match[2]).strip(), *match.span())] if match else []
    if words & _WHOLE_TEXT:
        text = _POLITE.sub("", request.text).strip()
        return [Candidate(text, 0, 0)] if tokens(text) else []
    return _names(parameter, request, filled)


def tokens_before(text: str, position: int) -> list[str]:
    """The stems of the few words before a position."""
    return [stem(word.lower()) for word in re.findall(r"\w+", text[:position])[-3:]]


def _names(parameter: Parameter, request: Request, filled: Filled) -> list[Candidate]:
    """Proper names: after the preposition that fits the parameter, else any; else the words before or after its own noun."""
    text, head = request.text, re.escape(parameter.label.split()[-1])
    taken = filled.spans + [(m.start, m.end) for m in request.mentions]

    def free(match: re.Match[str], group: int) -> bool:
        return all(match.end(group) <= a or match.start(group) >= b for a, b in taken)

    patterns = [
        rf"(?i:\b(?:{_PREPOSITION[parameter.role]})\s+(?:the\s+)?)({_NAME})",
        rf"({_NAME})(?=\s+to\s+[A-Z])" if parameter.role < 0 else "(?!)",
        rf"(?i:\b{head}\s+(?:called|named|is|:)\s*)([\w-]+(?:\s[\w-]+)?)",
        rf"(?i:\b(?:{_PREPOSITION[parameter.role]})\s+(?:the\s+)?)((?!the\b|a\b|my\b)[a-z][\w-]*(?:\s[a-z][\w-]*)??){_PHRASE_END}" if parameter.role else "(?!)",
        rf"(?<!^)(?<![.!?]\s)\b({_NAME})" if not parameter.role else "(?!)",
        rf"(?i:\b((?:[a-z][\w-]*\s){{1,2}}){head}\b)" if not parameter.role else "(?!)",
    ]
    for pattern in patterns:
        for match in re.finditer(pattern, text):
            value = _trimmed(match[1])
            if value and free(match, 1):
                return [Candidate(value, match.start(1), match.end(1)), *_more_names(text, match.end(1), parameter)]
    return []


def _more_names(text: str, position: int, parameter: Parameter) -> list[Candidate]:
    """The further names of a list: "Berlin, Paris and Rome"."""
    match = re.match(rf"(?:,\s*|,?\s+and\s+)({_NAME})", text[position:])
    if not match or parameter.role:
        return []
    candidate = Candidate(match[1], position + match.start(1), position + match.end(1))
    return [candidate, *_more_names(text, candidate.end, parameter)]


def _trimmed(phrase: str) -> str:
    """A phrase without the empty words at its ends."""
    words = phrase.strip().split()
    while words and words[0].lower() in STOPWORDS:
        words.pop(0)
    while words and words[-1].lower() in STOPWORDS:
        words.pop()
    return " ".join(words)


def _assign(group: list[Parameter], candidates: list[Candidate], request: Request) -> list[tuple[Parameter, list[Candidate]]]:
    """Shares candidates among the parameters that compete for them."""
    if group[0].kind is Kind.TEXT:
        return _assign_texts(group, candidates, request)
    roles = {parameter.role: parameter for parameter in group}
    if len(group) == 2 and -1 in roles and 1 in roles:
        return _assign_roles(roles[-1], roles[1], candidates, request)
    if group[0].kind is Kind.NUMBER:
        return _assign_numbers(group, candidates, request)
    if len(group) == 1:
        return [(group[0], candidates)]
    return [(parameter, [candidate]) for parameter, candidate in zip(group, candidates, strict=False)]


def _assign_texts(group: list[Parameter], first: list[Candidate], request: Request) -> list[tuple[Parameter, list[Candidate]]]:
    filled, result = Filled(), []
    for number, parameter in enumerate(group):
        found = first if number == 0 else _texts(parameter, request, filled)
        filled.add(parameter, found)
        result.append((parameter, found))
    return result


def _assign_roles(first: Parameter, second: Parameter, candidates: list[Candidate], request: Request) -> list[tuple[Parameter, list[Candidate]]]:
    """Tells "from A" and "to B" apart; what has no such word is taken in order. A long period has two ends."""
    chosen: dict[int, Candidate] = {}
    rest = []
    for candidate in candidates:
        before = request.text[: candidate.start]
        role = -1 if _FIRST_CUE.search(before) else 1 if _SECOND_CUE.search(before) else 0
        if role and role not in chosen:
            chosen[role] = candidate
        else:
            rest.append(candidate)
    for role in (-1, 1):
        if role not in chosen and rest:
            chosen[role] = rest.pop(0)
    if first.kind is Kind.DATE:
        chosen = {role: _end_of(role, candidate, request) for role, candidate in chosen.items()}
    return [(parameter, [chosen[role]]) for role, parameter in ((-1, first), (1, second)) if role in chosen]


def _end_of(role: int, candidate: Candidate, request: Request) -> Candidate:
    period = next((m.period for m in request.mentions if m.start == candidate.start), None)
    return candidate._replace(value=(period.last if role > 0 else period.first).isoformat()) if period else candidate


def _assign_numbers(group: list[Parameter], candidates: list[Candidate], request: Request) -> list[tuple[Parameter, list[Candidate]]]:
    """Gives each number to the parameter whose own words stand nearest; an optional one takes none without such a word."""
    result: list[tuple[Parameter, list[Candidate]]] = []
    left = list(candidates)
    for parameter in sorted(group, key=lambda p: not p.required):
        scored = [(_nearness(parameter, candidate, request), -number, candidate) for number, candidate in enumerate(left)]
        best = max(scored, default=None)
        if best and (best[0] > 0 or (parameter.required and len(group) == 1)):
            result.append((parameter, [best[2]]))
            left.remove(best[2])
    return result


def _nearness(parameter: Parameter, candidate: Candidate, request: Request) -> int:
    after = [stem(w.lower()) for w in re.findall(r"[^\W\d_]+", request.text[candidate.end :])[:2]]
    before = tokens_before(request.text, candidate.start)
    words = parameter.words | {stem(w) for w in humanise(parameter.name).lower().split()}
    limit = 2 * ("max" in words and bool({"under", "below", "most", "up", "max", "maximum"} & set(before)))
    return limit + 3 * (after[:1] != [] and after[0] in words) + (after[1:] != [] and after[1] in words) + 2 * bool(set(before) & words)
