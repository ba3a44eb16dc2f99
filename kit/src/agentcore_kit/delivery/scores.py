"""What online evaluation has judged: scores from the log group of evaluation.yaml, and whether they are too low.

Online evaluation writes each score as an event of OpenTelemetry's conventions. Events have their times, so those since
callers moved to the version that is live are what is judged, and those before are the baseline.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.measurements import Window
from agentcore_kit.delivery.names import LIVE, snake
from agentcore_kit.delivery.significance import Sample, has_dropped, is_below

CHANCE = 0.01
"""How often one run of the monitoring may call chance a loss, over all evaluators. It runs four times a day."""


@dataclass(frozen=True)
class Judged:
    """One score that online evaluation gave."""

    evaluator: str
    value: float
    session: str


@dataclass(frozen=True)
class Limits:
    """When scores are too low.

    Attributes:
        minimum: The mean score, below which they are, whatever it was before.
        max_drop: How far the mean may fall below the baseline.
        min_sample: Judged sessions that it takes.
        chance: How often chance alone may look like a loss.
    """

    minimum: float
    max_drop: float
    min_sample: int
    chance: float


@dataclass(frozen=True)
class Score:
    """What an evaluator has said of sessions, one value a session, lately and before."""

    evaluator: str
    recent: Sample
    before: Sample

    def problem(self, limits: Limits) -> str | None:
        """Return what is wrong with it; None when all is right, or it cannot be told.

        One-sided tests with the standard error of what was sampled, from `limits.min_sample` sessions on: the mean is
        below the minimum (Student's t), or by more than `max_drop` below the baseline (Welch). An evaluator that judges
        each turn gives several scores a session, which are alike: a session's mean is one value.
        """
        if self.recent.size < limits.min_sample:
            return None
        lately = f"{self.evaluator}: {self.recent.mean:.2f} lately ({self.recent.size} sessions)"
        if is_below(self.recent, limits.minimum, limits.chance):
            return f"{lately}, below {limits.minimum:.2f}"
        known = self.before.size >= limits.min_sample
        if known and has_dropped(self.recent, self.before, limits.max_drop, limits.chance):
            return f"{lately}, {self.before.mean:.2f} before ({self.before.size} sessions)"
        return None

    def shown(self, min_sample: int) -> str:
        """Return the figures on one line."""
        few = f", too few to tell: it takes {min_sample}" if self.recent.size < min_sample else ""
        return f"{self.evaluator}: {_shown(self.recent)} lately{few}; {_shown(self.before)} before"


def limits_of(context: DeploymentContext) -> Limits:
    """Return when scores are too low in an environment."""
    settings = context.environment.monitoring
    chance = CHANCE / len(context.environment.online_evaluation.evaluators)
    return Limits(context.environment.alarms.score, settings.max_drop, settings.min_sample, chance)


def recent(context: DeploymentContext, state: EndpointState) -> Window:
    """Return the time that is judged: some hours, but not before callers had moved to the version that is live.

    For some minutes after they moved, sessions of the version before may still be judged.
    """
    settings = context.environment.monitoring
    begin = datetime.now(UTC) - timedelta(hours=settings.recent_hours)
    if state.moved:
        begin = max(begin, state.moved + timedelta(minutes=settings.settling_minutes))
    return Window.since(begin)


def baseline(context: DeploymentContext) -> Window:
    """Return the time that lately is compared with."""
    settings = context.environment.monitoring
    end = datetime.now(UTC) - timedelta(hours=settings.recent_hours)
    return Window(end - timedelta(days=settings.baseline_days), end)


def judged(context: DeploymentContext, runtime_id: str, window: Window) -> list[Judged]:
    """Return the scores of sessions of live in a time; those of canary are in the same log group."""
    pages = context.client("logs").get_paginator("filter_log_events")
    service = f"{snake(context.component, context.name)}.{LIVE}"
    group = f"/agentops/evaluations/{runtime_id}"
    start, end = (int(each.timestamp() * 1000) for each in (window.start, window.end))
    found = []
    for page in pages.paginate(logGroupName=group, startTime=start, endTime=end):
        found += [one for event in page["events"] if (one := _score(event["message"], service))]
    return found


def scores(context: DeploymentContext, lately: Sequence[Judged], before: Sequence[Judged]) -> list[Score]:
    """Return what each evaluator of the environment has said, lately and before."""
    return [
        Score(name, _sample(lately, name), _sample(before, name))
        for name in context.environment.online_evaluation.evaluators
    ]


def _sample(found: Sequence[Judged], evaluator: str) -> Sample:
    sessions = defaultdict(list)
    for number, one in enumerate(found):
        if one.evaluator == evaluator:
            sessions[one.session or str(number)].append(one.value)
    return Sample.of([sum(values) / len(values) for values in sessions.values()])


def _score(message: str, service: str) -> Judged | None:
    """Return the score that an event tells; an evaluation that failed gave none, and there are other events."""
    try:
        event = json.loads(message)
        about = event["attributes"]
        value = float(about["gen_ai.evaluation.score.value"])
        if not _is_of(event, service):
            return None
        return Judged(about.get("gen_ai.evaluation.name", ""), value, about.get("session.id", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_of(event: Mapping[str, Any], service: str) -> bool:
    """Return whether an event is of a service. One that names none counts, as it was not seen that all do."""
    about, resource = event["attributes"], event.get("resource", {}).get("attributes", {})
    named = [about.get("service.name"), about.get("otelServiceName"), resource.get("service.name")]
    named += [event.get("service.name")]
    config = str(about.get("aws.bedrock_agentcore.online_evaluation_config.arn", "")).rpartition("/")[2]
    return not config.startswith("c_") and (not any(named) or service in named)


def _shown(sample: Sample) -> str:
    return f"{sample.mean:.2f} ({sample.size} sessions)" if sample.size else "nothing"
