"""A share of the callers on the new version: AgentCore's A/B test behind a gateway.

The gateway of the application has two targets for this agent, which the platform makes:
`<component>-<environment>-live` and `…-canary`, each leading to the endpoint of that name. Callers come through the
gateway, which keeps a session with its variant. `C` is what is live, `T1` the new version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from agentcore_kit.delivery import endpoints, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.endpoint_history import Canary
from agentcore_kit.delivery.endpoint_state import EndpointState
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.names import AB_TEST_ROLE, CANARY, LIVE, gateway_arn, snake, stack
from agentcore_kit.delivery.polling import TookTooLong, wait_until
from agentcore_kit.delivery.ssm import required


def name(context: DeploymentContext) -> str:
    """Return the name of the test: that of the runtime, as each has one test at most."""
    return snake(context.component, context.name)


def running(context: DeploymentContext) -> dict[str, Any] | None:
    """Return the test that is under way, None when there is none."""
    for one in _tests(context):
        if one["executionStatus"] != "STOPPED":
            found: dict[str, Any] = context.client("bedrock-agentcore").get_ab_test(abTestId=one["abTestId"])
            return found
    return None


def of(context: DeploymentContext, state: EndpointState) -> Canary | None:
    """Return the canary that is running; one that an older kit began is known by its test alone.

    Args:
        context: The environment.
        state: The state of live.
    """
    if state.canary or not context.manifest.spec.canary_gateway:
        return state.canary
    test, endpoint = running(context), endpoints.state(context, state.runtime.id, CANARY)
    if test is None or endpoint is None or endpoint.live is None:
        return None
    since = began(test)
    same = state.live is not None and state.moved is not None and state.moved <= since
    weights = [one["weight"] for one in test["variants"] if one["name"] == "T1"]
    return Canary(
        version=endpoint.live,
        control=str(state.live) if same else "",  # live was moved after it began: what it was then is not known
        percent=weights[0] if weights else 0,
        since=since.astimezone(UTC).isoformat(timespec="seconds"),
        moved=moved_at(state) if same else "",
    )


def control_changed(state: EndpointState, canary: Canary) -> bool:
    """Return whether callers have, or had meanwhile, another version than the one that a canary is compared with."""
    return moved_at(state) != canary.moved or canary.control != state.live or state.live != state.target


def moved_at(state: EndpointState) -> str:
    """Return when live was moved last, as a canary remembers it."""
    return state.moved.astimezone(UTC).isoformat() if state.moved else ""


def end(context: DeploymentContext, evaluation: str) -> None:
    """Give all callers what is live: end the test and remove it, and judge sessions of the canary no longer.

    Args:
        context: The environment.
        evaluation: The ARN of the canary's online evaluation; empty when there is none.
    """
    for test in list(_tests(context)):
        stop(context, test)
    if evaluation:
        switch(context, evaluation, "DISABLED")


def start(context: DeploymentContext, gateway: str, evaluations: Mapping[str, str], weight: int) -> dict[str, Any]:
    """Start the test with `weight` percent on the new version, or change the weight of the one under way.

    `evaluations` has the ARNs of the online evaluations of `live` and `canary`.
    """
    data = context.client("bedrock-agentcore")
    variants = [
        _variant("C", 100 - weight, f"{context.component}-{context.name}-{LIVE}"),
        _variant("T1", weight, f"{context.component}-{context.name}-{CANARY}"),
    ]
    if known := running(context):
        data.update_ab_test(abTestId=known["abTestId"], variants=variants)
        return known
    for left in _tests(context):  # stopped, perhaps by an interruption; each holds the name until it is gone
        stop(context, left)
    _gone(context, "the A/B test of the canary before", lambda: list(_tests(context)))
    found = required(context, [gateway_arn(gateway), AB_TEST_ROLE])
    made: dict[str, Any] = data.create_ab_test(
        name=name(context),
        gatewayArn=found[gateway_arn(gateway)],
        variants=variants,
        evaluationConfig={
            "perVariantOnlineEvaluationConfig": [
                {"name": "C", "onlineEvaluationConfigArn": evaluations[LIVE]},
                {"name": "T1", "onlineEvaluationConfigArn": evaluations[CANARY]},
            ]
        },
        roleArn=found[AB_TEST_ROLE],
        enableOnCreate=True,
    )
    return made


def stop(context: DeploymentContext, test: Mapping[str, Any]) -> None:
    """End the test and remove it, from wherever an interruption left it: all callers get what is live."""
    data, test_id = context.client("bedrock-agentcore"), test["abTestId"]
    if test["executionStatus"] != "STOPPED":
        data.update_ab_test(abTestId=test_id, executionStatus="STOPPED")
    if test["status"] != "DELETING":
        data.delete_ab_test(abTestId=test_id)


def status(context: DeploymentContext, evaluation: str) -> str:
    """Return whether an online evaluation is ENABLED or DISABLED, by its ARN."""
    control, config = context.client("bedrock-agentcore-control"), evaluation.rpartition("/")[2]
    return str(control.get_online_evaluation_config(onlineEvaluationConfigId=config)["executionStatus"])


def switch(context: DeploymentContext, evaluation: str, wanted: str) -> None:
    """Switch an online evaluation ENABLED or DISABLED, by its ARN."""
    if status(context, evaluation) != wanted:
        control, config = context.client("bedrock-agentcore-control"), evaluation.rpartition("/")[2]
        control.update_online_evaluation_config(onlineEvaluationConfigId=config, executionStatus=wanted)


def extras(context: DeploymentContext) -> list[tuple[str, Callable[[], object]]]:
    """Return what a canary has made that is in no stack: its test, and its endpoint."""
    found: list[tuple[str, Callable[[], object]]] = [
        (f"end the canary's A/B test {test['abTestId']}", partial(stop, context, test)) for test in _tests(context)
    ]
    runtime = stacks.outputs(context, stack(context.component, context.name, "runtime")).get("RuntimeId")
    if runtime and endpoints.state(context, runtime, CANARY):
        found.append((f"delete endpoint {CANARY}", partial(_remove_endpoint, context, runtime)))
    return found


def _remove_endpoint(context: DeploymentContext, runtime_id: str) -> None:
    context.client("bedrock-agentcore-control").delete_agent_runtime_endpoint(
        agentRuntimeId=runtime_id, endpointName=CANARY
    )
    _gone(context, f"endpoint {CANARY}", lambda: endpoints.state(context, runtime_id, CANARY))


def _gone(context: DeploymentContext, what: str, look: Callable[[], object]) -> None:
    """Wait until a look finds nothing any more. Raises CommandError when it stays."""
    try:
        wait_until(look, lambda seen: not seen)
    except TookTooLong:
        raise CommandError(
            f"{what} was deleted but is still there in {context.name}",
            "wait, then type the same again: it goes on where it was; if it stays so, open a case with AWS support",
        ) from None


def _tests(context: DeploymentContext) -> Iterator[dict[str, Any]]:
    """Return all tests of this runtime, in short, the stopped ones too."""
    for page in context.client("bedrock-agentcore").get_paginator("list_ab_tests").paginate():
        yield from (one for one in page["abTests"] if one["name"] == name(context))


def began(test: Mapping[str, Any]) -> datetime:
    """Return when a test began; until it has, when it was made."""
    found: datetime = test.get("startedAt", test["createdAt"])
    return found


def _variant(variant: str, weight: int, target: str) -> dict[str, Any]:
    return {"name": variant, "weight": weight, "variantConfiguration": {"target": {"name": target}}}
