"""The rule that ends a canary: is the new version shown to be no worse than what is live, by sessions enough?

Four things are compared: the scores of online evaluation, how many requests fail, latency and cost, and what users say.
`kit canary --decide` prints each finding and acts on the decision; this module changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agentcore_kit.delivery.canary import began
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.measurements import Endpoint, Window
from agentcore_kit.delivery.names import CANARY, LIVE
from agentcore_kit.delivery.significance import CHANCE, Sample, is_not_worse, is_worse, sessions_needed

Outcome = Literal["promote", "reverse", "wait"]


@dataclass(frozen=True)
class Decision:
    """What the comparison says, with a line for each finding.

    Attributes:
        decision: `promote`, `reverse`, or `wait` for more sessions.
        findings: What was compared, with the figures.
    """

    decision: Outcome
    findings: list[str]


@dataclass(frozen=True)
class Finding:
    """One thing that was compared.

    Attributes:
        outcome: What it asks for by itself: `promote` for no objection.
        text: What was measured, and what it says.
    """

    outcome: Outcome
    text: str


def decide(context: DeploymentContext, test: Mapping[str, Any], runtime_arn: str) -> Decision:
    """Compare the new version with what is live, with the limits of `canary` in the environment file.

    Nothing is decided before each evaluator has judged `canary.minSessions` sessions of both. Then a finding against
    the new version reverses it; it is promoted when each score is shown to be not worse by `canary.margin`; else more
    sessions are needed, and the findings say how many. What has no data on either side is not compared, and said.
    Only requests that fail reverse it earlier, as soon as there are so many requests: what fails is not judged.

    Args:
        context: The environment.
        test: The A/B test, as the service has it.
        runtime_arn: The runtime of both endpoints.
    """
    scores = list(_scores(context, test))
    window = Window.since(began(test))
    live, new = (Endpoint(context, runtime_arn, name) for name in (LIVE, CANARY))
    errors = list(_errors(live, new, window))
    others = [*_latency(live, new, window), *_cost(live, new, window), *_feedback(live, new, window)]
    findings = [*scores, *errors, *others]
    lines = [one.text for one in findings]
    if any(one.outcome == "reverse" for one in errors):
        return Decision("reverse", lines)
    if not _enough(context, test):
        return Decision("wait", lines)
    outcomes = {one.outcome for one in findings}
    order: tuple[Outcome, ...] = ("reverse", "wait", "promote")
    return Decision(next(one for one in order if one in outcomes), lines)


def _judged(test: Mapping[str, Any]) -> dict[str, tuple[Sample, Sample]]:
    """Return the samples of live and of the new version by evaluator, as far as any session was judged."""
    found = {}
    for metric in test.get("results", {}).get("evaluatorMetrics", []):
        results = [one for one in metric["variantResults"] if one["variantName"] == "T1"]
        if results:
            control, new = metric["controlStats"], results[0]
            found[metric["evaluatorArn"].rpartition("/")[2]] = (
                Sample.of_scores(control["sampleSize"], control["mean"]),
                Sample.of_scores(new["sampleSize"], new["mean"]),
            )
    return found


def _enough(context: DeploymentContext, test: Mapping[str, Any]) -> bool:
    judged, least = _judged(test), context.environment.canary.min_sessions
    wanted = context.environment.online_evaluation.evaluators
    return all(name in judged and min(one.size for one in judged[name]) >= least for name in wanted)


def _scores(context: DeploymentContext, test: Mapping[str, Any]) -> Iterator[Finding]:
    judged, limits = _judged(test), context.environment.canary
    wanted = context.environment.online_evaluation.evaluators
    for name in wanted:
        if name not in judged:
            yield Finding("wait", f"{name}: no session of both versions was judged yet")
            continue
        live, new = judged[name]
        told = f"{name}: {live.mean:.3f} live, {new.mean:.3f} new ({live.size} and {new.size} sessions): "
        if min(live.size, new.size) < limits.min_sessions:
            yield Finding("wait", f"{told}too few sessions, each side needs {limits.min_sessions}")
        elif is_not_worse(new, live, limits.margin):
            yield Finding("promote", f"{told}not worse, with a margin of {limits.margin:g}")
        elif is_worse(new, live, CHANCE / len(wanted)):  # the more is compared, the more often chance looks like a loss
            yield Finding("reverse", f"{told}worse")
        else:
            needed = max(sessions_needed(new, live, limits.margin), min(live.size, new.size) + 1)
            yield Finding("wait", f"{told}cannot be told with a margin of {limits.margin:g}; about {needed} are needed")


def _errors(live: Endpoint, new: Endpoint, window: Window) -> Iterator[Finding]:
    """Compare the share of requests that were answered. A version that answers nobody is never judged by a score."""
    least = live.context.environment.canary.min_sessions
    before, after = (_answers(one, window) for one in (live, new))
    if not after.size:
        answered = new.answered(window)
        asked = new.of_service("Invocations", "Sum", window) or 0
        if not answered and asked >= least and live.answered(window):
            yield Finding("reverse", f"requests: the new version has answered none of {asked:.0f}, and live answers")
            return
        if answered:
            blind = f"its own metrics ({new.service_name} in {new.namespace}) have no data"
            yield Finding("wait", f"requests: the new version has answered {answered:.0f}, and {blind}")
            return
    if not before.size or not after.size:
        yield Finding("promote", "requests: not compared, as the component's own metrics have no data")
        return
    bad = min(before.size, after.size) >= least and is_worse(after, before)
    failed = f"{1 - before.mean:.1%} failed live, {1 - after.mean:.1%} new"
    sizes = f"({before.size} and {after.size} requests)"
    yield Finding("reverse" if bad else "promote", f"requests: {failed} {sizes}: {'worse' if bad else 'fine'}")


def _answers(endpoint: Endpoint, window: Window) -> Sample:
    requests = int(endpoint.count("Requests", window))
    answered = max(0.0, requests - endpoint.count("Errors", window))
    return Sample.of_scores(requests, answered / requests if requests else 0.0)


def _latency(live: Endpoint, new: Endpoint, window: Window) -> Iterator[Finding]:
    """Compare the P95 time to the first text; where the component does not measure it, to the end of the answer."""
    what, figures = "P95 time to first token", [one.own("TimeToFirstTokenMs", "p95", window) for one in (live, new)]
    if None in figures:
        what, figures = "P95 latency", [one.of_service("Latency", "p95", window) for one in (live, new)]
    before, after = figures
    if before is None or after is None:
        yield Finding("promote", "latency: not compared, as there is no data")
        return
    most = live.context.environment.canary.max_latency_ratio
    slow = after > before * most
    word = f"too slow, {most:g} times is allowed" if slow else "fine"
    yield Finding("reverse" if slow else "promote", f"{what}: {before:.0f} ms live, {after:.0f} ms new: {word}")


def _cost(live: Endpoint, new: Endpoint, window: Window) -> Iterator[Finding]:
    """Compare what a session costs in USD and tokens; where the Runtime counts no sessions, what a turn does."""
    per = "session"
    units = [one.of_service("Sessions", "Sum", window) for one in (live, new)]
    if not all(units):
        per, units = "turn", [one.own("Turns", "Sum", window) for one in (live, new)]
    if not all(units):
        yield Finding("promote", "cost: not compared, as there is no data")
        return
    counts = [each or 1.0 for each in units]
    ways = {"tokens": ("InputTokens", "OutputTokens"), "USD": ("CostUsd",)}
    most = live.context.environment.canary.max_cost_ratio
    for unit, metrics in ways.items():
        sums = [sum(one.count(metric, window) for metric in metrics) for one in (live, new)]
        before, after = (total / count for total, count in zip(sums, counts, strict=True))
        if not before or not after:
            yield Finding("promote", f"{unit} a {per}: not compared, as there is no data")
            continue
        dear = after > before * most
        word = f"too much, {most:g} times is allowed" if dear else "fine"
        yield Finding("reverse" if dear else "promote", f"{unit} a {per}: {before:.4g} live, {after:.4g} new: {word}")


def _feedback(live: Endpoint, new: Endpoint, window: Window) -> Iterator[Finding]:
    """Compare what users say of answers: the metric Feedback, from 0 to 1."""
    samples = []
    for endpoint in (live, new):
        size = int(endpoint.own("Feedback", "SampleCount", window) or 0)
        total = endpoint.count("Feedback", window)
        samples.append(Sample.of_scores(size, total / size if size else 0.0))
    before, after = samples
    told = f"feedback of users: {before.mean:.2f} live, {after.mean:.2f} new ({before.size} and {after.size}): "
    least = live.context.environment.canary.min_sessions
    if min(before.size, after.size) < least:
        yield Finding("promote", f"{told}not compared, as there are fewer than {least} of both")
        return
    bad = is_worse(after, before)
    yield Finding("reverse" if bad else "promote", f"{told}{'worse' if bad else 'not worse, beyond chance'}")
