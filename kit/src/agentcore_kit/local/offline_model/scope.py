"""What an agent must not do, as its system prompt says under headings such as "Out of scope" or "Escalate"."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from functools import lru_cache

from agentcore_kit.local.offline_model.text import alike, stems

DECLINE, ESCALATE = "decline", "escalate"
_ANYBODY = frozenset(stems("somebody someone anybody everybody everyone nobody"))
"""Whom a limit is about in general: these words are no sign that a request runs into it."""
_HEADING = re.compile(r"^\s*(?:#{1,6}\s*(.*[^\s#])[\s#]*|\*\*(.+?)\*\*:?\s*|([A-Z][\w ']{2,40}):\s*)$")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*)$")
_KINDS = (
    (ESCALATE, re.compile(r"escalat|hand(?:ing)? ?over|hand ?off|to a (?:person|human)|refer", re.I)),
    (
        DECLINE,
        re.compile(r"out[- ]of[- ]scope|\bnot\b|n't\b|cannot|never|declin|refus|forbid|prohibit", re.I),
    ),
)
_QUOTE = r"[\"\u201c]([^\"\u201d]{12,})[\"\u201d]"
_REPLY = re.compile(rf"\b(?:reply|say|answer|respond|tell)\b[^\"\u201c]{{0,40}}{_QUOTE}|:\s*{_QUOTE}\W*$", re.I)
# Who takes over is not what the limit is about: "A disputed figure: refer to the data team."
_CONTACT = re.compile(
    r":\s*(?:please\s+)?(?:refer|contact|call|hand|pass|transfer|connect|send|forward|ask)\b[^\n]*$", re.I
)
# In running text only what the agent does for others counts: "never invent figures" is about its manners.
_NEGATED = re.compile(r"[^.!?\n]*\b(?:(?:should|must|may|do|does|can|will)(?: not|n't)|cannot|never)\b", re.I)
_ACTS = re.compile(
    r"^\W*(?:\w+ ){0,2}?(?:provide|give|offer|discuss|access|execute|modify|change|handle|share|disclose|help|advise"
    r"|book|approve|grant|make|perform|cancel)\b",
    re.I,
)
_OVERRIDE = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}
        \b(?:instructions?|rules?|prompts?|guidelines?|restrictions?|constraints?)\b
    | \b(?:reveal|show|print|repeat|output|display|tell|give|read|write|what(?:'s|\sis|\sare)
        |dump|translate|summari[sz]e)\b.{0,40}\b(?:(?:system|hidden|secret|initial|original|internal)\s(?:\w+\s)?(?:instructions?|rules?|prompts?)
        | your\s(?:\w+\s)?(?:instructions|prompt) | instructions\syou\swere\sgiven)\b
    | \byou\sare\snow\san?\b | \bfrom\snow\son,?\syou\b | \bpretend\s(?:to\sbe|you) | \brole[- ]?play
    | (?:^|\byou\s(?:must|should|will|shall)|\bplease|\bnow),?\s*
        (?:act|behave|speak|answer|talk)\s(?:as|like)\s(?:an?|my|the|if)\b
    | \bjailbreak | \bdeveloper\smode\b | \bDAN\b | \bwithout\s(?:any\s)?(?:rules|restrictions|filters)\b
    """,
    re.I | re.S | re.X,
)


@dataclass(frozen=True)
class Rule:
    """One thing that the prompt tells to decline or to escalate."""

    kind: str
    text: str
    words: frozenset[str]
    phrase: str  # what the prompt says to answer, if it does

    def speaks_of(self, word: str) -> bool:
        """Whether it has a word, in this form or in another; four letters may be short for more."""
        return word in self.words or (
            word[:4] in self._heads
            and any(alike(word, other) or (len(word) == 4 and other.startswith(word)) for other in self.words)
        )

    @functools.cached_property
    def _heads(self) -> frozenset[str]:
        return frozenset(word[:4] for word in self.words)

    @property
    def topic(self) -> str:
        """What it is about, in short."""
        return re.split(r":|\"|\u201c", self.text)[0].strip(" .")


def is_override(text: str) -> bool:
    """Whether a request tries to change the agent's instructions, to read them, or to give it another role."""
    return _OVERRIDE.search(text) is not None


def takes_over(rules: tuple[Rule, ...]) -> Rule | None:
    """The person for whatever no limit names: whom most of the limits name that hand over; None without any."""
    contacts = [rule.text.split(":", 1)[1].strip() for rule in rules if _hands_to_somebody(rule)]
    if contacts:
        contact = max(contacts, key=contacts.count)
        return Rule(ESCALATE, f"somebody wants a person: {contact}", frozenset(), "")
    hands_over = any(rule.kind == ESCALATE for rule in rules)
    phrase = "A person needs to take this over. I cannot connect you myself: please contact the team."
    return Rule(ESCALATE, "somebody wants a person", frozenset(), phrase) if hands_over else None


def _hands_to_somebody(rule: Rule) -> bool:
    return rule.kind == ESCALATE and not rule.phrase and ":" in rule.text


@dataclass
class _Section:
    """A part of a prompt with its bullets; its kind is "" when it sets no limits."""

    kind: str
    bullets: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@lru_cache(maxsize=32)
def read(prompt: str) -> tuple[Rule, ...]:
    """Reads the limits from a system prompt; outside such headings, from sentences like "You should not give ..."."""
    sections = _sections(prompt)
    others = " ".join(line for section in sections if not section.kind for line in section.lines)
    usual = frozenset(stems(others))  # what the prompt speaks of elsewhere too is no sign of a limit
    rules = []
    for section in sections:
        general = _REPLY.search("\n".join(section.lines)) if section.kind == DECLINE else None
        for bullet in section.bullets if section.kind else []:
            reply = _REPLY.search(bullet) or general
            phrase = (reply[1] or reply[2]) if reply else ""
            topic = _CONTACT.sub("", _REPLY.sub("", bullet))
            rules.append(Rule(section.kind, bullet, frozenset(stems(topic)) - usual - _ANYBODY, phrase))
    return tuple(rules)


def _sections(prompt: str) -> list[_Section]:
    sections = [_Section("")]
    for line in prompt.splitlines():
        heading, bullet, section = _HEADING.match(line), _BULLET.match(line), sections[-1]
        if heading:
            title = next(filter(None, heading.groups()))
            sections.append(_Section(next((kind for kind, pattern in _KINDS if pattern.search(title)), "")))
        elif section.kind and bullet:
            section.bullets.append(bullet[1])
        elif section.kind and section.bullets and line.startswith((" ", "\t")):
            section.bullets[-1] += " " + line.strip()
        elif not section.kind:
            limits = _negated(line)
            sections += [_Section(DECLINE, [limit]) for limit in limits] + [_Section("")] * bool(limits)
            line = functools.reduce(lambda rest, limit: rest.replace(limit, " "), limits, line)
        section.lines.append(line)
    return sections


def _negated(line: str) -> list[str]:
    """What sentences such as "You should not access ..." forbid."""
    found = [(sentence, _NEGATED.match(sentence)) for sentence in re.split(r"(?<=[.!?])\s+", line)]
    parts = [sentence[match.end() :].strip() for sentence, match in found if match]
    return [part for part in parts if _ACTS.match(part)]
