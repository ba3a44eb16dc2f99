"""Finds values with a form of their own in a text: e-mail addresses, identifiers, choices, numbers, yes or no."""

from __future__ import annotations

import re

from agentcore_kit.local.offline_model.catalogue import Parameter, compact
from agentcore_kit.local.offline_model.request import Candidate, Request, overlaps
from agentcore_kit.local.offline_model.text import NUMBER_WORDS, STOPWORDS, stem

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WORDS = {word: number for number, word in enumerate(NUMBER_WORDS, 1)} | {"dozen": 12, "hundred": 100}
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_NUMBER = re.compile(
    r"(?<![\w.,-])[$€£]?\s?(?P<digits>-?\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?|-?\d{1,15}(?:\.\d{1,9})?)"
    r"(?:(?P<short>k|m|bn)\b|\s*(?P<scale>thousand|million|billion|bn)\b)?(?![\w-]|[.,]\d)"
    rf"|\b(?P<word>{'|'.join(_WORDS)})\b",
    re.I,
)
_SAME_SCALE = re.compile(r"^\s*(?:and|to|or|-|\u2013)\s*$")
_EVERY = re.compile(r"\b(?:all|every|each|across|both|per|by|compare)\b", re.I)
_EXCEPT = re.compile(r"\b(?:except|excluding|without|but not|other than)\b", re.I)
_NOT = re.compile(r"\b(?:no|not|without|exclud\w+|don't|except)\b[^,.;]{0,20}$", re.I)


def emails(request: Request) -> list[Candidate]:
    """E-mail addresses."""
    return [Candidate(match.group(), *match.span()) for match in _EMAIL.finditer(request.text)]


def identifiers(parameter: Parameter, request: Request) -> list[Candidate]:
    """What looks like the parameter's identifiers; failing that the last one that the conversation knows."""
    found = _identifiers_in(parameter, request.text)
    return found or [Candidate(known.value, 0, 0) for known in _identifiers_in(parameter, request.context)[-1:]]


def _identifiers_in(parameter: Parameter, text: str) -> list[Candidate]:
    result = []
    for match in parameter.finder.finditer(text) if parameter.finder else ():
        named = not parameter.like_words or _is_named(parameter, match, text)
        if not named and not _stands_out(parameter, match, text):
            continue
        said = match.group().upper() if parameter.upper else match.group()
        forms = (said, said.upper(), said.lower())
        value = next((form for form in forms if not parameter.accepts or parameter.accepts.search(form)), None)
        if value:
            result.append(Candidate(value, *match.span(), named))
    return result


def _is_named(parameter: Parameter, match: re.Match[str], text: str) -> bool:
    """Whether a word is said to be an identifier: "user asmith", "the user id is asmith", "asmith's"."""
    label = parameter.label.split()
    if match.group().lower() in {*STOPWORDS, *label}:
        return False
    before = re.findall(r"\w+", text[: match.start()].lower())[-3:]
    last = before[-1] if before else ""
    owner = text[match.end() : match.end() + 2].lower() in ("'s", "\u2019s")
    return owner or last in label or (last == "is" and not {*label}.isdisjoint(before))


def _stands_out(parameter: Parameter, match: re.Match[str], text: str) -> bool:
    """Whether a word looks unlike those around it: "jdoe1", "MSFT"."""
    said = match.group()
    accepted = parameter.accepts is None or bool(parameter.accepts.search(said))
    return any(map(str.isdigit, said)) or (said.isupper() and accepted and not text.isupper())


def choices(parameter: Parameter, request: Request) -> list[Candidate]:
    """The parameter's values, by their names or synonyms; "all regions" are all, "except AMER" leaves one out."""
    text = request.text
    said = parameter.finder.finditer(text) if parameter.finder else ()
    named = [m for m in said if m.group().lower() not in STOPWORDS or m.group().isupper()]  # "US", but not "us"
    found = [Candidate(parameter.choices[compact(match.group())], *match.span()) for match in named]
    exception = _EXCEPT.search(text)
    left_out = [candidate.value for candidate in found if exception and candidate.start > exception.start()]
    head = re.escape(parameter.label.split()[-1])
    everything = _EVERY.search(text) and re.search(
        rf"{_EVERY.pattern}\s+(?:\w+\s+){{0,2}}{head}(?:s|es)?\b", text, re.I
    )
    if everything and len(found) == len(left_out):
        return [Candidate(value, *everything.span()) for value in parameter.values if value not in left_out]
    return [candidate for candidate in found if candidate.value not in left_out]


def numbers(request: Request, taken: list[tuple[int, int]]) -> list[Candidate]:
    """Numbers that are no part of anything else; "300 and 330 million" are both millions."""
    taken = taken + [(m.start, m.end) for m in request.mentions] + [(q.start, q.end) for q in request.quoted]
    result: list[Candidate] = []
    scale = 1.0
    for match in reversed([m for m in _NUMBER.finditer(request.text) if not overlaps(*m.span(), taken)]):
        own = (match["short"] or match["scale"] or "").lower()
        joined = result and _SAME_SCALE.match(request.text[match.end() : result[0].start])
        scale = _SCALES[own] if own else scale if joined else 1.0
        number = float(match["digits"].replace(",", "")) if match["digits"] else _WORDS[match["word"].lower()]
        number = round(number * scale, 6)
        result.insert(0, Candidate(int(number) if number == int(number) else number, *match.span()))
    return result


def booleans(parameter: Parameter, request: Request) -> list[Candidate]:
    """Yes when the request speaks of what the parameter is named after, no when it rules that out."""
    hit = next((token for token in request.tokens if token.stem in parameter.words - {"includ"}), None)
    return [Candidate(not _NOT.search(request.text[: hit.start]), hit.start, hit.end)] if hit else []


def with_unit(parameter: Parameter, candidate: Candidate, text: str) -> Candidate:
    """A number together with the word after it, when the parameter's documentation has that word: "5 kg"."""
    after = re.match(r"\s?([^\W\d_]+)", text[candidate.end :])
    known = after is not None and stem(after[1].lower()) in parameter.words
    return candidate._replace(end=candidate.end + after.end()) if after and known else candidate


def nearness(parameter: Parameter, candidate: Candidate, text: str) -> int:
    """How close a number stands to words of a parameter: "2 people", "a limit of 5", "under 150 EUR"."""
    after = [stem(word.lower()) for word in re.findall(r"[^\W\d_]+", text[candidate.end :])[:2]]
    before = {stem(word.lower()) for word in re.findall(r"\w+", text[: candidate.start])[-3:]}
    words = parameter.words | {stem(word.lower()) for word in parameter.label.split()}
    points = [3 * (word in words) if place == 0 else int(word in words) for place, word in enumerate(after)]
    limit = "max" in words and bool(before & {"under", "below", "most", "up", "max", "maximum"})
    return sum(points) + 2 * bool(before & words) + 2 * limit
