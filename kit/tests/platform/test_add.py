"""`kit add policy`: a Cedar policy, and rows of the table that show whom it lets in and whom not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.authoring.typed import add, contents, lines_lost

WORDS = ["policy", "treasury", "--tool", "market-data___getMarketData", "--role", "treasurer"]


def test_a_policy_comes_with_its_rows(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(repository)
    assert add(*WORDS) == 0, capsys.readouterr()
    after = contents(repository)
    assert after.keys() - before.keys() == {"policies/treasury.cedar"}
    assert {name for name in before if before[name] != after[name]} == {"policies/decisions.yaml"}
    assert not lines_lost(before, after)
    rows = yaml.safe_load(after["policies/decisions.yaml"])["decisions"][-2:]
    assert [(row["claims"].get("role"), row["allowed"], row.get("by")) for row in rows] == [
        ("treasurer", True, ["treasury"]),
        (None, False, None),
    ]
    assert add(*WORDS, *WORDS[2:4], yes=False) == 0, "a tool that is named twice is one"
    assert contents(repository) == after
    policy = repository / "policies/treasury.cedar"
    policy.write_text("// Why, in our words." + policy.read_text().partition(".")[2])
    assert add(*WORDS, yes=False) == 0
    assert add(*WORDS[:-1], "auditor") == 2
    assert "policies/treasury.cedar:1: is there already and says something else" in capsys.readouterr().err


def test_what_another_policy_forbids_is_not_written(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(repository)
    given = ["--arguments", '{"region": "EMEA", "dataType": "customers"}', "--role", "junior-analyst"]
    assert add(*WORDS[:4], *given) == 2
    assert "market_customers forbids it" in capsys.readouterr().err
    assert add("policy", "treasury", "--tool", "market-data___getMarketdata", "--role", "x") == 2
    assert "did you mean market-data___getMarketData?" in capsys.readouterr().err
    table = repository / "policies/decisions.yaml"
    table.write_text("decisions: []\n")
    assert add(*WORDS) == 2
    assert "policies/decisions.yaml:1: no place for decisions" in capsys.readouterr().err
    table.write_bytes(before["policies/decisions.yaml"])
    assert contents(repository) == before
