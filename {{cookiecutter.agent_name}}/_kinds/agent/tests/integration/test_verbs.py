"""The verbs of the first five minutes, as a person types them. Marked `integration`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.homes import environment_of, home_in

pytestmark = pytest.mark.integration

EMEA = "What's our Q3 revenue in EMEA?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_in(tmp_path_factory.mktemp("agent"))


def ops(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run one verb with what a person types into it."""
    command = [sys.executable, "-m", "ops", *arguments]
    return subprocess.run(
        command, cwd=home, env=environment_of(home), input=typed, capture_output=True, text=True, timeout=60
    )


def test_ask_shows_answer_calls_and_cost_and_trace_shows_how(home: Path) -> None:
    nothing_yet = ops(home, "trace")
    assert nothing_yet.returncode == 1
    assert "make ask" in nothing_yet.stdout
    asked = ops(home, "ask", EMEA)
    assert asked.returncode == 0, asked.stderr
    assert asked.stderr == "", "no noise for a person to wonder about"
    for part in (
        "556.2",
        "getQuarterlyRevenue(region=EMEA, quarter=2026-Q3)",
        "tokens in",
        "offline model, not an LLM",
    ):
        assert part in asked.stdout
    trace = ops(home, "trace").stdout
    for part in ("POST /invocations", "chat", "execute_tool getQuarterlyRevenue", '"region": "EMEA"', "2 model calls"):
        assert part in trace
    assert len(ops(home, "trace", "--list").stdout.splitlines()) == 1


def test_ask_as_json_is_the_response_body(home: Path) -> None:
    body = json.loads(ops(home, "ask", "--json", EMEA).stdout)
    assert body["toolCalls"][0]["input"] == {"region": "EMEA", "quarter": "2026-Q3"}
    assert body["model"]["provider"] == "offline"


def test_without_a_question_it_is_a_chat_that_remembers(home: Path) -> None:
    chat = ops(home, "ask", typed="What was our revenue in EMEA in Q1 2025?\nand APAC?\n\n")
    assert chat.returncode == 0, chat.stderr
    assert "getQuarterlyRevenue(region=APAC, quarter=2025-Q1)" in chat.stdout
    session = chat.stdout.rsplit("SESSION=", 1)[1].strip()
    resumed = ops(home, "ask", "--session", session, "and AMER?")
    assert "getQuarterlyRevenue(region=AMER, quarter=2025-Q1)" in resumed.stdout


def test_a_wrong_file_is_explained_without_a_stack(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    manifest = home / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("kind: Agent", "kind: Agnt"))
    asked = ops(home, "ask", EMEA)
    assert asked.returncode == 2
    assert "manifest.yaml:4: kind:" in asked.stderr
    assert "Traceback" not in asked.stderr
