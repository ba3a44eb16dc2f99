"""Who may do what: the consumers' own IAM policies, decided here as IAM would.

A caller is known by the access key of its credentials: the name of a consumer in the manifest. Any other key is the
owner's, who may do everything, as an administrator of the account may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from agentcore_kit.delivery.memory.policies import ACTOR, NAMESPACE, NAMESPACE_PATH, SERVICE
from agentcore_kit.local.aws_protocol.wire import ApiError

Policies = Mapping[str, Sequence[Mapping[str, Any]]]


def check(policies: Policies, caller: str, operation: str, sent: Mapping[str, Any]) -> None:
    """Raise AccessDeniedException when the caller is a consumer whose policy does not allow the call."""
    policy = policies.get(caller)
    if policy is None:
        return
    for context in _contexts(sent):
        if not allowed(policy, f"{SERVICE}:{operation}", context):
            where = context.get(NAMESPACE) or context.get(NAMESPACE_PATH) or context.get(ACTOR) or "it"
            message = f"{caller} is not authorized to perform {SERVICE}:{operation} on {where}"
            raise ApiError("AccessDeniedException", message, 403)


def allowed(policy: Sequence[Mapping[str, Any]], action: str, context: Mapping[str, str]) -> bool:
    """Return whether a statement allows the action under these conditions. Nothing is allowed that none names."""
    return any(action in each["Action"] and _holds(each.get("Condition", {}), context) for each in policy)


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    for operator, tests in condition.items():
        for key, wanted in tests.items():
            patterns = wanted if isinstance(wanted, list) else [wanted]
            matches = key in context and any(_pattern(each).fullmatch(context[key]) for each in patterns)
            if matches == (operator == "StringNotLike"):  # which also holds where there is no such key
                return False
    return True


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text), re.DOTALL)


def _contexts(sent: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the condition keys of a call; of a batch, those of each record."""
    names = {"actorId": ACTOR, "namespace": NAMESPACE, "namespacePath": NAMESPACE_PATH}
    found = {key: str(sent[name]) for name, key in names.items() if name in sent}
    if "records" not in sent:
        return [found]
    namespaces = [where for record in sent["records"] for where in _namespaces(record)]
    return [found | ({} if where is None else {NAMESPACE: where}) for where in namespaces]


def _namespaces(record: Mapping[str, Any]) -> list[str | None]:
    """Return where a record of a batch is and is to be; None where the call does not say, which no policy allows.

    The service judges by what a call says and not by what is stored, and does nothing where the two differ.
    """
    to: list[str | None] = list(record.get("namespaces", []))
    if "memoryRecordId" not in record:
        return to or [None]
    return [*(record.get("sourceNamespaces") or [record.get("namespace")]), *to]
