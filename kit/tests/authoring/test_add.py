"""`kit add` in an agent: what a person would write, shown first, green afterwards, and nothing when typed again."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.authoring.typed import add, contents, lines_lost
from tests.domains import DOMAINS


def test_a_tool_comes_with_documentation_test_and_row(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(repository)
    typed = [
        "tool",
        "getTicketPrice",
        "--parameter",
        "concert_hall",
        "--values",
        "Musikverein,Elbphilharmonie,Royal Albert Hall",
    ]
    assert add(*typed) == 0, capsys.readouterr()
    after = contents(repository)
    new = {"src/agent/ticket_price.py", "src/agent/data/ticket_price.csv", "tests/test_ticket_price.py"}
    assert after.keys() - before.keys() == new
    assert {name for name in before if before[name] != after[name]} == {"src/agent/tools.py", "evals/dataset.jsonl"}
    assert len(lines_lost(before, after)) == 1, "only the list of the tools is another line"
    row = json.loads(after["evals/dataset.jsonl"].splitlines()[-1])
    assert row["metadata"]["expect"][0][0]["calls"] == [
        {"name": "getTicketPrice", "input": {"concert_hall": "Musikverein"}}
    ]
    explained = subprocess.run(
        [sys.executable, "-m", "agentcore_kit", "ask", "What is the ticket price of Elbphilharmonie?"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "111.5" in explained.stdout
    capsys.readouterr()
    assert add(*typed, yes=False) == 0
    assert "nothing to change" in capsys.readouterr().out
    (repository / "src/agent/data/ticket_price.csv").unlink()  # as a team does that has a service
    assert add(*typed, yes=False) == 0


def test_a_tool_that_another_one_would_be_taken_for_is_not_written(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (repository / "src/agent/tools.py").read_text()
    use = re.findall(r"Use when the user asks ([^.:,]+)", text)[0].replace("\n", " ")
    before = contents(repository)
    assert add("tool", "findSomethingElse", "--use", use) == 1
    assert "would also select" in capsys.readouterr().err
    assert contents(repository) == before
    assert add("tool", "findSomethingElse", "--use", use, "--not-yet") == 0, "it is the team that decides"
    assert "src/agent/something_else.py" in contents(repository).keys() - before.keys()


def test_a_tool_is_not_placed_in_a_file_that_was_changed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tools = repository / "src/agent/tools.py"
    tools.write_text(tools.read_text().replace("TOOLS: list[AgentTool] = [", "TOOLS = tuple(x for x in ["))
    tools.write_text(tools.read_text().rstrip().removesuffix("]") + "])\n")
    line = len(tools.read_text().splitlines())
    before = contents(repository)
    assert add("tool", "getTicketPrice") == 2
    assert f"src/agent/tools.py:{line}: no place for get_ticket_price" in capsys.readouterr().err
    assert contents(repository) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tool", "ticket"], "is not a verb and a noun"),
        (["tool", "createTicket"], "would change something"),
        (["tool", "getYield"], "its module cannot be called yield"),
        (["tool", "getPrice", "--values", "a,a"], "each once"),
        (["tool", "getPrice", "--url", "x"], "--url is not for tool"),
        (["env", "../x"], "is no name of an environment"),
        (["env", "other"], "--like"),
        (["secret", "crm"], "is no name of an environment variable"),
        (["secret", "AWS_KEY"], "reserved name"),
        (["env", "prod-x", "--region", "nowhere"], "environments/prod-x.yaml:6: region"),
        (["eval-row", "Hello?"], "not said what is right"),
        (["eval-row", "Hello?", "--call", "x {"], "is no call"),
        (["eval-row", "Hello?", "--outcome", "decline", "--category", "x"], "metadata.category"),
        (["memory", "No Name"], "is no name"),
        (["toll", "x"], "did you mean tool?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_typed_wrongly_changes_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    before = contents(repository)
    assert add(*words) == 2
    assert said in capsys.readouterr().err
    assert contents(repository) == before


def test_a_row_is_written_when_the_agent_answers_so(
    repository: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    domain = DOMAINS[request.config.getoption("starter")]
    call = f"{domain.tool} {json.dumps(domain.asked.input)}"
    question = f"Please tell me: {domain.asked.question}"
    before = contents(repository)
    assert add("eval-row", question, "--call", call, "--figure", "1234567.5") == 1
    assert contents(repository) == before
    assert add("eval-row", question, "--call", call, "--mention", "zorblax") == 1
    assert contents(repository) == before
    right = ("--call", call, "--figure", domain.figure, "--mention", f"zorblax|{domain.figure}")
    assert add("eval-row", question, *right, "--tags", "own") == 0
    assert add("eval-row", question, *right, yes=False) == 0
    rows = (repository / "evals/dataset.jsonl").read_text().splitlines()
    assert [json.loads(row)["turns"][0]["input"] for row in rows].count(question) == 1
    capsys.readouterr()
    assert add("eval-row", question, "--outcome", "decline") == 2
    assert f"evals/dataset.jsonl:{len(rows)}: row " in capsys.readouterr().err


def test_what_an_agent_uses_and_where_it_runs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(repository)
    typed = [
        ["gateway", "market-data", "--url", "http://127.0.0.1:8123/mcp"],
        ["memory", "analyst-memory"],
        ["guardrail", "company-default"],
        ["env", "prod-us", "--region", "us-east-1", "--account", "012345678901"],
        ["secret", "CRM_KEY", "--secret", "crm/key#text"],
    ]
    for words in typed:
        assert add(*words) == 0, capsys.readouterr()
    after = contents(repository)
    for words in typed:
        assert add(*words, yes=False) == 0
    assert contents(repository) == after
    spec = yaml.safe_load(after["manifest.yaml"])["spec"]
    assert (spec["tools"], spec["memory"], spec["guardrail"]) == (
        {"gateways": ["market-data"]}, "analyst-memory", "company-default",
    )  # fmt: skip
    assert spec["delivery"] == {"production": ["prod", "prod-us"]}
    made = yaml.safe_load(after["environments/prod-us.yaml"])
    assert (made["name"], made["region"], made["account"]) == ("prod-us", "us-east-1", "012345678901")
    assert made["secrets"] == {"CRM_KEY": "crm/key#text"}
    local = yaml.safe_load(after["environments/local.yaml"])
    assert local["gateways"] == {"market-data": "http://127.0.0.1:8123/mcp"}
    assert local["memory"] == {"id": "analyst_memory-localstore", "endpoint": "http://127.0.0.1:8090"}
    lost = [line.split("#")[0].split(":")[0].strip() for line in lines_lost(before, after)]
    assert sorted(lost) == ["gateways", "gateways", "guardrail", "memory"]
    assert add("memory", "other-memory") == 2
    assert "spec.memory is 'analyst-memory' already" in capsys.readouterr().err
    assert contents(repository) == after


def test_nothing_is_written_without_a_yes(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(repository)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert add("guardrail", "company-default", yes=False) == 3
    told = capsys.readouterr()
    assert "\n+  guardrail: company-default\n" in told.out
    assert "nobody can be asked here" in told.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, code in (("n", 2), ("y", 0)):
        monkeypatch.setattr("builtins.input", lambda _, said=answer: said)
        assert contents(repository) == before
        assert add("guardrail", "company-default", yes=False) == code
    assert contents(repository) != before
