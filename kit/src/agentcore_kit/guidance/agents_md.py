"""`kit agents-md`: what AGENTS.md tells coding assistants is made of the repository itself, and checked against it.

It is made of the files that are there, the table of README.md of what to change where, the targets of the Makefile, and
the commands of the kit. What a team writes below it in AGENTS.md is its own, and stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from agentcore_kit.cli import GROUPS, Command, commands
from agentcore_kit.config.manifest import KindName, repository_kind
from agentcore_kit.config.repository import repository_path
from agentcore_kit.guidance.agents_rules import FILES, GENERATED, RULES, WHAT, WITH_A_CHANGE

FILE = "AGENTS.md"
BEGIN = "<!-- written by `kit agents-md --write`; what stands below its end is yours -->"
END = "<!-- end of what is written -->"
AGAIN = "then: kit agents-md --write"

_PART = re.compile(f"^{re.escape(BEGIN)}$.*?^{re.escape(END)}$", re.DOTALL | re.MULTILINE)
_TABLE = "| to change |"
_CODE = re.compile(r"`([^`]+)`")
_FOLDER_OR_FILE = re.compile(r"[\w.-]+/[\w./-]*|[\w-]+\.(?:ya?ml|toml|md|jsonl?|py|txt)")
_TARGET = re.compile(r"^(?P<name>[a-z-]+):.*?## (?P<help>.*)$((?:\n\t.*)*)", re.MULTILINE)
_KIT_IN_RECIPE = re.compile(r"/kit (?P<command>[a-z-]+)")


def agents_md(
    write: Annotated[bool, typer.Option("--write", help="Write it anew; what a team wrote below it stays.")] = False,
) -> None:
    """Check what AGENTS.md tells coding assistants, and the table of README.md that it repeats. Exit code 1 if wrong.

    A repository without AGENTS.md, or whose AGENTS.md has no part that the kit writes, is right as it is.
    """
    kind = repository_kind()
    path = repository_path(FILE)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    parts = _PART.findall(before)
    found = list(problems(kind))
    after = rewritten(before, text(kind)) if parts or write else before
    if len(parts) > 1 or any(before.count(mark) != len(parts) for mark in (BEGIN, END)):
        found.append(
            f"{FILE}: what the kit writes must stand once, from {BEGIN} to {END}; put the lines right, {AGAIN}"
        )
    elif write and after != before:
        path.write_text(after, encoding="utf-8")
        print(f"{FILE}: written")
    elif after != before:
        found.append(f"{FILE}: not what README.md, Makefile, the files and the commands say now; kit agents-md --write")
    else:
        print(f"{FILE}: {'up to date' if parts else 'none that the kit writes'}")
    if found:
        print(*found, sep="\n", file=sys.stderr)
        raise SystemExit(1)


def rewritten(before: str, part: str) -> str:
    """Return the text of AGENTS.md with its first part written anew.

    Args:
        before: The text as it is; empty where there is no file.
        part: What the kit writes, from BEGIN to END.
    """
    if _PART.search(before):
        return _PART.sub(lambda _: part, before, count=1)
    return f"{part}\n\n{before}".rstrip() + "\n"


def text(kind: KindName) -> str:
    """Return what the kit writes of this repository, from BEGIN to END."""
    sections = {
        "For coding assistants": [WHAT[kind], *_about()],
        "Where what is": ["| path | what it is |\n|---|---|", *_files()],
        "What to change where": ["\n".join(line for _, line in table())],
        "How to prove a change": _proofs(kind),
        "What not to do": [f"- {rule}" for rule in _rules(kind)],
        "Everyday commands": [f"- `make {name}`: {what}" for name, what in targets(kind)],
        "All other commands": [
            "`.venv/bin/kit COMMAND`; `kit COMMAND --help` says more. Exit codes: 0 done, 1 a gate was not passed, "
            "2 wrong input, 3 it could not be done.",
            *_commands(kind),
        ],
    }
    parts = [
        f"{'#' if number == 0 else '##'} {title}\n\n" + "\n".join(lines)
        for number, (title, lines) in enumerate(sections.items())
        if any(lines)
    ]
    return "\n\n".join([BEGIN, *parts, END])


def table() -> list[tuple[int, str]]:
    """Return the lines of README.md's table of what to change where, each with its number; none if there is none."""
    path = repository_path("README.md")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if line.startswith(_TABLE) or (found and line.startswith("|")):
            found.append((number, line))
        elif found:
            break
    return found


def targets(kind: KindName) -> list[tuple[str, str]]:
    """Return the targets of the Makefile that work in a kind of repository, each with what it does."""
    known = {command.name for command in commands(kind)}
    path = repository_path("Makefile")
    found = _TARGET.finditer(path.read_text(encoding="utf-8") if path.is_file() else "")
    named = ((one["name"], one["help"], {*_KIT_IN_RECIPE.findall(one[3])}) for one in found)
    return [(name, what) for name, what, used in named if not used or used & known]


def problems(kind: KindName) -> Iterator[str]:
    """Yield which rows of README.md's table name a file or a command that is not there."""
    known = {"kit": {command.name for command in commands(kind)}, "make": {name for name, _ in targets(kind)}}
    for number, line in table()[2:]:
        cells = line.split(" | ")
        for named in _CODE.findall(cells[1]) if "which you add" not in line and len(cells) > 1 else ():
            if _FOLDER_OR_FILE.fullmatch(named) and not repository_path(named).exists():
                yield f"README.md:{number}: {named} is not there; correct the row, {AGAIN}"
        for named in _CODE.findall(line):
            program, *words = named.split() or [""]
            typed = words[:1] if program == "kit" else words
            for word in typed if program in known else ():
                if re.fullmatch(r"[a-z-]+", word) and word not in known[program]:
                    yield f"README.md:{number}: there is no `{program} {word}`; correct the row, {AGAIN}"


def _about() -> Iterator[str]:
    yield "Everything here belongs to its team; what makes it run is the package `agentcore-kit`, a wheel that the"
    yield "requirement files pin. `manifest.yaml` says what this component is called and who owns it."
    yield "`.venv/bin/kit reference` prints the public names, commands and fields of the kit, `kit reference WORD` only"
    yield "those that mention a word."


def _files() -> Iterator[str]:
    for paths, what in FILES.items():
        there = [one for one in paths.split() if any(repository_path().glob(one.rstrip("/")))]
        if there:
            yield f"| {', '.join(f'`{one}`' for one in there)} | {what} |"


def _proofs(kind: KindName) -> list[str]:
    every = [name for name in ("check", "test", "eval") if name in {target for target, _ in targets(kind)}]
    names = {command.name for command in commands(kind)}
    found = [
        "`make setup` once, and after a change of the requirement files. It and `make lock` need the network; the rest"
        " does not.",
        f"`make {' '.join(every)}` after every change; all of it must pass, and it is what CI runs. It formats nothing:"
        " `.venv/bin/ruff format` does.",
        WITH_A_CHANGE[kind],
    ]
    if any("| then |" in line for _, line in table()):
        found.insert(
            2,
            "What stands under *then* in the row above that says what you have changed. A command there with `--env`"
            " needs AWS credentials: *What not to do* says which you may run.",
        )
    if "rehearse" in names:
        found.append(
            "What reaches AWS (`infra/`, `environments/`, `.github/workflows/`): `kit rehearse` plays the delivery on"
            " this machine, failures included."
        )
    return [f"{number}. {line}" for number, line in enumerate(found, 1)]


def _rules(kind: KindName) -> Iterator[str]:
    written = [f"`{path}` (`{how}`)" for path, how in GENERATED.items() if repository_path(path).exists()]
    written.append(f"this part of `{FILE}` (`kit agents-md --write`)")
    yield f"Do not edit what a command writes: {', '.join(written)}."
    yield from RULES[kind]


def _commands(kind: KindName) -> Iterator[str]:
    found: list[Command] = list(commands(kind))
    for group in GROUPS:
        if listed := [f"- `kit {one.name}`: {one.help}" for one in found if one.group == group]:
            yield from ["", f"### {group}", "", *listed]
