"""The commands `cloud-dataset`, `cloud-evaluate` and `cloud-batch`. They touch AWS: they say where and what first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from agentcore_kit.config.environment import Environment, environment_name, read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.evaluation import agentcore
from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Dataset, dataset_path, load_dataset
from agentcore_kit.evaluation.http_target import HttpTarget
from agentcore_kit.evaluation.judging_cost import JudgingCost, MaxJudgements, approve, cost_of_sessions
from agentcore_kit.evaluation.results import results
from agentcore_kit.evaluation.runs import COULD_NOT_RUN, CannotRun, exit_codes, find_run, read_run, results_path

Evaluators = Annotated[str, typer.Option(help="Ids of built-in and custom evaluators, joined by commas.")]
RunName = Annotated[str, typer.Option(help="The run whose sessions are judged: a folder of evals/results.")]
Env = Annotated[str, typer.Option(help="The environment: a name that kit environments lists.")]
_DEFAULT = ",".join(agentcore.BUILT_IN)


def cloud_dataset(
    env: Env = "",
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="Rows must be right on this day, YYYY-MM-DD; its environment's, if empty.",
        ),
    ] = None,
) -> None:
    """Upload the rows that a deployed agent can be asked to AgentCore Evaluations, as a new version."""
    with exit_codes():
        environment = _environment(env)
        rows = load_dataset(dataset_path(), own_tools())
        asked = HttpTarget("", "", day.date() if day else environment.day())
        reasons = {row.scenario_id: asked.excludes(row) for row in rows.rows()}
        chosen = [row for row in rows.rows() if reasons[row.scenario_id] is None]
        name = agentcore.dataset_name(load_manifest().metadata.name)
        for reason, number in Counter(filter(None, reasons.values())).items():
            print(f"left out: {number} rows, because {reason}")
        _announce(environment, f"dataset {name} gets a new version of {len(chosen)} rows")
        print("version " + agentcore.upload(_client("bedrock-agentcore-control", environment), name, chosen, print))


def cloud_evaluate(
    env: Env = "",
    run: RunName = "last",
    evaluators: Evaluators = _DEFAULT,
    max_judgements: MaxJudgements = None,
) -> None:
    """Have AgentCore's evaluators judge the sessions of a run against a deployed agent."""
    with exit_codes():
        environment, folder = _environment(env), find_run(run, results_path())
        runtime, sessions, since = _recorded(folder)
        names = _split(evaluators)
        _announce(
            environment,
            f"{len(sessions)} sessions of run {folder.name} are judged by {', '.join(names)}; it is charged",
        )
        levels = agentcore.evaluator_levels(_client("bedrock-agentcore-control", environment), names)
        approve(_cost(folder, sessions, levels, environment), max_judgements)
        data, collect = _client("bedrock-agentcore", environment), agentcore.span_collector(runtime, since)
        scores: dict[str, agentcore.Scores] = {}
        try:
            agentcore.evaluate_sessions(data, levels, sessions, collect, scores)
        finally:  # also of what was interrupted
            _write(folder, scores)
    for name, s in scores.items():
        mean = "no score" if s.mean is None else f"{s.mean:.3f}"
        used = f"{s.input_tokens:,} tokens in and {s.output_tokens:,} out"
        print(f"{name}: {mean} of {len(s.values)}, {len(s.errors)} errors, {used}")
        for error in s.errors[:5]:
            print(f"  {error}")
        if s.ignored:
            print(f"  ignored ground truth: {', '.join(sorted(s.ignored))}")
    if any(s.errors for s in scores.values()):
        raise SystemExit(COULD_NOT_RUN)


def _write(folder: Path, scores: Mapping[str, agentcore.Scores]) -> None:
    """Write what the evaluators said to the run's folder."""
    found = {
        name: {"mean": s.mean, "scores": len(s.values), "errors": s.errors, "judgements": s.judgements,
               "inputTokens": s.input_tokens, "outputTokens": s.output_tokens}
        for name, s in scores.items()
    }  # fmt: skip
    (folder / "agentcore.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def cloud_batch(
    env: Env = "",
    run: RunName = "last",
    evaluators: Evaluators = _DEFAULT,
    service: Annotated[
        str, typer.Option(help="service.name of the agent's spans, when it is not <runtime>.<endpoint>.")
    ] = "",
    max_judgements: MaxJudgements = None,
) -> None:
    """Start a batch evaluation over the sessions of a run against a deployed agent."""
    with exit_codes():
        environment, folder = _environment(env), find_run(run, results_path())
        runtime, sessions, _ = _recorded(folder)
        name = f"{agentcore.dataset_name(load_manifest().metadata.name)[:28]}_{datetime.now(UTC):%Y%m%d%H%M%S}"
        _announce(environment, f"a batch over {len(sessions)} sessions of run {folder.name} starts; it is charged")
        names = _split(evaluators)
        levels = agentcore.evaluator_levels(_client("bedrock-agentcore-control", environment), names)
        approve(_cost(folder, sessions, levels, environment), max_judgements)
        data = _client("bedrock-agentcore", environment)
        for parameters in agentcore.batches(name, runtime, sessions, names, service):
            started = data.start_batch_evaluation(**parameters)
            print(f"{started['batchEvaluationId']}: {started['status']}")


def _recorded(folder: Path) -> tuple[agentcore.Runtime, list[agentcore.Session], datetime]:
    info = read_run(folder)
    runtime = agentcore.Runtime.from_arn(info["target"])
    dataset: Dataset = load_dataset(repository_root() / info["dataset"])
    rows = {row.scenario_id: row for row in dataset.rows()}
    cases = [case for case in results(folder) if case["status"] != "error" and case["id"] in rows]
    sessions = [agentcore.Session(case["session"], rows[case["id"]]) for case in cases]
    if not sessions:
        raise CannotRun(f"run {folder.name} has no session that could be judged")
    return runtime, sessions, datetime.fromisoformat(info["started"])


def _cost(folder: Path, sessions: list[agentcore.Session], levels: Mapping[str, str], environment: Any) -> JudgingCost:
    """Return what judging the sessions of a run will cost in an environment."""
    ids = {session.id for session in sessions}
    cases = (case for case in results(folder) if case["session"] in ids)
    return cost_of_sessions(cases, levels, {name: environment.price(name) for name in levels})


def _environment(name: str) -> Any:
    """Return an environment in AWS. Raises ValueError for a name that is none, and for local."""
    wanted = name or environment_name()
    environment = read_environment(environment_name({"AGENT_ENV": wanted}), load_manifest())
    if environment.account is None:
        raise ValueError(f"{environment.name} has no AWS account; say which environment: --env dev")
    return environment


def _announce(environment: Environment, what: str) -> None:
    """Say which account, where, and what changes; stop when the credentials are of another account."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    print(f"account {environment.account}, region {environment.region}: {what}")
    try:
        account = boto3.client("sts", region_name=environment.region).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise CannotRun(f"no AWS credentials that work: {error}") from None
    if account != environment.account:
        raise CannotRun(f"the credentials are of account {account}, not {environment.account} of {environment.name}")


def _client(service: str, environment: Environment) -> Any:
    return agentcore.client(service, environment.region)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
