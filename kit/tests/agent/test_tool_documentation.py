"""`kit tools` of an agent: its own tools are documented as a tool server's are, which `make check` holds."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from strands import Agent, tool
from typer.testing import CliRunner, Result

from agentcore_kit.checks.commands import steps
from agentcore_kit.cli import application
from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.tool_contract import agent_commands
from agentcore_kit.tool_contract.documentation import ELEMENTS
from tests.domains import DOMAINS

Score = Callable[..., Result]

SOURCE = '''
from strands import tool


@tool(name="countParcels")
def count_parcels(depot: str) -> dict:
    """Counts the parcels that wait in one depot.

    Use when the user asks how many parcels wait, are held or are stored.

    Args:
        depot: The depot, e.g. "north" (harbour side), "south" (airport).

    Returns:
        {"parcels": 7}

    Errors:
        404 when there is no such depot: tell the user which ones there are.
    """
    return {"parcels": 7}
'''


def run() -> Result:
    return CliRunner().invoke(application("Agent", {"tools"}), ["tools"])


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch) -> Iterator[Score]:
    """Score an agent whose tools are those of a module that is written into the repository."""
    path = Path("src/agent/parcels.py")
    # Compiled code of the text before would be taken for this one's: same length, written in the same second.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def written(source: str, *others: Any) -> Result:
        path.write_text(source, encoding="utf-8")
        module = _module(path)
        tools = [value for value in vars(module).values() if hasattr(value, "tool_spec")]
        agent = Agent(tools=[*tools, *others], model=OfflineModel())
        monkeypatch.setattr(agent_commands, "bare_agent", lambda: agent)
        return run()

    yield written
    path.unlink(missing_ok=True)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("parcels", path.resolve())
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tools_that_a_repository_starts_with_have_all_elements(pytestconfig: pytest.Config) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert re.search(r"documentation   [34] tools, each 5 of 5 elements", result.output)
    assert "not scored" not in result.output
    assert DOMAINS[pytestconfig.getoption("starter")].tool in Path("src/agent/tools.py").read_text(encoding="utf-8")


def test_it_is_a_step_of_the_check() -> None:
    assert "tools" in [step.name for step in steps()]


@pytest.mark.parametrize(
    ("old", "new", "element", "said"),
    [
        ('"countParcels"', '"getData"', "name", "does not say what it is about"),
        ('The depot, e.g. "north" (harbour side), "south" (airport).', "Depot.", "parameters", "depot needs a"),
        ("Returns:", "Example:", "returns", "say what comes back"),
        ("404 when", "When", "errors", "say which errors there are"),
        ("Use when", "For when", "when to use", "say when to use it"),
    ],
)
def test_a_missing_element_is_named_with_file_and_line(
    score: Score, old: str, new: str, element: str, said: str
) -> None:
    assert element in ELEMENTS
    assert score(SOURCE).exit_code == 0
    result = score(SOURCE.replace(old, new))
    assert result.exit_code == 1
    name = "getData" if element == "name" else "countParcels"
    assert re.match(rf"src/agent/parcels\.py:5: {name}: {element}: .*{said}.* \(4 of 5 elements\)\n$", result.output)


def test_two_tools_that_one_request_would_select_are_named(score: Score) -> None:
    twin = (
        SOURCE.replace("countParcels", "sumParcels")
        .replace("def count_", "def sum_")
        .replace("from strands import tool", "")
    )
    result = score(SOURCE + twin)
    assert result.exit_code == 1
    assert "what countParcels is for would also select sumParcels; say in both what tells them apart" in result.output


def test_a_description_that_models_would_cut(score: Score) -> None:
    result = score(SOURCE.replace("Counts the parcels", "Counts the parcels " * 60))
    assert result.exit_code == 1
    assert "allowed are 1024" in result.output


def test_a_pair_with_a_tool_of_a_gateway_is_a_warning(score: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = Path("manifest.yaml")
    before = manifest.read_text(encoding="utf-8")
    recording = Path("evals/gateways/depots.json")
    text = str(_described(SOURCE))
    listed = {"name": "depots___countParcels", "description": text, "inputSchema": {"properties": {}}}
    recording.parent.mkdir(exist_ok=True)
    try:
        recording.write_text(json.dumps({"tools": [listed], "calls": []}), encoding="utf-8")
        manifest.write_text(re.sub(r"(?m)^    gateways: .*$", "    gateways: [depots]", before), encoding="utf-8")
        result = score(SOURCE)
    finally:
        manifest.write_text(before, encoding="utf-8")
        recording.unlink()
    assert result.exit_code == 0, result.output
    assert "warning: what countParcels is for would also select depots___countParcels" in result.output


def _described(source: str) -> str:
    return source.partition('"""')[2].partition('"""')[0]


def test_a_tool_of_another_package_is_not_scored(score: Score) -> None:
    @tool(name="calculator")
    def calculator(expression: str) -> str:
        """Evaluates."""
        return expression

    result = score(SOURCE, calculator)
    assert result.exit_code == 0, result.output
    assert "not scored, as they are not of this repository: calculator" in result.output
    assert "1 tools" in result.output
