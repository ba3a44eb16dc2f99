"""`monitor`: do the live tools answer within their limits, and does the gateway show them as they are?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import (
    blind_spots,
    endpoint_state,
    endpoints,
    lambda_function,
    output,
    tool_synchronization,
)
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import COULD_NOT, GATE_NOT_PASSED, CommandError
from agentcore_kit.delivery.measurements import Endpoint, Window, value
from agentcore_kit.delivery.monitor import report, report_path
from agentcore_kit.delivery.names import LIVE, snake

HOURS = 6
"""What is looked at: the time since the last run of the workflow."""


def monitor(env: Env = "") -> None:
    """Test the live tools, their errors and latency, and what the gateway shows. Exit code 1 when one is wrong."""
    with deployment("monitor", env) as context:
        for line in context.kind.status(context):
            print(f"  {line}")
        output.plan([])
        requests = _Requests(context)
        problems, blind = list(requests.beyond_limits()), list(requests.blind())
        try:
            if lambda_function.is_chosen(context):
                lambda_function.check(context, lambda_function.deployed(context))
            else:
                context.kind.smoke(context, endpoints.runtime(context).arn, LIVE, token(context))
            problems += [found] if (found := tool_synchronization.differs_from_live(context)) else []
        except CommandError as failure:
            problems.append(failure.message)
        if problems or blind:
            lines = [
                f"{context.component} in {env}, {context.kind.live(context)}:",
                "",
                *(f"- {one}" for one in problems),
                *(f"- the monitoring is blind: {one}" for one in blind),
                *(["", f"Its own metrics: {blind_spots.OWN_METRICS}."] if blind else []),
            ]
            report(lines)
        if problems:
            raise CommandError(
                "; ".join(problems), f"read the dashboard; kit rollback --env {env} goes back", GATE_NOT_PASSED
            )
        if blind:
            said = f"the monitoring is blind: {'; '.join(blind)}; {context.kind.live(context)}"
            raise CommandError(said, f"{report_path().relative_to(repository_root())} says what to do", COULD_NOT)
        said = "the tools answer, within their limits, and the gateway shows them as they are"
        output.done(f"{env}: {said}; {context.kind.live(context)}")


class _Requests:
    """What was measured of requests in the last hours, but not before callers had what is live."""

    def __init__(self, context: DeploymentContext) -> None:
        self.context, self.limits = context, context.environment.alarms
        self.is_function = lambda_function.is_chosen(context)
        begin = datetime.now(UTC) - timedelta(hours=HOURS)
        arn = ""
        if not self.is_function:
            state = endpoint_state.read(context)
            arn, begin = state.runtime.arn, max(begin, state.moved) if state.moved else begin
        self.window = Window.since(begin)
        self.endpoint = Endpoint(context, arn)

    def beyond_limits(self) -> Iterator[str]:
        """Yield what is above the limits of `alarms`."""
        own = self.endpoint.count("Errors", self.window)
        service = self._of_function("Errors") if self.is_function else self._of_service("SystemErrors")
        if own + service >= self.limits.errors * HOURS * 12:  # the limit is for five minutes
            yield f"{own + service:.0f} failed requests in {HOURS} hours, {own:.0f} of them in the tools"
        latency = self.endpoint.own("CallMs", "p95", self.window) or 0.0
        if latency >= self.limits.latency_p95_ms:
            most = self.limits.latency_p95_ms
            yield f"a P95 latency of calls of {latency:.0f} ms in {HOURS} hours, the limit is {most} ms"

    def blind(self) -> Iterator[str]:
        """Yield what has no data although there was traffic."""
        if not self.is_function:
            yield from blind_spots.nobody_answered(self.endpoint, self.window, self.limits.errors)
            yield from blind_spots.own_metrics(self.endpoint, self.window)
            return
        answered = self._of_function("Invocations") - self._of_function("Errors")
        if answered > 0 and not self.endpoint.count("Calls", self.window):
            where = f"{self.endpoint.service_name} in namespace {self.endpoint.namespace}"
            yield f"the function has answered {answered:.0f} calls, and metric Calls of {where} has no data"

    def _of_service(self, metric: str) -> float:
        return self.endpoint.of_service(metric, "Sum", self.window) or 0.0

    def _of_function(self, metric: str) -> float:
        name = {"FunctionName": snake(self.context.component, self.context.name)}
        return value(self.context, "AWS/Lambda", metric, name, "Sum", self.window) or 0.0
