"""How `kit doctor` looks at one thing in an account: calls that only read, and what is told when one is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from botocore.exceptions import ClientError

from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.contract import PARAMETER, PROVIDER, REPOSITORY, ROLE, SECRET, declared
from agentcore_kit.delivery.errors import error_code, is_denied
from agentcore_kit.delivery.names import OIDC
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.ssm import optional

State = Literal["there", "missing", "wrong", "could not look", "not checked"]

SUBJECT = f"{OIDC}:sub"
_ABSENT = ("ResourceNotFoundException", "NoSuchEntity", "RepositoryNotFoundException", "ValidationException")
_SIGNED_AS = {"agent-registry-control": "agent-registry"}


@dataclass(frozen=True)
class Row:
    """What was found of one thing.

    Attributes:
        name: Its name.
        what: What it is: SSM parameter, role and so on.
        state: Whether it is there.
        detail: What is wrong, or worth knowing.
        made_by: Which command of which repository makes it.
        required: Whether a deployment, or a later command, cannot do without it.
    """

    name: str
    what: str
    state: State
    detail: str = ""
    made_by: str = ""
    required: bool = True


@dataclass(frozen=True)
class Asked:
    """One thing to look for.

    Attributes:
        name: Its name.
        type: What it is, as the contract or the service calls it.
        required: Whether a deployment, or a later command, cannot do without it.
        made_by: Which command makes it; that of the contract where it is left out.
    """

    name: str
    type: str
    required: bool = True
    made_by: str = ""


def parameters(context: DeploymentContext, asked: list[Asked]) -> Iterator[Row]:
    """Yield a row for each SSM parameter: whether it is there, and its value of the right form."""
    try:
        found = optional(context, [one.name for one in asked]) if asked else {}
    except ClientError as error:
        yield from (_unseen(one, error, context, "ssm") for one in asked)
        return
    for one in asked:
        name, value = declared(one.name), found.get(one.name)
        if value is None:
            yield row(context, one, "missing")
        elif problem := _wrong_form(value, name.form if name else ".+"):
            yield row(context, one, "wrong", problem)
        else:
            yield row(context, one, "there")


def look(context: DeploymentContext, asked: Asked, subject: str = "") -> Row:
    """Return whether a role, identity provider, secret or repository of images is there.

    Args:
        context: The environment, or the shared account, that it is looked for in.
        asked: What to look for.
        subject: The subject of a job's token that a role has to trust; empty for none.
    """
    service, find = _LOOKS[asked.type]
    return _guarded(context, asked, service, lambda: find(context, asked.name, subject))


def state_of(context: DeploymentContext, asked: Asked, service: str, find: Callable[[], str], region: str = "") -> Row:
    """Return whether something that an SSM parameter names works: `find` returns what is wrong with it, or nothing.

    Args:
        context: The environment.
        asked: What is looked at.
        service: The service that is asked, as botocore names it.
        find: Makes the calls.
        region: Where, if that is not the environment's region.
    """
    return _guarded(context, asked, service, find, f" in {region}" if region else "")


def row(context: DeploymentContext, asked: Asked, state: State, detail: str = "") -> Row:
    """Return a row, with the command that makes what it is about where that is not there."""
    name = declared(asked.name, asked.type)
    if state == "missing" and not asked.required:
        detail = f"optional: {name.when.removeprefix('optional: ')}" if name else "optional"
    made = asked.made_by or (name.made_by if name else "")
    made = made.replace("<environment>", context.name).replace("<component>", context.component)
    return Row(asked.name, asked.type, state, detail, "" if state == "there" else made, asked.required)


def _guarded(context: DeploymentContext, asked: Asked, service: str, find: Callable[[], str], where: str = "") -> Row:
    try:
        problem = find()
    except ClientError as error:
        if error_code(error) in _ABSENT or error_code(error).endswith("NotFoundException"):
            return row(context, asked, "missing", where.strip())
        return _unseen(asked, error, context, service)
    return row(context, asked, "wrong", problem) if problem else row(context, asked, "there")


def _unseen(asked: Asked, error: ClientError, context: DeploymentContext, service: str) -> Row:
    if not is_denied(error):
        raise error
    signed = _SIGNED_AS.get(service) or context.client(service).meta.service_model.signing_name
    action = f"{signed}:{error.operation_name}"
    return replace(row(context, asked, "could not look", f"needs {action}"), made_by="")


def _wrong_form(value: str, form: str) -> str:
    if re.fullmatch(form, value):
        return ""
    if value != "".join(value.split()):
        return "its value has blanks"
    if value.startswith("http://"):
        return "its address is not https"
    return f"its value is not of the form {form}"


def _role(context: DeploymentContext, name: str, subject: str) -> str:
    found = context.client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    return "" if not subject or _trusts(found, subject) else f"does not trust {subject}"


def _trusts(document: Any, subject: str) -> bool:
    """Return whether a trust policy lets a job with this subject in."""
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for one in statements:
        for operator, keys in one.get("Condition", {}).items() if one["Effect"] == "Allow" else ():
            wanted = keys.get(SUBJECT, []) if operator.startswith(("StringEquals", "StringLike")) else []
            patterns = [wanted] if isinstance(wanted, str) else wanted
            equal = operator.startswith("StringEquals")
            if any(subject == each if equal else fnmatchcase(subject, each) for each in patterns):
                return True
    return False


def _provider(context: DeploymentContext, name: str, _: str) -> str:
    arn = f"arn:{partition(context.region)}:iam::{context.account}:oidc-provider/{name}"
    found = context.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    if "sts.amazonaws.com" in (audiences := found.get("ClientIDList", [])):
        return ""
    return f"its audiences are {', '.join(audiences)}, not sts.amazonaws.com"


def _secret(context: DeploymentContext, name: str, _: str) -> str:
    found = context.client("secretsmanager").describe_secret(SecretId=name)
    return "it is marked for deletion" if found.get("DeletedDate") else ""


def _repository(context: DeploymentContext, name: str, _: str) -> str:
    account = str(context.environment.shared_account)
    context.client("ecr").describe_images(registryId=account, repositoryName=name, maxResults=1)
    return ""


_Look = Callable[[DeploymentContext, str, str], str]
_LOOKS: dict[str, tuple[str, _Look]] = {
    ROLE: ("iam", _role),
    PROVIDER: ("iam", _provider),
    SECRET: ("secretsmanager", _secret),
    REPOSITORY: ("ecr", _repository),
}

LOOKED_FOR = frozenset({PARAMETER, *_LOOKS})
"""What doctor can look for by its name alone."""
