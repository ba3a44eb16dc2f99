"""IAM: the roles and policies of the accounts, who is signed in, and whether that role may do what it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentcore_kit.delivery.names import OIDC
from agentcore_kit.local.aws_emulator.iam_conditions import resource_like
from agentcore_kit.local.aws_emulator.iam_policies import Document, Policies, Request, reason_denied, trusts
from agentcore_kit.local.aws_protocol.wire import ApiError

AUDIENCE = "sts.amazonaws.com"

ADMINISTRATOR = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
"""The role of a person who signs in by IAM Identity Center as an administrator."""


@dataclass(frozen=True)
class Caller:
    """Who signed a call.

    Attributes:
        account: The account of the access key.
        role: The ARN of the role; empty for the administrator of the account, who may do everything.
        session: The name of the role's session.
    """

    account: str
    role: str = ""
    session: str = ""

    @property
    def arn(self) -> str:
        """As AWS names the caller in its answers."""
        if not self.role:
            return f"arn:aws:sts::{self.account}:assumed-role/{ADMINISTRATOR}/test"
        partition, name = self.role.split(":")[1], self.role.rpartition("/")[2]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{name}/{self.session}"

    @property
    def principals(self) -> list[str]:
        """As policies of resources may name the caller."""
        return (
            [self.role, self.arn, *account_principals(self.account)] if self.role else account_principals(self.account)
        )


def account_principals(account: str) -> list[str]:
    """Return how a policy names everybody of an account whom that account itself lets."""
    return [account, f"arn:aws:iam::{account}:root"]


@dataclass
class Role:
    """A role.

    Attributes:
        arn: Its name in all policies.
        trust: Who may assume it.
        policies: Its own policies, by name.
        attached: ARNs of managed policies.
        boundary: ARN of the managed policy that bounds it; empty for none.
        tags: Its tags.
    """

    arn: str
    trust: Document
    policies: dict[str, Document] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)
    boundary: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Account:
    """The IAM of one account.

    Attributes:
        roles: By ARN.
        policies: The managed policies, by ARN.
        given: The ARNs of roles that a managed policy names itself, by the policy's ARN.
        providers: The identity providers that it trusts.
    """

    roles: dict[str, Role] = field(default_factory=dict)
    policies: dict[str, Document] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)
    providers: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Denial:
    """A request that was denied: who wanted what of which resource, and why not, in AWS's words."""

    who: str
    action: str
    resource: str
    why: str

    @property
    def text(self) -> str:
        """The message that AWS answers with."""
        return f"User: {self.who} is not authorized to perform: {self.action} on resource: {self.resource} {self.why}"


@dataclass
class Iam:
    """IAM and the part of STS that gives out sessions.

    Attributes:
        accounts: By account id.
        sessions: Who is behind the access keys of roles.
        shared: Policies of resources that other accounts may use, by pattern of the ARN.
        tags: Tags of resources, by ARN.
        denied: What was denied so far.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Caller] = field(default_factory=dict)
    shared: dict[str, Document] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    denied: list[Denial] = field(default_factory=list)

    def account(self, account: str) -> Account:
        """Return the IAM of an account."""
        return self.accounts.setdefault(account, Account())

    def role(self, arn: str) -> Role | None:
        """Return a role, None where its account has none of that name."""
        return self.account(arn.split(":")[4]).roles.get(arn)

    def check(self, caller: Caller, requests: Iterable[Request], *, code: str = "AccessDeniedException") -> None:
        """Raise ApiError unless a caller may do all of what is requested; an administrator may."""
        if not caller.role:
            return
        for request in requests:
            if why := self.reason(caller, request):
                denial = Denial(caller.arn, request.action, request.resource, why)
                self.denied.append(denial)
                raise ApiError(code, denial.text, 403)

    def reason(self, caller: Caller, request: Request) -> str | None:
        """Return why a role may not do something, None when it may.

        Args:
            caller: A session of a role.
            request: What is wanted. What is known of the caller is added to its context.
        """
        role = self.role(caller.role)
        if role is None:  # it was deleted meanwhile
            return f"because no identity-based policy allows the {request.action} action"
        own = self.account(caller.account)
        attached = [*role.attached, *(arn for arn, roles in own.given.items() if role.arn in roles)]
        identity = [*role.policies.values(), *(own.policies[arn] for arn in attached)]
        boundary = own.policies[role.boundary] if role.boundary else None
        owner = _owner(request.resource)
        across = owner not in ("", caller.account)
        resource = self._policy_of(request.resource) if across else None
        context = {**self._known(caller, role, request, owner), **request.context}
        policies = Policies(identity, boundary, resource, across)
        return reason_denied(policies, Request(request.action, request.resource, context), caller.principals)

    def assume(self, caller: Caller, arn: str, session: str, context: Mapping[str, str]) -> str:
        """Return an access key of a role's session. Raises ApiError when the caller may not, or the role lets it not.

        Args:
            caller: Who assumes the role.
            arn: The role.
            session: A name for the session.
            context: Condition keys of the request.
        """
        request = Request("sts:AssumeRole", arn, {**context, "aws:principalarn": caller.role or caller.arn})
        role = self.role(arn)
        if role is None or not trusts(role.trust, request, caller.principals):
            why = "because no resource-based policy allows the sts:AssumeRole action"
            self.denied.append(Denial(caller.arn, request.action, arn, why))
            raise ApiError("AccessDenied", self.denied[-1].text, 403)
        self.check(caller, [request], code="AccessDenied")
        return self._session(arn, session)

    def assume_with_token(self, arn: str, session: str, claims: Mapping[str, str]) -> str:
        """Return an access key of the session that a job of GitHub gets with its token.

        Args:
            arn: The role.
            session: A name for the session.
            claims: Of the token: `sub`, `aud` and so on.

        Raises:
            ApiError: When there is no such role, or it does not trust the token.
        """
        role, account = self.role(arn), arn.split(":")[4]
        provider = f"arn:{arn.split(':')[1]}:iam::{account}:oidc-provider/{OIDC}"
        action = "sts:AssumeRoleWithWebIdentity"
        context = {f"{OIDC}:{name}": value for name, value in claims.items()} | {"sts:rolesessionname": session}
        known = provider in self.account(account).providers
        if role is None or not known or not trusts(role.trust, Request(action, arn, context), [provider]):
            self.denied.append(Denial(claims["sub"], action, arn, "because its trust policy does not allow it"))
            raise ApiError("AccessDenied", f"Not authorized to perform {action}", 403)
        return self._session(arn, session)

    def caller(self, key: str) -> Caller:
        """Return who is behind an access key. Raises ApiError for a key of nobody."""
        account = key.removeprefix("AKIA")
        if key in self.sessions:
            return self.sessions[key]
        if not key.startswith("AKIA") or len(account) != 12 or not account.isdigit():
            raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        return Caller(account)

    def _session(self, arn: str, session: str) -> str:
        # The same for the same session, so that clients which are kept go on.
        key = f"ASIA{hashlib.sha256(f'{arn} {session}'.encode()).hexdigest()[:16].upper()}"
        self.sessions[key] = Caller(arn.split(":")[4], arn, session)
        return key

    def _policy_of(self, arn: str) -> Document | None:
        """Return the policy of a resource; that of a role is its trust."""
        if arn.split(":")[2] == "iam":
            role = self.role(arn)
            return role.trust if role else None
        return next((policy for pattern, policy in self.shared.items() if resource_like(pattern, arn)), None)

    def _known(self, caller: Caller, role: Role, request: Request, owner: str) -> dict[str, str | Sequence[str]]:
        known: dict[str, str | Sequence[str]] = {
            "aws:principalarn": caller.role,
            "aws:principalaccount": caller.account,
            "aws:principaltype": "AssumedRole",
            "aws:securetransport": "true",
            "aws:viaawsservice": "false",
            "aws:resourceaccount": owner or caller.account,
        }
        known |= {f"aws:principaltag/{name.lower()}": value for name, value in role.tags.items()}
        return known | {f"aws:resourcetag/{name.lower()}": tag for name, tag in self.tags_of(request.resource).items()}

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """Return the tags of a resource; none for one that has none, or is not there."""
        if arn.split(":")[2:3] == ["iam"] and (role := self.role(arn)):
            return role.tags
        return self.tags.get(arn, {})


def tags_in(written: Any) -> dict[str, str]:
    """Return tags as names and values, however a call or a template writes them."""
    if isinstance(written, Mapping):
        return {str(name): str(value) for name, value in written.items()}
    return {str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value"))) for tag in written or ()}


def tag_keys(tags: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
    """Return the condition keys of a request that gives a resource tags; none without tags."""
    if not tags:
        return {}
    return {"aws:tagkeys": [*tags]} | {f"aws:requesttag/{name.lower()}": value for name, value in tags.items()}


def _owner(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[4] not in ("*", "aws") else ""
