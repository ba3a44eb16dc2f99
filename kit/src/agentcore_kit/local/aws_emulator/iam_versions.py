"""What the deployed version of a component may do in AWS: the execution role must allow what the version says it needs.

The container itself runs elsewhere in a rehearsal, or not at all, so its calls are asked for here, with its request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentcore_kit.delivery.rights import VARIABLE
from agentcore_kit.local.aws_emulator.iam import Caller, Denial
from agentcore_kit.local.aws_emulator.iam_conditions import as_list
from agentcore_kit.local.aws_emulator.iam_policies import Request, trusts

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion

_INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
_REMEMBER = ("bedrock-agentcore:CreateEvent", "bedrock-agentcore:RetrieveMemoryRecords")
_USER = {"bedrock-agentcore:actorid": "user-1", "bedrock-agentcore:sessionid": "session-1"}


def denial(place: AccountRegion, role: str, resource: str, variables: Mapping[str, str]) -> Denial | None:
    """Return the first thing that a version needs and its execution role does not allow; None when it allows all.

    Args:
        place: The account and region.
        role: The ARN of the execution role. One that the account does not know is a team's own, and is not asked.
        resource: The ARN of what runs, for whose sake the service assumes the role.
        variables: The version's environment variables; what it needs is in one of them.
    """
    iam = place.cloud.iam
    known = iam.role(role)
    if known is None:
        return None
    service = "lambda" if resource.split(":")[2] == "lambda" else "bedrock-agentcore"
    caller = Caller(place.account, role, "runtime")
    context = {"aws:sourceaccount": place.account, "aws:sourcearn": resource}
    if not trusts(known.trust, Request("sts:AssumeRole", role, context), [f"{service}.amazonaws.com"]):
        return _noted(place, Denial(f"{service}.amazonaws.com", "sts:AssumeRole", role, "because it is not trusted"))
    for either in _needed(place, json.loads(variables.get(VARIABLE) or "{}")):
        reasons = [(request, iam.reason(caller, request)) for request in either]
        if all(why for _, why in reasons):
            request, why = reasons[0]
            return _noted(place, Denial(caller.arn, request.action, request.resource, str(why)))
    return None


def _noted(place: AccountRegion, found: Denial) -> Denial:
    place.cloud.iam.denied.append(found)
    return found


def _needed(place: AccountRegion, rights: Mapping[str, Sequence[str]]) -> Iterator[list[Request]]:
    """Yield what must be allowed; of several in one list, one."""
    by_id: dict[str, list[str]] = {}
    for arn in rights.get("models", ()):
        by_id.setdefault(arn.rpartition("/")[2], []).append(arn)
    for arns in by_id.values():  # by an id a model or an inference profile may be meant
        for action in _INVOKE:
            yield [Request(action, arn) for arn in arns]
    for arn in rights.get("profiles", ()):  # a profile routes to the same model in other regions
        model = f"arn:{arn.split(':')[1]}:bedrock:eu-north-1::foundation-model/any"
        yield [Request(_INVOKE[0], model, {"bedrock:inferenceprofilearn": arn})]
    for arn in rights.get("memories", ()):
        for action in _REMEMBER:
            yield [Request(action, arn, _USER)]
    for policy in rights.get("policies", ()):
        yield [_through(place, policy)]
    for arn in rights.get("guardrails", ()):
        yield [Request("bedrock:ApplyGuardrail", arn)]
    for arn in rights.get("secrets", ()):
        yield [Request("secretsmanager:GetSecretValue", arn.replace("??????", "a1B2c3"))]


def _through(place: AccountRegion, policy: str) -> Request:
    """Return what a memory's policy for its consumer allows in any case: to see how the memory is set up."""
    document: Mapping[str, Any] = place.cloud.iam.account(place.account).policies.get(policy, {"Statement": []})
    for statement in as_list(document["Statement"]):
        if "bedrock-agentcore:GetMemory" in as_list(statement["Action"]):
            return Request("bedrock-agentcore:GetMemory", str(as_list(statement["Resource"])[0]))
    return Request("bedrock-agentcore:GetMemory", policy)  # the policy is gone
