"""`kit reference`: what of the kit a repository may use, read from docstrings, options and the models of its files.

Public names are read from the kit's source, without importing their modules.
`kit/llms.txt` is the same text of all kinds.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from agentcore_kit.cli import ALL, COMMANDS, application
from agentcore_kit.guidance.public_interface import FILES, NAMES
from agentcore_kit.guidance.source import definitions

TITLE = "agentcore-kit"
SUMMARY = (
    "Serves, tests, evaluates and delivers agents, tools, memories and their platform on Amazon Bedrock AgentCore."
)
ABOUT = """What is listed here is public and follows semantic versioning: what is to go warns for a minor version before
it does. Everything else in the package may change with any version."""

PYTHON, COMMAND, FILE = "Python", "Commands", "Files"
_EXPLAINED = {
    PYTHON: "What the code of a repository imports.",
    COMMAND: "Exit codes of all: 0 done, 1 a gate was not passed, 2 wrong input, 3 it could not be done.",
    FILE: "What each field is, its default, an example. `[]` is an item of a list, `NAME` a name of the team's own.",
}
"""The sections, in order, each with what stands below its heading."""


@dataclass(frozen=True)
class Entry:
    """One public thing.

    Attributes:
        section: PYTHON, COMMAND or FILE.
        name: What a reader looks for: a name to import, a command, a file.
        text: All that there is to say of it, as Markdown.
        kinds: The kinds of repository that it is for.
    """

    section: str
    name: str
    text: str
    kinds: tuple[str, ...]


def reference(
    about: Annotated[str, typer.Argument(help="Only what mentions this: a name, a command, a file, a field.")] = "",
) -> None:
    """Print the public names, commands and fields of the kit that a repository of this kind may use, as Markdown."""
    from agentcore_kit.config.manifest import KINDS, repository_kind
    from agentcore_kit.config.repository import MANIFEST, repository_path

    kinds = (repository_kind(),) if repository_path(MANIFEST).is_file() else KINDS
    found = [mention for one in entries(*kinds) if (mention := about_only(one, about))]
    if not found:
        print(f"error: nothing public mentions {about!r}\nnext:  kit reference, which prints all", file=sys.stderr)
        raise SystemExit(2)
    print(page(found) if not about else "\n\n".join(one.text for one in found))


def entries(*kinds: str) -> Iterator[Entry]:
    """Yield the public names, commands and files of some kinds of repository, in the order of the page."""
    yield from _names(kinds)
    yield from _commands(kinds)
    yield from _files(kinds)


def about_only(entry: Entry, about: str) -> Entry | None:
    """Return an entry, of a file only the fields that mention something; None when nothing of it does."""
    wanted = about.lower()
    if wanted in entry.name.lower():
        return entry
    if entry.section == FILE:
        heading, *lines = entry.text.splitlines()
        fields = [line for line in lines if wanted in line.lower()]
        return Entry(entry.section, entry.name, "\n".join([heading, "", *fields]), entry.kinds) if fields else None
    return entry if wanted in entry.text.lower() else None


def page(found: list[Entry]) -> str:
    """Return entries as a page in the form of llms.txt: title, summary, a list of contents, sections."""
    parts = [f"# {TITLE}", f"> {SUMMARY}", ABOUT, "Contents; `kit reference NAME` prints only what mentions a name:"]
    names = {section: dict.fromkeys(one.name for one in found if one.section == section) for section in _EXPLAINED}
    parts.append("\n".join(f"- {section}: {', '.join(listed)}" for section, listed in names.items() if listed))
    for section, explained in _EXPLAINED.items():
        if texts := [one.text for one in found if one.section == section]:
            parts += [f"## {section}", explained, *texts]
    return "\n\n".join(parts)


def _for(kinds: tuple[str, ...]) -> str:
    """Return for which kinds of repository something is, after its name; nothing for all."""
    return "" if set(kinds) == set(ALL) else f" ({', '.join(kind.lower() for kind in kinds)})"


def _names(kinds: tuple[str, ...]) -> Iterator[Entry]:
    for group in NAMES:
        if not {*kinds} & {*group.kinds}:
            continue
        for name, found in definitions(group.module, group.names).items():
            text = f"### `{group.module}.{name}`{_for(group.kinds)}\n\n    {found.signature}\n\n{found.documentation}"
            parts = [text]
            for method in found.methods:
                parts.append(f"`{method.signature}`: {method.documentation}")
            yield Entry(PYTHON, f"{group.module}.{name}", "\n\n".join(parts), group.kinds)


def _commands(kinds: tuple[str, ...]) -> Iterator[Entry]:
    """Yield the commands, one that several kinds share once."""
    from typer.main import get_command

    for kind in kinds:
        mine = [one for one in COMMANDS if next((each for each in kinds if each in one.kinds), None) == kind]
        group: Any = get_command(application(kind, {one.name for one in mine}))
        for one in mine:
            command = group.commands[one.name]
            usage = " ".join([f"kit {one.name}", *(_argument(each) for each in command.params if _is_argument(each))])
            lines = [f"### `{usage}`{_for(one.kinds)}", "", inspect.cleandoc(command.help), ""]
            lines += [f"- `{_given(each)}`: {each.help}" for each in command.params if each.name != "help"]
            yield Entry(COMMAND, f"kit {one.name}", "\n".join(lines).rstrip(), one.kinds)


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _argument(parameter: Any) -> str:
    name = str(parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _given(parameter: Any) -> str:
    """Return how a parameter is typed: `--env`, `--offline/--online`, or the name of an argument."""
    return _argument(parameter) if _is_argument(parameter) else "/".join([*parameter.opts, *parameter.secondary_opts])


def _files(kinds: tuple[str, ...]) -> Iterator[Entry]:
    from agentcore_kit.guidance.fields import fields

    for file in FILES:
        if {*kinds} & {*file.kinds}:
            lines = [f"- `{one.path}`: {one.said}" for one in fields(file.model())]
            text = "\n".join([f"### `{file.path}`{_for(file.kinds)}", "", *lines])
            yield Entry(FILE, file.path, text, file.kinds)
