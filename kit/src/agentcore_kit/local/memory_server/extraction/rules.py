# ruff: noqa: E501 - tables of patterns, one a line
"""Extraction by rules, not by an LLM: what people say in English of their work and of how they want answers.

Rules cannot understand; they know the common forms of a statement, and leave out what they do not know. So a laptop
and CI can test everything around extraction, and get the same result every time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from agentcore_kit.config.memory import Strategy
from agentcore_kit.local.memory_server.extraction import Change, Message
from agentcore_kit.local.memory_server.extraction.personal import is_personal
from agentcore_kit.local.memory_server.store import Record, words

LABEL = "rules, not an LLM"

_LONGEST = 300
_LONGEST_SENTENCE = 1000
_REQUESTS = 12
"""How many requests a summary names."""

# What preferences are about. Two about the same replace each other: the newer wins.
CATEGORIES: dict[str, str] = {
    "currency": r"euros?|eur|dollars?|usd|pounds?|gbp|sterling|yen|francs?|currency",
    "scale": r"millions?|billions?|thousands?",
    "rounding": r"decimals?|decimal places?|rounded|rounding|whole numbers?",
    "growth": r"percent\w*|basis points|year[- ]on[- ]year|year[- ]over[- ]year|quarter[- ]on[- ]quarter|yoy|qoq",
    "layout": r"tables?|charts?|graphs?|bullets?|bullet points?|lists?|prose|paragraphs?|markdown",
    "length": r"short|brief|concise|detail\w*|long|one[- ]liners?|one sentence|executive summar\w+",
    "language": r"english|german|french|spanish|italian|japanese|language",
    "date format": r"dates?|iso|day[- ]month|month[- ]day",
    "calendar": r"fiscal|calendar (?:year|quarter)s?",
    "region": r"emea|apac|amer|regions?",
    "tone": r"formal\w*|informal\w*|jargon|plain (?:words|language)|casual\w*|friendly",
    "evidence": r"sources?|caveats?|confidence|assumptions?|data limits?|footnotes?",
    "order": r"first|at the top|sorted?|alphabetical\w*|descending|ascending",
    "time": r"mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|mornings?|afternoons?|weekly|daily|monthly",
}
_CATEGORIES = {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in CATEGORIES.items()}

_LEAD = re.compile(
    r"^(?:(?:and|but|so|oh|ok(?:ay)?|hi|hello|thanks|thank you|well|no|yes|sorry|actually|correction|to correct myself"
    r"|i was wrong|i meant|i mean|by the way|btw|also|please|just so you know|fyi|for (?:the record|your information)"
    r"|remember(?: that)?|note(?: that)?|keep in mind(?: that)?|as (?:i said|a reminder)|again|update|one more thing"
    r"|that changed|things changed)\b[\s,:;–-]*)+",
    re.IGNORECASE,
)
_MARKED = re.compile(r"^\W*(?:\w+\W+){0,3}?(?:remember|note|keep in mind|for the record)\b", re.IGNORECASE)
_FROM_NOW_ON = r"(?:from now on|in (?:the )?future|going forward|by default|from here on|as a rule)"
_STYLE = r"(?:figures?|numbers?|amounts?|answers?|repl(?:y|ies)|results?|reports?|summar(?:y|ies)|growth|revenue|values?|units?)"
_DO = (
    r"(?:show|give|use|put|keep|write|report|present|express|round|answer|add|include|state|start|lead|sort|compare"
    r"|send|list|format|convert|quote|mention|explain|avoid|skip|leave|assume|treat|end|begin|order|tell|display)"
)

_PREFERENCES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in [
        (r"my (?:preferred|favou?rite|default|usual|standard) (?P<what>[\w -]{2,30}) (?:is|are)(?: now)? (?P<x>.+)", "Default {what}: {x}"),
        (r"i(?:'d| would)? (?:\w+ly )?prefer(?: to (?:see|get|have|read))? (?P<x>.+)", "Prefers {x}"),
        (r"i(?:'d| would) (?:rather|sooner) (?:see|get|have|read) (?P<x>.+)", "Prefers {x}"),
        (rf"{_FROM_NOW_ON}[, ]+(?:please )?(?:always )?(?P<x>.+)", "Always: {x}"),
        (rf"(?:please )?(?P<x>{_DO}\b.+?)(?<![, ])[, ]+(?:{_FROM_NOW_ON}|every time|always)", "Always: {x}"),
        (rf"(?:please )?always (?P<x>{_DO}\b.+)", "Always: {x}"),
        (rf"(?:please )?(?:never|do not ever|don't ever) (?P<x>{_DO}\b.+)", "Never: {x}"),
        (rf"(?:please )?(?:do not|don't) (?P<x>{_DO}\b.+?) (?:again|any ?more|ever)", "Never: {x}"),
        (r"i (?:always|usually|generally) (?:want|need|like) (?:to see |my )?(?P<x>.+)", "Prefers {x}"),
        (rf"i (?:like|want|need) (?:my |all )?(?P<x>{_STYLE} (?:in|as|with|without|to|rounded|short|brief)\b.+)", "Prefers {x}"),
        (r"(?:whenever|when|every time) i ask (?:about |for )?(?P<what>.+?), (?:please )?(?:always )?(?P<x>.+)", "When asked for {what}: {x}"),
        (rf"(?:please )?keep (?:all |the |your |my )?(?P<x>{_STYLE} .+)", "Prefers {x}"),
        (r"i (?:do not|don't) (?:want|like|need) (?:to see )?(?P<x>.+)", "Does not want {x}"),
        (r"i hate (?P<x>.+)", "Does not want {x}"),
    ]
]  # fmt: skip

_FACTS: list[tuple[re.Pattern[str], str, str]] = [
    (re.compile(pattern, re.IGNORECASE), topic, text)
    for pattern, topic, text in [
        (r"when i (?:say|write|talk about) (?P<t>.{2,40}?),? (?:i|we) (?:mean|am talking about) (?P<x>.+)", "term:{t}", "'{t}' means {x}"),
        (r"(?:by|with) (?P<t>.{2,40}?),? (?:i|we) (?:mean|refer to) (?P<x>.+)", "term:{t}", "'{t}' means {x}"),
        (r"we call (?P<x>.+?) (?P<t>[\"'“‘].{2,40}[\"'”’])", "term:{t}", "'{t}' means {x}"),
        (r"(?P<t>[\"'“‘].{2,40}?[\"'”’]|[A-Z][A-Z0-9&]{1,9}|our [\w -]{3,30}?) (?:means|stands for|is short for|is our (?:word|term|name) for)(?: now)? (?P<x>.+)", "term:{t}", "'{t}' means {x}"),
        (r"the (?:deadline|due date) (?:for|of) (?P<t>.{3,60}?) (?:is|was moved to|moved to|is now)(?: now)? (?P<x>.+)", "due:{t}", "{t} is due {x}"),
        (r"(?:the|my|our) (?P<t>.{3,60}?) is (?:now )?due (?:on |by )?(?P<x>.+)", "due:{t}", "{t} is due {x}"),
        (r"(?:the|my|our) (?P<w>target|budget|goal|forecast) (?:for|of) (?P<t>.{2,60}?) (?:is|are|was raised to|was cut to)(?: now)? (?P<x>.+)", "{w}:{t}", "{w} for {t}: {x}"),
        (r"i(?:'m| am)? (?:now |currently )?(?:also |additionally )(?:working on|work on|leading|lead) (?P<x>.+)", "project:{x}", "Works on {x}"),
        (r"i(?:'m| am|'ve been| have been)? (?:now |currently |just )?(?:working on|work on|leading|lead|assigned to|running) (?P<x>.+)", "project", "Works on {x}"),
        (r"i(?:'ve| have)? (?:just |now )?(?:moved|switched|changed) to (?P<x>(?:the )?project .+|(?:the )?.+ project)", "project", "Works on {x}"),
        (r"my (?:current |new |main )?project is (?:now )?(?:called )?(?P<x>.+)", "project", "Works on {x}"),
        (r"i(?:'m| am|'ve been| have been)? (?:now |just )?(?:also )?(?:in|on|part of|with|joining) (?P<x>(?:the |our )?[\w &-]{2,40}? team)", "team", "Member of {x}"),
        (r"i(?:'ve| have)? (?:just |now )?(?:joined|moved to|work in|work for|changed to) (?P<x>(?:the |our )?[\w &-]{2,40}? (?:team|department|office|unit|desk))", "team", "Member of {x}"),
        (r"i(?:'m| am|'ve)? (?:now |also |currently |just |been )*(?:cover|covering|responsible for|in charge of|look after|looking after|handle|took over|taken over|taking over|own) (?P<x>.+)", "responsibility", "Responsible for {x}"),
        (r"my (?:region|area|remit|market|territory) is (?:now )?(?P<x>.+)", "responsibility", "Responsible for {x}"),
        (r"i(?:'m| am) (?:now )?(?:a|an|the|our) (?P<x>(?:[\w-]+ ){0,4}(?:analyst|controller|manager|accountant|director|officer|lead|economist|planner|auditor)\b.{0,40})", "role", "Works as {x}"),
        (r"(?:my|the) (?:audience|readers?) (?:is|are) (?:now )?(?P<x>.+)", "audience", "Writes for {x}"),
        (r"i (?:present|report) (?:these|this|my figures|the figures|results|it) (?:to|at) (?P<x>.+)", "audience", "Writes for {x}"),
    ]
]  # fmt: skip

_FORGET = re.compile(
    r"\b(?:forget|delete|erase|remove|drop|discard)\b(?: (?:everything|all|anything|what))?"
    r"(?: (?:that |you (?:know|remember|stored|saved) |i (?:told you|said) |of )*)(?:about |that |of )?(?P<x>.*)",
    re.IGNORECASE,
)
_FORGET_ALL = re.compile(
    r"(?:forget|delete|erase|remove|wipe|clear|drop|discard) (?:(?:about )?me"
    r"|(?:all (?:of )?)?my (?:personal )?(?:data|information|info|details|records?|history|profile|memor(?:y|ies))"
    r"|(?:(?:everything|anything|all(?: of it)?|all (?:the )?(?:data|information|records))"
    r"(?: (?:that )?(?:you(?:'ve| have)? (?:know|remember|have|stored|saved|kept|learned)|i(?:'ve| have)? (?:told you|said)))?"
    r"|what(?:ever)? you(?:'ve| have)? (?:know|remember|have|stored|saved|kept|learned))(?: (?:about|of|on) me)?)"
    r"(?:,? (?:please|now))*",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"^(?:(?:can|could|would|will) you|i(?:'d| would)? (?:like|want|need) you to|you (?:should|must|can|may))\s+"
    r"(?:(?:please|kindly|just|now) )*",
    re.IGNORECASE,
)
_NO_LONGER = re.compile(
    r"\bi (?:no longer|don't|do not) (?P<verb>prefer|want|need|like|cover|work on|use|lead|look after)\b(?P<x>.*?)(?: any ?more)?$",
    re.IGNORECASE,
)
_NOT_BUT = re.compile(
    r"^(?:it's|it is|that's|that is|i meant|i mean|make that|it should be) (?P<new>[\w' &-]{2,60}?),? (?:and )?not (?P<old>[\w' &-]{2,60})$",
    re.IGNORECASE,
)
_OFF_RECORD = re.compile(
    r"\b(?:off the record|between (?:you and me|us)|(?:don't|do not|never) (?:remember|store|save|keep|note|record)"
    r"|just (?:this once|for today|for now|for this)|only (?:this once|for today|for now)|this time only|hypothetical\w*"
    r"|suppose|imagine|pretend|for example|e\.g\.|what if|if i (?:were|was|had))\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"^(?:my (?:colleague|boss|manager|team ?mate|predecessor|client|cfo)|the (?:cfo|ceo|board|others?)|somebody|someone|"
    r"he|she|they|people)\b.*\b(?:prefers?|likes?|wants?|says?|said|asked|hates?|needs?)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|;\s+")


class Rules:
    """The extractor of the laptop and of CI."""

    label = LABEL

    def extract(
        self, strategy: Strategy, messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]
    ) -> list[Change]:
        """Return what new messages change."""
        if strategy.kind == "summary":
            return _summary(messages, known)
        if strategy.kind == "episodic":
            return _episodes(messages, earlier, known)
        find = _preferences if strategy.kind == "userPreference" else _facts
        changes: list[Change] = []
        for sentence in _statements(messages):
            if _asks_to_forget(sentence):
                changes = _forgotten(sentence, changes, known)
            else:
                changes += _corrections(sentence, known) or list(find(sentence))
        return changes


def _sentences(text: str) -> Iterator[str]:
    """Yield what is read as a sentence; what is longer is none, and patterns would take seconds for it."""
    found = (" ".join(each.split()) for each in _SENTENCE.split(text))
    yield from (each for each in found if each and len(each) <= _LONGEST_SENTENCE)


def _statements(messages: Sequence[Message]) -> Iterator[str]:
    """Yield what people state: no questions, no personal data, nothing said off the record or of others.

    What they want forgotten is always stated, also as a question or off the record.
    """
    for message in messages:
        if message.role != "USER":
            continue
        private = _OFF_RECORD.search(message.text)
        for text in _sentences(message.text):
            stated = not text.endswith("?") and not is_personal(text) and not _OTHERS.search(_LEAD.sub("", text))
            if _asks_to_forget(text) or (stated and not private):
                yield text[:_LONGEST].rstrip(".!… ")


def _request(sentence: str) -> str:
    """Return what a sentence asks for, without politeness."""
    return _ASKED.sub("", _LEAD.sub("", sentence)).rstrip("?.!… ")


def _asks_to_forget(sentence: str) -> bool:
    return _FORGET.match(_request(sentence)) is not None


def _is_meant(request: str, text: str, topic: str | None = None) -> bool:
    """Return whether a request to forget is about a text: always, or when it says at least half of the words."""
    match = _FORGET.match(request)
    asked = _content(match["x"]) if match else set()
    about = _content(_readable(text)) | _content(topic or "")
    return _FORGET_ALL.fullmatch(request) is not None or (bool(asked) and _overlap(asked, about))


def _forgotten(sentence: str, changes: Sequence[Change], known: Sequence[Record]) -> list[Change]:
    """Return the changes so far without what is to be forgotten, and with what is known of it."""
    said = _request(sentence)
    gone = tuple(each.id for each in known if _is_meant(said, each.text, each.topic))
    kept = [each for each in changes if not each.text or not _is_meant(said, each.text, each.topic)]
    return [*kept, Change(forget=gone)] if gone else kept


def _preferences(sentence: str) -> Iterator[Change]:
    said = _LEAD.sub("", sentence)
    for pattern, form in _PREFERENCES:
        if match := pattern.fullmatch(said):
            values = {name: _clean(value) for name, value in match.groupdict().items()}
            text = form.format(**values)
            categories = [name for name, test in _CATEGORIES.items() if test.search(text)]
            record = {"context": sentence, "preference": text, "categories": categories or ["other"]}
            topic = categories[0] if categories else " ".join(words(values["x"])[:2])
            yield Change(json.dumps(record, ensure_ascii=False), topic)
            return


def _facts(sentence: str) -> Iterator[Change]:
    said = _LEAD.sub("", sentence)
    for pattern, topic, form in _FACTS:
        if match := pattern.fullmatch(said):
            values = {name: _clean(value) for name, value in match.groupdict().items()}
            yield Change(_capital(form.format(**values)), topic.format(**{k: v.lower() for k, v in values.items()}))
            return
    if _MARKED.search(sentence) and said and not list(_preferences(sentence)):
        yield Change(_capital(said), " ".join(words(said)[:3]))


def _corrections(sentence: str, known: Sequence[Record]) -> list[Change]:
    """Return what a sentence corrects or takes back among the known."""
    said = _LEAD.sub("", sentence)
    if match := _NOT_BUT.fullmatch(said):
        old, new = match["old"].strip(), match["new"].strip()
        pattern = re.compile(rf"\b{re.escape(old)}\b", re.IGNORECASE)
        return [Change(pattern.sub(new, each.text), each.topic) for each in known if pattern.search(each.text)]
    match = _NO_LONGER.search(said)
    asked = _content(match["x"]) if match else set()
    gone = [
        each for each in known if asked and _overlap(asked, _content(_readable(each.text)) | _content(each.topic or ""))
    ]
    return [Change(forget=tuple(each.id for each in gone))] if gone else []


def _content(text: str) -> set[str]:
    return {word.removesuffix("s") for word in words(text)} - {"project", "preference", "about", "told", "said", "ha"}


def _overlap(asked: set[str], known: set[str]) -> bool:
    """Return whether at least half of what was asked for is in what is known."""
    return len(asked & known) * 2 >= len(asked)


def _readable(text: str) -> str:
    """Return what a record says, without the form it is kept in."""
    try:
        return str(json.loads(text)["preference"])
    except (ValueError, KeyError, TypeError):
        return text


def _summary(messages: Sequence[Message], known: Sequence[Record]) -> list[Change]:
    """Return the summary of the session with its new requests: one record, which grows."""
    lines = known[0].text.split("\n") if known else []
    for message in messages:
        if message.role != "USER":
            continue
        private = _OFF_RECORD.search(message.text)
        for text in _sentences(message.text):
            if _asks_to_forget(text):
                lines = [line for line in lines if not _is_meant(_request(text), line)]
            elif not private and not is_personal(text) and len(words(text)) > 1:
                lines.append(f"- {text[:_LONGEST]}")
    kept = list(dict.fromkeys(lines))[-_REQUESTS:]
    if not kept:
        return [Change(forget=(known[0].id,))] if known else []
    return [Change("\n".join(kept), "session")]


def _episodes(messages: Sequence[Message], earlier: Sequence[Message], known: Sequence[Record]) -> list[Change]:
    """Return an episode for each answer: what was asked, and how it ended."""
    found: list[Change] = []
    asked = _asked(next((each.text for each in reversed(earlier) if each.role == "USER"), ""))
    for message in messages:
        if message.role == "USER":
            asked = _asked(message.text)
            for sentence in filter(_asks_to_forget, _sentences(message.text)):
                found = _forgotten(sentence, found, known)
        elif message.role == "ASSISTANT" and asked and not is_personal(f"{asked} {message.text}"):
            outcome = _SENTENCE.split(message.text)[0][:_LONGEST]
            episode = {"intent": asked[:_LONGEST], "outcome": outcome}
            found.append(Change(json.dumps(episode, ensure_ascii=False), " ".join(words(asked)[:5])))
            asked = ""
    return found


def _asked(text: str) -> str:
    """Return what a message asks for, as far as it may be remembered: nothing off the record, no request to forget."""
    return "" if _OFF_RECORD.search(text) or any(map(_asks_to_forget, _sentences(text))) else text


def _clean(text: str) -> str:
    return text.strip(" \"'“”‘’.,!").removesuffix(" please").removesuffix(" now").strip(" ,")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
