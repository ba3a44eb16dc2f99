"""IAM's decision: do a role's policies, its permissions boundary and the resource's own policy allow a request?

Service control policies of an organisation can only deny here: each target has AWS's FullAWSAccess besides, as an
organisation gives it, unless somebody takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentcore_kit.local.aws_emulator.iam_conditions import (
    Context,
    Unresolved,
    as_list,
    conditions_hold,
    like,
    resource_like,
    with_variables,
)

Document = Mapping[str, Any]
"""A policy: `{"Version": …, "Statement": …}`."""


@dataclass(frozen=True)
class Request:
    """What somebody wants to do.

    Attributes:
        action: For example `ssm:PutParameter`.
        resource: The ARN, or `*` for an action that knows no resource.
        context: Condition keys in lower case, and their values.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Policies:
    """The policies that decide on a request.

    Attributes:
        identity: Those of the role.
        boundary: The role's permissions boundary, if it has one.
        resource: The resource's own policy; it is asked when the resource is in another account than the role.
        across: Whether the resource is in another account.
        organisation: Service control policies that bind the role's account.
    """

    identity: Sequence[Document]
    boundary: Document | None = None
    resource: Document | None = None
    across: bool = False
    organisation: Sequence[Document] = ()


def reason_denied(policies: Policies, request: Request, principals: Sequence[str] = ()) -> str | None:
    """Return why a request is denied, in AWS's words, None when it is allowed.

    Args:
        policies: What decides.
        request: What is wanted.
        principals: Who wants it, as a resource's policy may name it: ARNs of role and session, and the account.
    """
    layers = [
        _Layer("a service control policy", policies.organisation, None, needed=False),
        _Layer("an identity-based policy", policies.identity, None, needed=True),
        _Layer("a permissions boundary", _some(policies.boundary), None, needed=policies.boundary is not None),
        _Layer("a resource-based policy", _some(policies.resource), principals, needed=policies.across),
    ]
    effects = {layer.name: _effects(layer.documents, request, layer.principals) for layer in layers}
    for layer in layers:
        if "Deny" in effects[layer.name]:
            return f"with an explicit deny in {layer.name}"
    for layer in layers:
        if layer.needed and "Allow" not in effects[layer.name]:
            return f"because no {layer.name.partition(' ')[2]} allows the {request.action} action"
    return None


@dataclass(frozen=True)
class _Layer:
    """Policies of one kind, all of which must let a request through."""

    name: str
    documents: Sequence[Document]
    principals: Sequence[str] | None
    needed: bool


def _some(document: Document | None) -> list[Document]:
    return [] if document is None else [document]


def trusts(document: Document, request: Request, principals: Sequence[str]) -> bool:
    """Return whether a role's trust policy lets somebody assume the role.

    Args:
        document: The trust policy.
        request: sts:AssumeRole or sts:AssumeRoleWithWebIdentity.
        principals: Who wants to: ARNs of roles, accounts or identity providers, or the name of a service.
    """
    effects = _effects([document], request, principals)
    return "Allow" in effects and "Deny" not in effects


def _effects(documents: Sequence[Document], request: Request, principals: Sequence[str] | None = None) -> set[str]:
    """Return the effects of the statements that apply; with principals, of policies that name them."""
    return {
        str(statement["Effect"])
        for document in documents
        for statement in _statements(document)
        if _applies(statement, request) and (principals is None or _names(statement, principals))
    }


def _statements(document: Document) -> Iterator[Mapping[str, Any]]:
    yield from as_list(document["Statement"])


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    if "NotAction" in statement:
        of_action = not _any_action(statement["NotAction"], request.action)
    else:
        of_action = _any_action(statement["Action"], request.action)
    return (
        of_action
        and _of_resource(statement, request)
        and conditions_hold(statement.get("Condition", {}), request.context)
    )


def _any_action(patterns: Any, action: str) -> bool:
    return any(like(pattern, action, ignore_case=True) for pattern in as_list(patterns))


def _of_resource(statement: Mapping[str, Any], request: Request) -> bool:
    if "NotResource" in statement:
        return not _any_resource(statement["NotResource"], request)
    # A trust policy has no Resource: it is the role's own.
    return "Resource" not in statement or _any_resource(statement["Resource"], request)


def _any_resource(patterns: Any, request: Request) -> bool:
    return any(_is_resource(pattern, request) for pattern in as_list(patterns))


def _is_resource(pattern: str, request: Request) -> bool:
    try:
        return resource_like(with_variables(pattern, request.context), request.resource)
    except Unresolved:
        return False


def _names(statement: Mapping[str, Any], principals: Sequence[str]) -> bool:
    if "NotPrincipal" in statement:
        return not _is_principal(statement["NotPrincipal"], principals)
    return _is_principal(statement.get("Principal", {}), principals)


def _is_principal(written: Any, principals: Sequence[str]) -> bool:
    named = (
        as_list(written) if isinstance(written, str) else [one for each in written.values() for one in as_list(each)]
    )
    return any(one == "*" or one in principals for one in named)
