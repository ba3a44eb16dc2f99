"""The rehearsal's worse version: the same component, but for one image's answers to some questions."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import Component, fakes
from agentcore_kit.local.rehearsal.loosened_thresholds import LATENCY_MS
from agentcore_kit.local.rehearsal.scenes.release import Listener, worse
from agentcore_kit.local.rehearsal.workflow import Step, steps

GOOD, BAD = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
REQUESTS = {
    "first": b'{"prompt": "first", "method": "tools/call", "params": {"name": "first", "arguments": {}}}',
    "second": b'{"prompt": "second", "method": "tools/call", "params": {"name": "second", "arguments": {}}}',
}
REPLY = b'{"answer": "It is 14.5.", "toolCalls": [], "result": {"structuredContent": {"value": 14.5}}}'


def component(_: str, __: Mapping[str, str], ___: bytes) -> Answer:
    return 200, "application/json", REPLY, {}


def test_only_the_worse_image_answers_wrongly_and_only_what_it_is_told() -> None:
    answer = worse(component, BAD, {fakes().question(REQUESTS["second"])})
    assert answer(f"agent@{GOOD}", {}, REQUESTS["second"])[2] == REPLY
    assert answer(f"agent@{BAD}", {}, REQUESTS["first"])[2] == REPLY
    wrong = answer(f"agent@{BAD}", {}, REQUESTS["second"])[2]
    assert wrong != REPLY
    assert wrong == fakes().distorted(REPLY)


@pytest.mark.parametrize(
    ("before", "gate", "expected"),
    [
        (("smoke", "first"), ("first", "second"), {"second"}),
        (("dimensions", "first"), ("first", "second"), {"second"}),
        (("dimensions", "first"), ("first",), {"first"}),  # the dimensions ask all that the evaluation asks
    ],
)
def test_what_is_answered_wrongly_is_what_the_evaluation_alone_asks_if_it_asks_more(
    before: tuple[str, str], gate: tuple[str, ...], expected: set[str]
) -> None:
    stage = SimpleNamespace(component=Component(component, "none"), running="")
    listener = Listener(stage)  # type: ignore[arg-type] # all that a listener needs of it
    command, question = before
    for running, asked in [(command, question), *(("gate", each) for each in gate)]:
        stage.running = running
        assert listener.answer("", {}, REQUESTS[asked])[2] == REPLY
    assert listener.asked_by_the_gate() == {fakes().question(REQUESTS[each]) for each in expected}


def test_what_the_workflow_runs_is_found() -> None:
    typed = [" ".join(step.arguments) for step in steps()]
    assert "compare .local/before --write evals/results/comparison.md --report-only" in typed
    assert next(step.only_with for step in steps() if step.command == "compare") == ".local/before/*/run.json"


WORKFLOW = """
jobs:
  second:
    needs: first
    environment: {name: development}
    env: {WHERE: dev}
    steps:
      - run: .venv/bin/kit identity --env "$WHERE" --shared >> "$GITHUB_OUTPUT"
      - run: .venv/bin/kit build --env "${WHERE}" # as always
      - run: echo "it's done
  first:
    steps:
      - uses: actions/checkout@v1
      - run: kit newer --since "$SINCE"
        env: {SINCE: "${{ github.sha }}"}
"""


def test_a_teams_own_workflow_is_read_as_it_is_written(tmp_path: Path) -> None:
    workflow = tmp_path / "deliver.yml"
    workflow.write_text(WORKFLOW, encoding="utf-8")
    assert steps(workflow) == [
        Step("first", ("newer", "--since", "")),
        Step("second", ("identity", "--env", "dev", "--shared"), "dev", shared=True, environment="development"),
        Step("second", ("build", "--env", "dev"), "dev", shared=True, environment="development"),
    ]


def test_a_busy_machine_is_no_slow_component(tmp_path: Path) -> None:
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    fakes().loosen(copy)
    manifest = load_manifest()
    for name in ("local", "preprod", "prod"):
        before, after = read_environment(name, manifest), read_environment(name, manifest, folder=copy / "environments")
        assert after.alarms.latency_p95_ms == LATENCY_MS  # type: ignore[attr-defined] # of kinds that are served
        assert after.account == before.account
