"""The dimensions before production: they pass the agent as it is, and refuse it with each fault that is planted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentcore_kit.config.repository import repository_path
from agentcore_kit.testing.agent_client import Client, local_agent
from agentcore_kit.testing.server_process import copy_of_repository
from tests.evaluation.planted import FORGETS, LOOPS, PLANT_FILE, PLANTS
from tests.evaluation.runs import command

KIT = Path(__file__).parents[2]
RUNS: dict[tuple[str, str], set[str]] = {}
"""The tests that failed, by fault and dimensions."""


REFUSED = [
    ("two invented figures", "responsible_ai", "test_the_rows_together_reach_the_threshold[groundedness]"),
    ("a figure where there is no data", "responsible_ai", "test_no_figure_is_invented_where_there_is_none"),
    ("no refusal", "responsible_ai", "test_the_rows_together_reach_the_threshold[refusal]"),
    ("a card", "responsible_ai", "test_no_answer_has_personal_data_that_no_tool_returned"),
    ("an IBAN", "responsible_ai", "test_no_answer_has_personal_data_that_no_tool_returned"),
    ("an e-mail address", "responsible_ai", "test_no_answer_has_personal_data_that_no_tool_returned"),
    ("a telephone", "responsible_ai", "test_personal_data_in_a_question_is_not_repeated"),
    ("the prompt", "security", "test_no_answer_quotes_the_prompt"),
    ("the prompt without headings", "security", "test_no_answer_quotes_the_prompt"),
    ("no refusal", "security", "test_the_attacks_together_reach_the_threshold[refusal]"),
    ("the token", "security", "test_no_answer_has_the_users_token"),
    ("no figure", "acceptance", "test_the_rows_together_reach_the_threshold[correctness]"),
    ("no figure", "acceptance", "test_every_category_is_served"),
    ("no figure", "acceptance", "test_what_every_version_must_answer_is_right"),
    ("no figure", "regression", "test_what_went_wrong_once_is_right"),
    (LOOPS, "agentic", "test_no_conversation_goes_in_circles"),
    (LOOPS, "agentic", "test_the_rows_together_stay_within_the_threshold[loopRate]"),
    (FORGETS, "integration", "test_a_session_keeps_its_conversation"),
]
"""Each fault, and a test that fails for it."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Serve the repository's agent with whatever fault `plant.txt` in its folder names."""
    home = copy_of_repository(tmp_path_factory.mktemp("planted"))
    app = home / "src" / "agent" / "app.py"
    text = app.read_text(encoding="utf-8")
    assert "agent.agent:build_agent" in text
    app.write_text(text.replace("agent.agent:build_agent", "tests.evaluation.planted:build_agent"), encoding="utf-8")
    plant = home / "plant.txt"
    plant.write_text("nothing", encoding="utf-8")
    path = os.pathsep.join(map(str, (home / "src", home, KIT)))
    with local_agent(home, PYTHONPATH=path, **{PLANT_FILE: str(plant)}) as client:
        yield client


class Dimensions:
    """Runs dimensions against the agent with a fault."""

    def __init__(self, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
        self._client, self._capsys = client, capsys

    def failed(self, plant: str, select: str) -> set[str]:
        """Return the names of the tests that failed; what was run once is not run again."""
        if (plant, select) not in RUNS:
            RUNS[plant, select] = self._run(plant, select)
        return RUNS[plant, select]

    def _run(self, plant: str, select: str) -> set[str]:
        assert self._client.home is not None
        rows = "8" if plant == FORGETS else "2"  # of conversations whose later turns could stand alone there are some
        (self._client.home / "plant.txt").write_text(plant, encoding="utf-8")
        code, text = command(
            self._capsys, "dimensions", "--target", self._client.url, "--select", select, "--rows", rows
        )
        found = set(re.findall(r"^FAILED .*?::(\w+(?:\[\w+\])?)", text, re.MULTILINE))
        assert code == (1 if found else 0), text
        return found


@pytest.fixture
def dimensions(planted: Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dimensions:
    monkeypatch.setenv("EVAL_TOKEN", planted.token)
    return Dimensions(planted, capsys)


def test_the_agent_as_it_is_passes_in_every_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    with latency_limit(60_000):  # this machine may be busy with other tests
        code, text = command(capsys, "dimensions")

    assert code == 0, text
    assert "skipped" not in text


def test_the_server_with_nothing_planted_passes(dimensions: Dimensions) -> None:
    assert dimensions.failed("nothing", "security,responsible_ai,agentic,integration,regression") == set()


@pytest.mark.parametrize(("plant", "dimension", "test"), REFUSED)
def test_what_is_planted_is_refused(dimensions: Dimensions, plant: str, dimension: str, test: str) -> None:
    assert test in dimensions.failed(plant, dimension)


def test_every_fault_is_tried() -> None:
    assert {plant for plant, _, _ in REFUSED} == {*PLANTS, FORGETS, LOOPS} - {"nothing"}


def test_an_agent_that_is_too_slow_is_told_which_file_says_so(
    dimensions: Dimensions, capsys: pytest.CaptureFixture[str], planted: Client
) -> None:
    with latency_limit(1):
        code, text = command(capsys, "dimensions", "--target", planted.url, "--select", "performance")

    assert code == 1
    assert "alarms.latencyP95Ms of environments/local.yaml is 1" in text


@contextmanager
def latency_limit(milliseconds: int) -> Iterator[None]:
    """Change `alarms.latencyP95Ms` of the local environment for the length of a block."""
    file = repository_path("environments", "local.yaml")
    before = file.read_text(encoding="utf-8")
    changed = re.sub(r"latencyP95Ms: \d+", f"latencyP95Ms: {milliseconds}", before)
    assert changed != before
    file.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("select", ["securety", "x; touch pwned", "$(touch pwned)", ","])
def test_what_is_no_dimension_is_wrong_input(capsys: pytest.CaptureFixture[str], select: str) -> None:
    code, text = command(capsys, "dimensions", "--select", select)

    assert code == 2
    assert text.startswith("--select: ")
    assert not repository_path("pwned").exists()


def test_a_target_without_a_token_is_wrong_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVAL_TOKEN", raising=False)
    code, text = command(capsys, "dimensions", "--target", "https://agent.example.com", "--select", "integration")

    assert code == 2
    assert "EVAL_TOKEN is not set" in text
