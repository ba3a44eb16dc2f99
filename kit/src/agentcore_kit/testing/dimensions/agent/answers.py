"""What an agent answers to the rows of a dataset, asked over HTTP and measured as the evaluation measures them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.repository import relative
from agentcore_kit.evaluation.agent_tools import known_tools, own_tools
from agentcore_kit.evaluation.dataset import Dataset, Entry, Row, load_dataset
from agentcore_kit.evaluation.evaluators import (
    Confidentiality,
    Correctness,
    Escalation,
    Goal,
    Groundedness,
    Memory,
    PersonalData,
    Refusal,
    ToolErrors,
    ToolParameters,
    ToolSelection,
)
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.results import CaseResult, results, why
from agentcore_kit.evaluation.runner import Options, run
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.evaluation.summary import summarise
from agentcore_kit.evaluation.thresholds import Check, check_limits, load_thresholds
from agentcore_kit.local.surroundings import Surroundings
from agentcore_kit.testing.agent_client import Client
from agentcore_kit.testing.options import DimensionOptions

EVALUATORS = (
    ToolSelection, ToolParameters, ToolErrors, Correctness, Groundedness, Refusal, Escalation, Confidentiality,
    PersonalData, Goal, Memory,
)  # fmt: skip
"""All that the kit measures, whichever of them the team's own evaluation uses."""

ALWAYS = {"smoke", "regression"}
"""Rows with these tags are asked, however few others are."""

ROWS_OF_A_REAL_MODEL = 5
WORKERS_OF_A_REAL_MODEL = 8
MOST_SHOWN = 10


@dataclass(frozen=True)
class Answers:
    """The conversations of a run.

    Attributes:
        cases: Each conversation with its scores and the reasons for them.
        checks: Each threshold of the file with what was reached, by metric.
        left_out: How many rows could not be asked, a line for each reason.
    """

    cases: list[CaseResult]
    checks: dict[str, Check]
    left_out: list[str] = field(default_factory=list)

    def tagged(self, tag: str) -> list[CaseResult]:
        """Return the conversations whose rows have a tag."""
        return [case for case in self.cases if tag in case["tags"]]

    def categories(self) -> dict[str, list[CaseResult]]:
        """Return the conversations by category."""
        found: dict[str, list[CaseResult]] = defaultdict(list)
        for case in self.cases:
            found[case["category"]].append(case)
        return dict(found)

    def turns(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each turn with the id of its row."""
        for case in self.cases:
            for turn in case["turns"]:
                yield case["id"], turn

    def below(self, metric: str) -> list[CaseResult]:
        """Return the conversations that are not fully right by a metric."""
        return [case for case in self.cases if case["scores"].get(metric, 1.0) < 1]


def described(cases: list[CaseResult], metric: str = "") -> str:
    """Return what is wrong with conversations, a line each."""
    lines = [f"{case['id']}: {case['reasons'].get(metric) or why(case)}" for case in cases[:MOST_SHOWN]]
    if len(cases) > MOST_SHOWN:
        lines.append(f"and {len(cases) - MOST_SHOWN} more")
    return "\n".join(["", *lines])


def ask_rows(
    client: Client,
    options: DimensionOptions,
    path: Path,
    folder: Path,
    thresholds: Path | None = None,
    *,
    around: Surroundings,
) -> Answers:
    """Ask the agent the rows of a dataset that can be asked over HTTP on its day.

    Args:
        client: The agent.
        options: How many rows of each category.
        path: The dataset.
        folder: Where the results are kept.
        thresholds: The file with the thresholds; `evals/thresholds.yaml` where it is left out.
        around: What the agent has around it, where this machine serves it.

    Raises:
        ConfigError: When the dataset, the thresholds or the environment file is wrong.
        AssertionError: When the agent does not answer.
    """
    dataset, limits = load_dataset(path, known_tools()), load_thresholds(thresholds)
    environment = options.environment()
    assert isinstance(environment, AgentEnvironment)
    model = client.ask("What can you do?")["model"]
    offline = model["provider"] == "offline"
    rows = options.rows if options.rows is not None else 0 if offline else ROWS_OF_A_REAL_MODEL
    day, own = environment.day(), own_tools()
    target = HttpTarget(client.url, client.token, day, query=client.query, sign_in=client.sign_in)
    chosen, left_out = _spread(dataset, lambda row: target.excludes(row) or around.lacks(row, own), rows)
    how = Options(
        workers=1 if offline else WORKERS_OF_A_REAL_MODEL,
        keep=lambda entry: entry.id in chosen,
        evaluators=EVALUATORS,
    )
    try:
        asyncio.run(run(dataset, target, folder, how))
    except CannotRun as error:
        raise AssertionError(str(error)) from None
    found = summarise(results(folder), None).total.metrics()
    checks = check_limits(limits.limits(model, environment.name), found)
    lines = [f"{relative(path)}: {len(ids)} rows left out: {reason}" for reason, ids in left_out.items()]
    return Answers(list(results(folder)), {check.metric: check for check in checks}, lines)


def _spread(
    dataset: Dataset, excludes: Callable[[Row], str | None], number: int
) -> tuple[set[str], dict[str, list[str]]]:
    """Return the ids of so many rows of each category, spread over the file, and of those that are always asked.

    Besides, the ids of the rows that cannot be asked, by the reason.
    """
    left_out: dict[str, list[str]] = {}
    askable = set()
    for row in dataset.rows():
        if reason := excludes(row):
            left_out.setdefault(reason, []).append(row.scenario_id)
        else:
            askable.add(row.scenario_id)
    categories: dict[str, list[Entry]] = defaultdict(list)
    for entry in dataset.entries:
        if entry.id in askable:
            categories[entry.category].append(entry)
    chosen = {entry.id for found in categories.values() for entry in found if ALWAYS & {*entry.tags}}
    for found in categories.values():
        step = max(len(found) / number, 1) if number else 1
        chosen |= {found[int(index * step)].id for index in range(min(number or len(found), len(found)))}
    return chosen, left_out
