"""Where a repository says the component's name besides manifest.yaml, and whether it is the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentcore_kit.config.repository import repository_path

_PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    # `kit template-update` generates the template's releases under the name that .cruft.json has.
    ".cruft.json": (("context.cookiecutter.agent_name", r'"agent_name":\s*"(?P<name>[^"]*)"'),),
    "pyproject.toml": (
        ("project.name", r"^\[project\][ \t]*\n(?:(?!\[).*\n)*?name[ \t]*=[ \t]*[\"'](?P<name>[^\"'\n]*)[\"']"),
    ),
}
"""The files that say it, each with its fields and how a field is written."""


@dataclass(frozen=True)
class Mention:
    """One place that says the component's name.

    Attributes:
        file: The file, relative to the repository.
        field: What it is there.
        name: What it says.
        start: Where the name starts in the file's text, in characters.
        line: The line, from 1.
    """

    file: str
    field: str
    name: str
    start: int
    line: int


def mentions() -> Iterator[Mention]:
    """Yield the places besides manifest.yaml that say the component's name; a file that is not there has none."""
    for file, fields in _PLACES.items():
        path = repository_path(file)
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for field, pattern in fields:
            if found := re.search(pattern, text, re.MULTILINE):
                start = found.start("name")
                yield Mention(file, field, found["name"], start, text.count("\n", 0, start) + 1)


def different_names(name: str) -> list[str]:
    """Return which places say another name than manifest.yaml, one line each, and what a rename means.

    Args:
        name: `metadata.name` of manifest.yaml.
    """
    others = [each for each in mentions() if each.name != name]
    if not others:
        return []
    was = others[0].name
    return [
        *(f"{each.file}:{each.line}: {each.field}: is {each.name}, but manifest.yaml says {name}" for each in others),
        f"manifest.yaml:1: metadata.name: everything in AWS stands under this name: stacks, images, registry record, "
        f"history. Delivered as {name}, all of it is made anew, and what {was} has goes on running. Is that meant? "
        f"Write {was} again, commit, then: kit rename {name}. If not, make the names equal",
    ]
