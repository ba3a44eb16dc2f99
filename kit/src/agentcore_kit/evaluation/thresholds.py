"""Thresholds: `evals/thresholds.yaml`, the latency limit of the environment file, and whether a run meets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.explain import choose
from agentcore_kit.config.loader import Document, Finding, Model, check, parse
from agentcore_kit.config.manifest import KindName, load_manifest, repository_kind
from agentcore_kit.config.repository import repository_root
from agentcore_kit.evaluation.metric import Metric, show
from agentcore_kit.evaluation.metrics import known_metrics


def thresholds_path() -> Path:
    """Return where the thresholds are."""
    return repository_root() / "evals" / "thresholds.yaml"


class Threshold(Model):
    """The least or the most that a metric may be, in the metric's unit (shares from 0 to 1)."""

    min: float | None = Field(default=None, description="the least it may be", examples=[0.95])
    max: float | None = Field(default=None, description="the most it may be", examples=[2000])


Limits = dict[str, Threshold]
Floor = Annotated[float, Field(ge=0, allow_inf_nan=False)]

LATENCY: dict[KindName, str] = {"Agent": "latencyP95", "Tool": "toolLatencyP95"}
"""The metric whose limit is in the environment files, where the alarm and the performance tests have it from too.

Of a memory that limit is one of retrieval, which its evaluation does not measure.
"""


def latency_limit_ms(environment: str) -> float | None:
    """Return the P95 latency limit of an environment: `alarms.latencyP95Ms` of its file, in ms.

    Returns:
        None for a kind whose evaluation has no metric of that latency.

    Raises:
        ConfigError: When the environment file is wrong.
    """
    if repository_kind() not in LATENCY:
        return None
    found: Any = read_environment(environment, load_manifest())
    return float(found.alarms.latency_p95_ms)


class Thresholds(Model):
    """`evals/thresholds.yaml`: limits for the offline model and for real ones, and the floors of changes."""

    offline: Limits = Field(description="the ratchet of the offline model")
    models: Limits = Field(description="limits for every real model")
    environments: dict[str, Limits] = Field(default={}, description="what an environment adds or changes")
    floors: dict[str, Floor] = Field(
        default={}, description="the smallest change of a metric that kit compare counts, in the metric's unit"
    )
    left_out_by_date: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="the share of the rows that may be left out because they mean another day than the target's",
        examples=[0.1],
    )

    def limits(self, model: Mapping[str, Any], environment: str) -> Limits:
        """Return what holds for a model in an environment.

        Args:
            model: Its `provider` and `id`; where the provider is `offline`, the ratchet of the offline model holds.
            environment: The environment's name. Its file has the latency limit.

        Raises:
            ConfigError: When the environment file is wrong.
        """
        if model.get("provider") == "offline":
            found = self.offline
        else:
            found = {**self.models, **self.environments.get(environment, {})}
        limit = latency_limit_ms(environment)
        return found if limit is None else {**found, LATENCY[repository_kind()]: Threshold(max=limit)}

    def floor(self, metric: Metric) -> float:
        """Return the smallest change of a metric that counts, in the metric's unit."""
        return self.floors.get(metric.name, metric.floor)


_NO_PRICES = (
    "are not set here: the kit has dated prices of models; write your own under prices in environments/<name>.yaml, "
    "and remove them here"
)


@dataclass(frozen=True)
class Check:
    """One threshold and what was reached: `met` is None when there was nothing to measure or judge."""

    metric: str
    limit: str
    value: float | None
    met: bool | None


def load_thresholds(path: Path | None = None) -> Thresholds:
    """Return the thresholds.

    Raises:
        ConfigError: with file, line and field of everything that is wrong.
    """
    document = parse(path or thresholds_path())
    prices = document.data.pop("prices", None)  # as files of earlier releases had them
    findings = [*_findings(document), *([(("prices",), _NO_PRICES)] if prices else [])]
    return check(document, Thresholds, findings)


def _findings(document: Document) -> Iterator[Finding]:
    groups: list[tuple[tuple[str, ...], Any]] = [((name,), document.section(name)) for name in ("offline", "models")]
    groups += [(("environments", name), limits) for name, limits in document.section("environments").items()]
    for name in document.section("environments").keys() - set(environment_names()):
        yield ("environments", name), f"there is no environment {name}; {choose(name, environment_names())}"
    for name, floor in document.section("floors").items():
        if name not in known_metrics():
            yield ("floors", name), f"there is no metric {name}; {choose(name, known_metrics())}"
        elif known_metrics()[name].unit == "share" and isinstance(floor, int | float) and floor > 1:
            yield ("floors", name), "is a share; needed: a number from 0 to 1, for example 0.01"
    for path, limits in groups:
        for name, limit in limits.items() if isinstance(limits, dict) else ():
            if name == LATENCY.get(repository_kind()) or (name == "latencyP50" and repository_kind() == "Agent"):
                file = {"offline": "local", "models": "<name>"}.get(path[-1], path[-1])
                yield (*path, name), f"is not set here: the limit is alarms.latencyP95Ms in environments/{file}.yaml"
            elif name not in known_metrics():
                yield (*path, name), f"there is no metric {name}; {choose(name, known_metrics())}"
            elif isinstance(limit, dict) and len(limit.keys() & {"min", "max"}) != 1:
                yield (*path, name), "needs either min or max; for example {min: 0.95}"
            elif isinstance(limit, dict) and known_metrics()[name].unit == "share" and not _is_share(limit):
                yield (*path, name), "is a share; needed: a number from 0 to 1, for example {min: 0.95}"


def _is_share(limit: Mapping[str, Any]) -> bool:
    return all(0 <= value <= 1 for value in limit.values() if isinstance(value, int | float))


def check_limits(limits: Limits, measured: Mapping[str, float | None]) -> list[Check]:
    """Return each threshold with what was reached."""
    checks = []
    for name, limit in limits.items():
        value = measured.get(name)
        bound = limit.min if limit.min is not None else limit.max or 0.0
        words = f"{'≥' if limit.min is not None else '≤'} {show(known_metrics()[name], bound)}"
        met = None
        if value is not None:
            met = value >= bound - 1e-9 if limit.min is not None else value <= bound + 1e-9
        checks.append(Check(name, words, value, met))
    return checks
