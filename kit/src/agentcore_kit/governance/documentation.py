"""How well a record documents a component for those who search the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_kit.governance.records import RegistryEntry
from agentcore_kit.tool_contract.definitions import Definition
from agentcore_kit.tool_contract.documentation import ELEMENTS, missing

FEWEST_CHARACTERS = 20
"""Of a description; what is shorter names a thing and does not say what it does."""


@dataclass(frozen=True)
class Documentation:
    """What a record's documentation has and lacks.

    Attributes:
        needed: How many elements it should have.
        missing: The elements that it lacks, each with what would be right.
    """

    needed: int
    missing: tuple[str, ...]

    @property
    def score(self) -> float:
        """The share of the elements that are there, from 0 to 1."""
        return 1 - len(self.missing) / self.needed


def documentation(entry: RegistryEntry) -> Documentation:
    """Return what a record's documentation has and lacks.

    Of a tool server, these are a description and the five elements of each tool that `kit check` of its repository asks
    for; of an agent, a description and one of each skill; of a memory, a description, and who may use what it keeps.
    """
    found = [("description", _described(entry.description, "the component")), *_elements(entry)]
    return Documentation(len(found), tuple(f"{name}: {problem}" for name, problem in found if problem))


def _elements(entry: RegistryEntry) -> Iterator[tuple[str, str]]:
    match entry.kind:
        case "Tool":
            if not entry.tools:
                yield "tools", "the record lists none"
            for tool in entry.tools:
                lacks = _of_tool(tool)
                yield from ((f"{tool['name']}, {element}", lacks.get(element, "")) for element in ELEMENTS)
        case "Agent":
            skills = _listed(entry.content, "skills")
            if not skills:
                yield "skills", "the record lists none; name what the agent can do under spec.registry.skills"
            for skill in skills:
                yield f"skill {skill.get('id', '')}", _described(skill.get("description"), "the skill")
        case "Memory":
            yield "strategies", "" if _listed(entry.content, "strategies") else "the record does not say what is kept"
            yield "consumers", "" if _listed(entry.content, "consumers") else "the record does not say who may use it"


def _of_tool(tool: Definition) -> Mapping[str, str]:
    """Return the elements that a tool lacks. Its name is without the prefix that a gateway puts before it."""
    try:
        return missing({**tool, "name": tool["name"].rpartition("___")[2]})
    except (ValueError, AttributeError, TypeError, KeyError):  # a record that another program has written
        return dict.fromkeys(ELEMENTS, "the tool's schema cannot be read")


def _described(text: Any, what: str) -> str:
    enough = isinstance(text, str) and len(text.strip()) >= FEWEST_CHARACTERS
    return "" if enough else f"say what {what} does, in {FEWEST_CHARACTERS} characters or more"


def _listed(content: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = content.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
