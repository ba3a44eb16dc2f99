"""`kit add` in the repository of a tool server: what a person would write, with what the kit writes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.authoring.typed import add, contents, lines_lost


def test_a_tool_comes_with_all_that_is_written_of_it(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(repository)
    halls = "Musikverein,Elbphilharmonie,Royal Albert Hall,Concertgebouw,Philharmonie,Suntory Hall"
    typed = ["tool", "getTicketPrice", "--parameter", "concert_hall", "--values", halls]
    assert add(*typed) == 0, capsys.readouterr()
    after = contents(repository)
    new = {"src/tool/ticket_price.py", "src/tool/data/ticket_price.csv", "tests/test_ticket_price.py"}
    assert after.keys() - before.keys() == new
    edited = {"src/tool/tools.py", "evals/dataset.jsonl", "README.md", "docs/tools.md", "tests/contract.json"}
    assert {name for name in before if before[name] != after[name]} == edited
    assert not [line for line in lines_lost(before, after) if line.strip(' {}[],"')]
    row = json.loads(after["evals/dataset.jsonl"].splitlines()[-1])
    assert row["expected_trajectory"] == ["getTicketPrice"]
    assert add(*typed, yes=False) == 0
    assert "nothing to change" in capsys.readouterr().out


def test_a_name_that_means_something_else_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tools = repository / "src/tool/tools.py"
    tools.write_text(tools.read_text() + "\n\nTicketPrice = 1\n")
    before = contents(repository)
    assert add("tool", "getTicketPrice") == 2
    line = len(tools.read_text().splitlines())
    assert f"src/tool/tools.py:{line}: TicketPrice means something else here" in capsys.readouterr().err
    assert add("tool", "getField") == 2
    assert ": Field means something else here" in capsys.readouterr().err
    assert contents(repository) == before


def test_a_secret_and_an_environment(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for typed in (["env", "preprod-eu", "--account", "012345678901"], ["secret", "CRM_KEY", "--env", "dev,preprod-eu"]):
        assert add(*typed) == 0, capsys.readouterr()
        assert add(*typed, yes=False) == 0
    delivery = yaml.safe_load((repository / "manifest.yaml").read_text())["spec"]["delivery"]
    assert delivery == {"development": ["dev", "preprod-eu"]}
    having = [path.stem for path in (repository / "environments").iterdir() if "CRM_KEY" in path.read_text()]
    assert sorted(having) == ["dev", "preprod-eu"]
    assert add("memory", "analyst-memory") == 2, "a tool server uses none"
