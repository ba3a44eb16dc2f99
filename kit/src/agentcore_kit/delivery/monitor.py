"""`monitor`: do live sessions score as well as they should? If not, people are asked, and perhaps live goes back.

It also fails when something that it or an alarm relies on has had no data although there was traffic, and says what.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentcore_kit.config.regions import WITHOUT_ONLINE_EVALUATION
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import alarm_rollback, blind_spots, endpoint_state, moves, output, rollback, scores
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.measurements import Endpoint, Window, value
from agentcore_kit.delivery.scores import Judged, Score

WORST = 5
"""So many of the lowest scores are shown to people."""


def report_path() -> Path:
    """Return where what people have to look at is written."""
    return repository_root() / ".local" / "delivery" / "monitor.md"


def report(lines: Sequence[str]) -> None:
    """Write what people have to look at."""
    report_path().parent.mkdir(parents=True, exist_ok=True)
    report_path().write_text("\n".join(lines) + "\n", encoding="utf-8")


def monitor(env: Env = "") -> None:
    """Compare what online evaluation measured with limit and baseline. Exit code 1 when it is worse, 3 when blind."""
    with deployment("monitor", env) as context:
        state = endpoint_state.read(context)
        for line in context.kind.status(context):
            print(f"  {line}")
        if state.live is None:
            output.plan([])
            output.done(f"{env}: nothing is live, so there is nothing to monitor")
            return
        blind = list(_blind_to_requests(context, state))
        said = _judge(context, state, blind)
        if blind:
            _say_blind(context, state, blind)
        output.done(f"{env}: {said}")


def _judge(context: DeploymentContext, state: EndpointState, blind: list[str]) -> str:
    """Judge the scores, act when they are too low, and return how they are; add to what monitoring is blind to."""
    if context.region in WITHOUT_ONLINE_EVALUATION:
        output.plan([])
        return f"AgentCore has no online evaluation in {context.region}; no session is judged"
    window, limits = scores.recent(context, state), scores.limits_of(context)
    lately = scores.judged(context, state.runtime.id, window)
    before = scores.judged(context, state.runtime.id, scores.baseline(context))
    found = scores.scores(context, lately, before)
    for score in found:
        print(f"  {score.shown(limits.min_sample)}")
    blind += _blind_to_scores(context, state, window, found)
    if problems := [text for score in found if (text := score.problem(limits))]:
        _act(context, state, [*problems, *(f"and the monitoring is blind: {one}" for one in blind)], lately)
    output.plan([])
    if not lately:
        return f"no session was sampled since {window.start:%Y-%m-%d %H:%M} UTC"
    if all(score.recent.size < limits.min_sample for score in found):
        return f"too few sessions were judged since {window.start:%Y-%m-%d %H:%M} UTC to tell"
    return "scores are as they should be"


def _blind_to_requests(context: DeploymentContext, state: EndpointState) -> Iterator[str]:
    """Yield what is missing of the metrics of requests, since callers had live or since some hours ago."""
    begin = datetime.now(UTC) - timedelta(hours=context.environment.monitoring.recent_hours)
    window = Window.since(max(begin, state.moved) if state.moved else begin)
    endpoint = Endpoint(context, state.runtime.arn)
    yield from blind_spots.nobody_answered(endpoint, window, context.environment.alarms.errors)
    yield from blind_spots.own_metrics(endpoint, window, "TimeToFirstTokenMs")


def _blind_to_scores(
    context: DeploymentContext, state: EndpointState, window: Window, found: Sequence[Score]
) -> Iterator[str]:
    """Yield that sessions were not judged although enough should have been, or that the score's alarm sees none."""
    endpoint, least = Endpoint(context, state.runtime.arn), context.environment.monitoring.min_sample
    if not any(score.recent.size for score in found):
        sessions = endpoint.of_service("Sessions", "Sum", window) or 0
        share = context.environment.online_evaluation.sampling_percent
        if sessions * share / 100 >= least:
            yield (
                f"{sessions:.0f} sessions since {window.start:%Y-%m-%d %H:%M} UTC and none was judged, although "
                f"{share:g} % should have been: kit online --env {context.name}, then look at the online evaluation's "
                "status in the AgentCore console"
            )
        return
    watched = found[0]  # by the alarm of observability.yaml
    named = {"service.name": endpoint.service_name}
    seen = value(context, endpoint.namespace, watched.evaluator, named, "SampleCount", window)
    if watched.recent.size >= least and not seen:
        yield (
            f"{watched.recent.size} sessions were judged by {watched.evaluator}, and its metric of "
            f"{endpoint.service_name} in namespace {endpoint.namespace} has no data: the alarm on scores cannot go off"
        )


def _say_blind(context: DeploymentContext, state: EndpointState, blind: Sequence[str]) -> None:
    report(
        [
            f"The monitoring of {context.component} in {context.name} is blind; version {state.live} is live:",
            "",
            *(f"- {one}" for one in blind),
            "",
            f"Its own metrics: {blind_spots.OWN_METRICS}.",
        ]
    )
    raise CommandError(
        f"the monitoring is blind: {'; '.join(blind)}; live: version {state.live}",
        f"kit smoke --env {context.name} asks live; {report_path().relative_to(repository_root())} says more",
        COULD_NOT,
    )


def _act(context: DeploymentContext, state: EndpointState, problems: Sequence[str], lately: Sequence[Judged]) -> None:
    """Ask people to look, and put the version before back where the manifest says so and it may be this version's."""
    stays = _reason_to_stay(context, state)
    plan = [] if stays else rollback.plan(context, state)
    output.plan(plan)
    lines = [f"Version {state.live} of {context.component} in {context.name} scores too low:", ""]
    lines += [f"- {problem}" for problem in problems]
    if worst := sorted(lately, key=lambda one: one.value)[:WORST]:
        lines += ["", "| Score | Evaluator | Session |", "|---|---|---|"]
        lines += [f"| {one.value:.2f} | {one.evaluator} | `{one.session}` |" for one in worst]
    lines += [
        "",
        "Please look at these sessions: the log group of the evaluation says why they scored so. What went wrong "
        "becomes a row of the ground truth: `kit row`.",
    ]
    report([*lines, "", f"Nothing was moved: {stays}."] if stays else lines)  # before anything is done
    said = f"nothing was moved: {stays}" if stays else ""
    if not stays:
        output.confirm(context)
        smoke = moves.smoke_if_possible(context, state)
        said = rollback.back(context, state, smoke, f"scores too low: {'; '.join(problems)}", automatic=True)
        report([*lines, "", f"{said[0].upper()}{said[1:]}, as manifest.yaml asks for (spec.rollbackOnDrift)."])
    after = endpoint_state.read(context)
    raise CommandError(
        f"{'; '.join(problems)}; {said}; live: version {after.live}",
        f"read {report_path().relative_to(repository_root())}; kit rollback --env {context.name} goes back",
        GATE_NOT_PASSED,
    )


def _reason_to_stay(context: DeploymentContext, state: EndpointState) -> str | None:
    """Return why callers stay on what is live although it scores too low; None when they are to go back."""
    if not context.manifest.spec.rollback_on_drift:
        return "manifest.yaml asks for no rollback (spec.rollbackOnDrift)"
    if reason := alarm_rollback.not_automatic(context, state):
        return reason
    try:
        rollback.target(context, state)
    except CommandError as none:
        return none.message
    return None
