"""The names between repositories: what a template gives is declared, what is declared is given, and read by somebody.

`delivery/contract.py` of the kit is the declaration. What is given is read from the templates of all kinds; what code
asks for, from its source.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.delivery import names
from agentcore_kit.delivery.contract import CONTRACT, PARAMETER, PEOPLE, REPOSITORY, ROLE, SECRET, declared, table
from agentcore_kit.delivery.given import Given, given
from agentcore_kit.delivery.memory import template as memory

TOP = Path(__file__).parents[1]
SKELETON = TOP / "{{cookiecutter.agent_name}}"
SOURCE = TOP / "kit" / "src" / "agentcore_kit"
PLATFORM = "Platform"
GIVES = {PARAMETER, SECRET, REPOSITORY}
"""What is given to other repositories by its name; roles of the platform itself are its own affair."""

OF_ONE = {
    "/agentops/components/my-agent/preprod/test-users": "an example of what a team names itself in an environment file",
    "/agentops/github/dispatch-token": "an example of what a team names itself in components.yaml",
}
"""What stands in code and crosses no repositories, with the reason."""

LITERAL = re.compile(r"[\"'`]((?:arn:[^\"'`]*)?/agentops/[^\"'`\s]*)[\"'`]")


def templates() -> Iterator[tuple[str, str]]:
    """Yield the kind that a template is of, and its text."""
    for path in sorted(SKELETON.glob("_kinds/*/infra/**/*.yaml")):
        yield path.relative_to(SKELETON / "_kinds").parts[0].capitalize(), path.read_text(encoding="utf-8")
    for kind in ("Agent", "Tool"):
        yield kind, (SOURCE / "delivery" / "published.yaml").read_text(encoding="utf-8")
    spec = MemorySpec.model_validate(
        {
            "eventExpiryDays": 30,
            "strategies": [
                {"type": "semantic", "name": "facts", "description": "facts", "namespaceTemplate": "/facts/{actorId}/"}
            ],
            "consumers": [{"name": "my-agent", "read": ["events"], "write": ["events"]}],
        }
    )
    yield "Memory", memory.text(spec)


def written() -> list[tuple[str, Given]]:
    """Return what all templates give, each with the kind that gives it."""
    return [(kind, one) for kind, text in templates() for one in given(text)]


def undeclared(found: list[tuple[str, Given]]) -> list[str]:
    """Return what is given and not declared as given by that kind."""
    wrong = []
    for kind, one in found:
        name = declared(one.name, one.type)
        if one.type in GIVES and (name is None or kind not in name.given_by):
            wrong.append(f"{kind} gives {one.type} {one.name}")
    return wrong


def test_everything_that_a_template_gives_is_declared() -> None:
    wrong = undeclared(written())
    assert not wrong, wrong


def test_everything_that_is_needed_is_given_by_the_templates_of_who_is_said_to() -> None:
    found = written()
    for name in CONTRACT:
        if name.type in GIVES:
            for kind in name.given_by:
                assert any(
                    name.matches(one.name) or name.name == one.name
                    for of, one in found
                    if (of, one.type) == (kind, name.type)
                ), f"no template of {kind} gives {name.name}"


def test_everything_that_is_given_is_read() -> None:
    assert [name.name for name in CONTRACT if not name.needed_by] == []
    for name in CONTRACT:
        if name.type == PARAMETER and PEOPLE not in name.needed_by:
            assert reading(name.name), f"{name.name} is written, and no code asks for it: remove it, or say PEOPLE"


def reading(name: str) -> list[str]:
    """Return the modules that use the constant or function of `names.py` which has a name."""
    key = next((key for key, value in vars(names).items() if name in _said(key, value)), None)
    assert key, f"{name} is not in delivery/names.py"
    used = re.compile(rf"\bnames\.{key}\b|import [^\n]*\b{key}\b")
    own = {"contract.py", "names.py"}
    files = [path for path in SOURCE.glob("**/*.py") if path.name not in own and "local" not in path.parts]
    return [path.name for path in files if used.search(path.read_text(encoding="utf-8"))]


def _said(key: str, value: object) -> Collection[str]:
    """Return what a constant of `names.py` says, or a function for words in `<…>`: those of its parameters."""
    if inspect.isfunction(value):
        words = [*inspect.signature(value).parameters]
        if words == ["name"]:  # of a guardrail or a gateway
            words = [key.partition("_")[0]]
        if {*words} <= {"component", "environment", "consumer", "gateway", "guardrail"}:
            value = value(*(f"<{word}>" for word in words))
    return value if isinstance(value, tuple) else [value] if isinstance(value, str) else []


def literals() -> Iterator[tuple[str, str]]:
    """Yield the names that stand in code as text, with the file: a part of a name, or one with braces, counts too."""
    for path in sorted(SOURCE.glob("**/*.py")):
        if "local" not in path.relative_to(SOURCE).parts and path.name != "names.py":
            for match in LITERAL.finditer(path.read_text(encoding="utf-8")):
                yield path.name, match[1]


def test_code_has_no_name_that_is_not_declared() -> None:
    """Only examples and what belongs to one repository alone may stand as text; each is a declared name."""
    wrong = []
    for file, text in literals():
        parts = re.split(r"\$?\{+[^{}]*\}+", text.rstrip("/"))
        pattern = re.compile("[^/]+".join(re.escape(part) for part in parts) + "(/.*)?")
        if text not in OF_ONE and not any(pattern.fullmatch(one.name) or one.matches(text) for one in CONTRACT):
            wrong.append(f"{file}: {text}")
    assert not wrong, wrong


@pytest.mark.parametrize("text", ["/agentops/planted/name", "/agentops/identity/planted"])
def test_a_planted_name_is_found(text: str) -> None:
    planted = f"Resources: {{P: {{Type: AWS::SSM::Parameter, Properties: {{Name: {text}}}}}}}"
    assert undeclared([(PLATFORM, one) for one in given(planted)]) == [f"Platform gives {PARAMETER} {text}"]


def test_the_roles_that_others_name_are_made() -> None:
    made = {one.name for _, one in written() if one.type == ROLE}
    assert "agentops-platform-reader" in made


def test_the_table_is_that_of_the_code() -> None:
    text = (TOP / "docs" / "conventions.md").read_text(encoding="utf-8")
    assert table() in text, "docs/conventions.md, under 'Names between repositories':\n" + table()
