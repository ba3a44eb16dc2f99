"""`monitor`: do live sessions score as well as they should? If not, people are asked, and perhaps live goes back.

Online evaluation judges the sample. It writes each score as an event of OpenTelemetry's conventions into the log
group of evaluation.yaml, and as a metric with the evaluator's name and the dimension service.name. Events have their
times, so those since callers moved to the version that is live are what is judged; the metric is the baseline. Its
dimension is what AWS's own strands-agents-evals writes, and was not seen from the service yet: without it there is no
baseline.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agentcore_kit.config.regions import WITHOUT_ONLINE_EVALUATION
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import endpoints, output, promotion, version_history
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.names import LIVE, snake

WORST = 5
"""So many of the lowest scores are shown to people."""


def report_path() -> Path:
    """Return where what people have to look at is written."""
    return repository_root() / ".local" / "delivery" / "monitor.md"


@dataclass(frozen=True)
class Score:
    """The mean of an evaluator, lately and before; None when nothing was sampled."""

    evaluator: str
    recent: float | None
    baseline: float | None

    def problem(self, minimum: float, max_drop: float) -> str | None:
        """Return what is wrong with it, None when all is right.

        Args:
            minimum: The score below which it is wrong, whatever it was before.
            max_drop: How far below the baseline it may be.
        """
        if self.recent is None:
            return None
        if self.recent < minimum:
            return f"{self.evaluator}: {self.recent:.2f} lately, below {minimum:.2f}"
        if self.baseline is not None and self.recent < self.baseline - max_drop:
            return f"{self.evaluator}: {self.recent:.2f} lately, {self.baseline:.2f} before"
        return None


@dataclass(frozen=True)
class Judged:
    """One score that online evaluation gave."""

    evaluator: str
    value: float
    session: str


def monitor(env: Env = "") -> None:
    """Compare what online evaluation measured with the limit and the baseline. Exit code 1 when it is worse."""
    with deployment("monitor", env) as context:
        if context.region in WITHOUT_ONLINE_EVALUATION:
            output.done(f"{env}: AgentCore has no online evaluation in {context.region}; no session is judged")
            return
        since = judged_from(context)
        judged = judged_since(context, since)
        scores = [measure(context, evaluator, judged) for evaluator in context.environment.online_evaluation.evaluators]
        for score in scores:
            print(f"  {score.evaluator}: {_shown(score.recent)} lately, {_shown(score.baseline)} before")
        minimum, max_drop = context.environment.alarms.score, context.environment.monitoring.max_drop
        problems = [text for score in scores if (text := score.problem(minimum, max_drop))]
        rolls_back = bool(problems) and context.manifest.spec.rollback_on_drift
        output.plan([f"roll {env} back"] if rolls_back else [])
        if problems:
            _act(context, problems, sorted(judged, key=lambda one: one.value)[:WORST], rolls_back=rolls_back)
        if all(score.recent is None for score in scores):
            _must_be_quiet(context, since)
            output.done(f"{env}: no session was sampled since {since:%Y-%m-%d %H:%M} UTC")
            return
        output.done(f"{env}: scores are as they should be")


def measure(context: DeploymentContext, evaluator: str, judged: list[Judged]) -> Score:
    """Return the mean scores of an evaluator: of what was judged lately, and of the metric before."""
    name = snake(context.component, context.name)
    metric = _metric(f"agentops/{name}", evaluator, {"service.name": f"{name}.{LIVE}"})
    values = [one.value for one in judged if one.evaluator == evaluator]
    recent = sum(values) / len(values) if values else None
    begin, days = recent_begin(context), timedelta(days=context.environment.monitoring.baseline_days)
    return Score(evaluator, recent, _statistic(context, metric, "Average", begin - days, begin))


def recent_begin(context: DeploymentContext) -> datetime:
    """Return where the time that is judged begins, and its baseline ends: `monitoring.recentHours` ago."""
    return datetime.now(UTC) - timedelta(hours=context.environment.monitoring.recent_hours)


def judged_from(context: DeploymentContext) -> datetime:
    """Return when what is judged begins: some hours ago, or when callers had moved to the version that is live.

    For some minutes after they moved, sessions of the version before may still be judged.
    """
    begin, live = recent_begin(context), endpoints.state(context, endpoints.runtime(context).id)
    settling = timedelta(minutes=context.environment.monitoring.settling_minutes)
    return max(begin, live.moved + settling) if live else begin


def judged_since(context: DeploymentContext, since: datetime) -> list[Judged]:
    """Return the scores since then."""
    group = f"/agentops/evaluations/{endpoints.runtime(context).id}"
    pages = context.client("logs").get_paginator("filter_log_events")
    found = []
    for page in pages.paginate(logGroupName=group, startTime=int(since.timestamp() * 1000)):
        found += [one for event in page["events"] if (one := _score(event["message"]))]
    return found


def _score(message: str) -> Judged | None:
    """Return the score that an event tells; an evaluation that failed gave none, and there are other events."""
    try:
        about = json.loads(message)["attributes"]
        value = float(about["gen_ai.evaluation.score.value"])
        return Judged(about.get("gen_ai.evaluation.name", ""), value, about.get("session.id", ""))
    except (ValueError, TypeError, KeyError):
        return None


def _must_be_quiet(context: DeploymentContext, since: datetime) -> None:
    """Raise CommandError when there were sessions enough to sample: then it is the monitoring that does not work."""
    about = {
        "Operation": "InvokeAgentRuntime",
        "Resource": endpoints.runtime(context).arn,
        "Name": f"{snake(context.component, context.name)}::{LIVE}",
    }
    now = max(datetime.now(UTC), since + timedelta(minutes=1))
    sessions = _statistic(context, _metric("AWS/Bedrock-AgentCore", "Sessions", about), "Sum", since, now) or 0
    share = context.environment.online_evaluation.sampling_percent
    if sessions * share / 100 >= context.environment.monitoring.min_sample:
        raise CommandError(
            f"{sessions:.0f} sessions since {since:%Y-%m-%d %H:%M} UTC and none was judged, although "
            f"{share:g} % should have been",
            f"kit online --env {context.name}; then look at the online evaluation's status in the AgentCore console",
        )


def _metric(namespace: str, name: str, dimensions: dict[str, str]) -> dict[str, Any]:
    found = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": found}


def _statistic(
    context: DeploymentContext, metric: dict[str, Any], statistic: str, start: datetime, end: datetime
) -> float | None:
    seconds = int((end - start).total_seconds()) // 60 * 60  # whole minutes are what CloudWatch takes
    query = {"Id": "one", "MetricStat": {"Metric": metric, "Period": seconds, "Stat": statistic}}
    found = context.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=end)
    values = found["MetricDataResults"][0]["Values"]
    return float(values[0]) if values else None


def _act(context: DeploymentContext, problems: list[str], worst: list[Judged], *, rolls_back: bool) -> None:
    found = endpoints.runtime(context)
    now = endpoints.state(context, found.id)
    live = now.live if now else None
    lines = [
        f"Version {live} of {context.component} in {context.name} scores too low:",
        "",
        *(f"- {p}" for p in problems),
    ]
    if worst:
        lines += ["", "| Score | Evaluator | Session |", "|---|---|---|"]
        lines += [f"| {one.value:.2f} | {one.evaluator} | `{one.session}` |" for one in worst]
    lines += [
        "",
        "Please look at these sessions: the log group of the evaluation says why they scored so. What went wrong "
        "becomes a row of the ground truth: `kit row`.",
    ]
    _report(lines)  # before anything is done: people hear of it also when that fails
    if rolls_back and version_history.recall(context).before(live):
        output.confirm(context)
        bearer, target = token(context), promotion.rollback_target(context, live)
        promotion.roll_back(context, found, target, lambda name: context.kind.smoke(context, found.arn, name, bearer))
        _report([*lines, "", f"Version {target} is live again, as manifest.yaml asks for (spec.rollbackOnDrift)."])
    after = endpoints.state(context, found.id)
    raise CommandError(
        f"{'; '.join(problems)}; live: version {after.live if after else None}",
        f"read {report_path().relative_to(repository_root())}; kit rollback --env {context.name} goes back",
        GATE_NOT_PASSED,
    )


def _report(lines: list[str]) -> None:
    report_path().parent.mkdir(parents=True, exist_ok=True)
    report_path().write_text("\n".join(lines) + "\n", encoding="utf-8")


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.2f}"
