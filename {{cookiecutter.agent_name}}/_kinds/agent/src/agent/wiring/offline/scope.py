"""What an agent must not do, as its system prompt says: headings such as "Out of scope" or "Escalate" and their bullets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.wiring.offline.text import stems

DECLINE, ESCALATE = "decline", "escalate"
_HEADING = re.compile(r"^\s*(?:#{1,6}\s*(.+?)\s*#*|\*\*(.+?)\*\*:?|([A-Z][\w ']{2,40}):)\s*$")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.*)$")
_KINDS = (
    (ESCALATE, re.compile(r"escalat|hand(?:ing)? ?over|hand ?off|to a (?:person|human)|refer", re.I)),
    (
        DECLINE,
        re.compile(
            r"out[- ]of[- ]scope|\bnot\b|n't\b|never|declin|refus|forbid|prohibit|off[- ]limits|restriction|cannot",
            re.I,
        ),
    ),
)
_PHRASE = re.compile(r"[\"“]([^\"”]{12,})[\"”]")
_REPLY = re.compile(r"\b(?:reply|say|answer|respond|tell)\b[^\"“]{0,40}[\"“]([^\"”]{12,})[\"”]", re.I)
# In running text only what the agent does for others counts; "never invent figures" is about its manners.
_SENTENCE = re.compile(r"[^.!?\n]*\b(?:should|must|may|do|does|can|will)(?: not|n't)|[^.!?\n]*\bnever", re.I)
_ACTS = re.compile(
    r"^\W*(?:\w+ ){0,2}?(?:provide|give|offer|discuss|access|execute|modify|change|handle|share|disclose|help|advise|book|approve|grant|make|perform|cancel)\b",
    re.I,
)
_OVERRIDE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:instructions?|rules?|prompts?|guidelines?|restrictions?|constraints?|polic(?:y|ies) above)\b"
    r"|\b(?:reveal|show|print|repeat|output|display|tell|give|read|write|what(?:'s| is| are)|dump|translate|summari[sz]e)\b.{0,40}"
    r"\b(?:(?:system|hidden|secret|initial|original|internal) (?:\w+ )?(?:instructions?|rules?|prompts?|messages?)|your (?:\w+ )?(?:instructions|prompt)|instructions you were given)\b"
    r"|\byou are now an?\b|\bfrom now on,? you\b|\bpretend (?:to be|you)|\brole[- ]?play"
    r"|(?:^|\byou (?:must|should|will|shall)|\bplease|\bnow),?\s*(?:act|behave|speak|answer|talk) (?:as|like) (?:an?|my|the|if)\b"
    r"|\bjailbreak|\bdeveloper mode\b|\bDAN\b|\bwithout (?:any )?(?:rules|restrictions|filters)\b",
    re.I | re.S,
)


@dataclass(frozen=True)
class Rule:
    """One thing that the prompt tells to decline or to escalate."""

    kind: str
    text: str
    words: frozenset[str]
    phrase: str  # what the prompt says to answer, if it does

    @property
    def topic(self) -> str:
        """What it is about, in short."""
        return re.split(r":|\"|“", self.text)[0].strip(" .")


def is_override(text: str) -> bool:
    """Whether a request tries to change the agent's instructions, to read them, or to give it another role."""
    return _OVERRIDE.search(text) is not None


@lru_cache(maxsize=32)
def read(prompt: str) -> tuple[Rule, ...]:
    """Reads the limits from a system prompt; outside such headings, from sentences like "You should not provide ..."."""
    rules = []
    for kind, bullets, body in _sections(prompt):
        reply = _REPLY.search(body) if kind == DECLINE else None
        for bullet in bullets:
            phrase = _PHRASE.search(bullet) or reply
            rules.append(Rule(kind, bullet, frozenset(stems(_PHRASE.sub("", bullet))), phrase[1] if phrase else ""))
    return tuple(rules)


def _sections(prompt: str) -> list[tuple[str, list[str], str]]:
    """Sections with a kind: their bullets, and their whole text."""
    found: list[tuple[str, list[str], str]] = []
    kind = ""
    for line in prompt.splitlines():
        heading, bullet = _HEADING.match(line), _BULLET.match(line)
        if heading:
            title = next(filter(None, heading.groups()))
            kind = next((k for k, pattern in _KINDS if pattern.search(title)), "")
            found.append((kind, [], ""))
        elif kind and found:
            _, bullets, body = found[-1]
            if bullet:
                bullets.append(bullet[1])
            elif bullets and line.startswith((" ", "\t")) and line.strip():
                bullets[-1] += " " + line.strip()
            found[-1] = (kind, bullets, f"{body}\n{line}")
        if not kind:
            found += [(DECLINE, [rest], "") for rest in _negated(line)]
    return [section for section in found if section[0]]


def _negated(line: str) -> list[str]:
    parts = [
        sentence[m.end() :].strip()
        for sentence in re.split(r"(?<=[.!?])\s+", line)
        for m in [_SENTENCE.match(sentence)]
        if m
    ]
    return [part for part in parts if _ACTS.match(part)]
