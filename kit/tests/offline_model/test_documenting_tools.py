"""The pairs of docs/documenting-tools.md: the good documentation is chosen and filled, the bad one is not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.tool_contract.documentation import ELEMENTS, missing
from tests.offline_model.offline_cases import Domain, build_agent, rounds_since

PAGE = (Path(__file__).parents[3] / "docs" / "documenting-tools.md").read_text(encoding="utf-8")


def blocks(label: str) -> list[dict[str, Any]]:
    """The page's blocks with a label."""
    return [yaml.load(text, yaml.BaseLoader) for text in re.findall(rf"```yaml {label}\n(.*?)```", PAGE, re.S)]  # noqa: S506


def tool(about: dict[str, Any]) -> dict[str, Any]:
    """A tool of a pair, as the cases' tools are written."""
    properties = about["parameters"]
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": about["name"], "description": about["description"], "parameters": schema, "result": {"done": "yes"}}


def calls(pair: dict[str, Any], which: str) -> list[Any]:
    """What a pair's request calls, with its good or its bad documentation."""
    tools = [tool(pair[which]), *([tool(pair["beside"])] if "beside" in pair else [])]
    agent = build_agent(Domain("You help customers.", pair.get("today", str(date(2026, 5, 12))), tools, []))
    agent(pair["request"])
    return [call for step in rounds_since(agent, 0) for call in step]


@pytest.mark.parametrize("pair", blocks("pair"), ids=lambda pair: str(pair["request"]))
def test_the_good_documentation_makes_the_call_and_the_bad_does_not(pair: dict[str, Any]) -> None:
    expected = list(pair["call"].items())
    assert calls(pair, "good") == expected
    assert calls(pair, "bad") != expected


@pytest.mark.parametrize("pair", blocks("standard"), ids=lambda pair: str(pair["element"]))
def test_the_standard_names_what_the_bad_documentation_lacks(pair: dict[str, str]) -> None:
    def declared(description: str) -> Any:
        described = {"type": "integer", "description": "Number of the rentals in that month"}
        schema = {"type": "object", "properties": {"rentals": described}}
        return {"name": "countRentals", "description": description, "inputSchema": schema, "outputSchema": schema}

    assert not missing(declared(pair["good"]))
    assert list(missing(declared(pair["bad"]))) == [pair["element"]]


def test_the_page_has_all_elements_and_pairs() -> None:
    assert len(blocks("pair")) >= 7
    assert {pair["element"] for pair in blocks("standard")} == {"returns", "errors"}
    rows = re.findall(
        r"^\| (Clear name|Explicit parameters|Return format|Error conditions|Usage guidance) \|", PAGE, re.M
    )
    assert len(rows) == len(ELEMENTS)
