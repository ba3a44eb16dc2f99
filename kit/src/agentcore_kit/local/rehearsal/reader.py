"""A reader of what commands print: each line is compared with the state of the emulated AWS before and after.

A table of sentences says what each line means. A line that no sentence knows fails the rehearsal, so that nothing is
printed unread: it gets an entry in one of the modules of the package `sentences`, with what compares it, or as one
that claims nothing of the state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentcore_kit.cli import commands
from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Call, Cloud
from agentcore_kit.local.rehearsal.callers import place_of


@dataclass(frozen=True)
class Told:
    """A command that has ended, with what was there before it and what is there now.

    Attributes:
        command: Its name.
        arguments: All that was typed after `kit`.
        environment: The environment that it acted in; None for a command without one.
        code: Its exit code.
        before: The emulated AWS before it.
        after: The emulated AWS now.
        environments: All environments of the repository by name.
        calls: The calls of AWS that it has made.
    """

    command: str
    arguments: tuple[str, ...]
    environment: Environment | None
    code: int
    before: Cloud
    after: Cloud
    environments: Mapping[str, Environment]
    calls: Sequence[Call] = ()

    @property
    def place_before(self) -> AccountRegion:
        """The account and region of its environment, as they were before it."""
        assert self.environment is not None
        return place_of(self.before, self.environment)

    @property
    def place(self) -> AccountRegion:
        """The account and region of its environment, as they are now."""
        assert self.environment is not None
        return place_of(self.after, self.environment)


Check = Callable[[Told, re.Match[str]], str | None]
"""Compares a sentence with the state; returns what is so instead, None when it is true."""


@dataclass(frozen=True)
class Sentence:
    """One form of a line.

    Attributes:
        form: What the whole line matches.
        check: What compares it; None for a line that claims nothing of what is deployed.
        commands: The commands that print it; empty for any.
    """

    form: re.Pattern[str]
    check: Check | None = None
    commands: tuple[str, ...] = ()


TABLE: list[Sentence] = []
"""All sentences; the first that matches counts."""


def sentence(form: str, *commands: str) -> Callable[[Check], Check]:
    """Register what compares a sentence.

    Args:
        form: A regular expression for the whole of it.
        commands: The commands that print it; none for any.
    """

    def register(check: Check) -> Check:
        TABLE.append(Sentence(re.compile(form), check, commands))
        return check

    return register


def says_nothing(*forms: str, commands: tuple[str, ...] = ()) -> None:
    """Register forms that claim nothing of what is deployed: headings, questions, what to do next."""
    TABLE.extend(Sentence(re.compile(form), None, commands) for form in forms)


UNREAD = ("dimensions", "compare", "notes", "environments")
"""Commands whose lines are not read: reports of tests, of an evaluation, of Git, and a list of the manifest's."""

REPORTS = ("gate",)
"""Commands that print a report of an evaluation as well: of theirs only the lines are read that are marked."""

_LOGGED = re.compile(r"(\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\] | {20})")
"""What begins the lines of a library's log, which is no message of a command."""

_ASKED = re.compile(r"(?<=name to go on: )")
"""Where a command waits for an answer: what it prints then stands in the same line, as nothing echoes the answer."""

_NEXT = ("next:  ", "      ")
"""What begins a line with what to do next, and the lines that go on with it."""

_MARKS = (*_NEXT, "= ", "… ", "  - ", "error: ", "  ")


def untrue(output: str, told: Told) -> list[str]:
    """Return what is wrong in what a command has printed: each line that is not so, and each that nobody knows.

    Args:
        output: All that it printed.
        told: The command, with the states before and after it.
    """
    if told.command in UNREAD:
        return []
    found = []
    for line in _ASKED.sub("\n", output).splitlines():
        line = line.rstrip()
        if _LOGGED.match(line) or (told.command in REPORTS and not line.startswith(("= ", "… ", "error: "))):
            continue
        mark = next((each for each in _MARKS if line.startswith(each)), "")
        said = line.removeprefix(mark).strip()
        if told.environment:
            said = said.removeprefix(f"{told.environment.name}: ")
        if line and (problem := _read(line, said, mark, told)):
            found.append(problem)
    return found


QUOTED: list[re.Pattern[str]] = []
"""What a message quotes of a service's or a component's own words: it is cut out before the rest is read."""


def quotes(*forms: str) -> None:
    """Register what quotes words of others, with what they follow."""
    QUOTED.extend(re.compile(form) for form in forms)


def _read(line: str, said: str, mark: str, told: Told) -> str | None:
    if mark in _NEXT:
        unknown_commands = set(re.findall(r"\bkit ([a-z][a-z-]+)", said)) - {
            command.name for command in commands(repository_kind())
        }
        return f"{line!r} names a command that is none: {', '.join(unknown_commands)}" if unknown_commands else None
    for quoted in QUOTED:
        said = quoted.sub("", said).strip("; ")
    if not said:
        return None
    unknown = []
    whole = _checked(said, told)
    if whole is not _UNKNOWN:
        return f"{line!r}: {whole}" if whole else None
    for clause in re.split(r"; ", said):
        result = _checked(clause, told)
        if result is _UNKNOWN:
            unknown.append(clause)
        elif result:
            return f"{line!r}: {result}"
    if not unknown:
        return None
    return f"no sentence of the table knows {'; '.join(unknown)!r} of kit {' '.join(told.arguments)}: {line!r}"


_UNKNOWN = "?"


def _checked(said: str, told: Told) -> str | None:
    """Return what is so instead of a sentence, None when it is true, and `_UNKNOWN` when no entry knows it."""
    for entry in TABLE:
        if (not entry.commands or told.command in entry.commands) and (match := entry.form.fullmatch(said)):
            return entry.check(told, match) if entry.check else None
    return _UNKNOWN
