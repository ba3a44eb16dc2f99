"""What the versions of a runtime may do in AWS. One role serves them all, so it allows what each of them needs.

Each version carries what it needs in an environment variable, from which it is read back. A deployment gives the role
the union of what is asked for now and what the versions need that callers have or may get; after a promotion the role
is narrowed to the union that holds then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from operator import or_

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict

from agentcore_kit.config.infrastructure import templates
from agentcore_kit.delivery import endpoint_state, endpoints, names, output, stacks
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, as_command_error
from agentcore_kit.delivery.regions import partition

VARIABLE = "AGENT_RIGHTS"
"""The environment variable of a version that says what it needs, as JSON."""

LONGEST_PARAMETER = 4096
"""The characters that a parameter of CloudFormation may have."""

LONGEST_ROLE = 10_240
"""The characters that the policies of a role may have together, those apart that are attached to it."""

FIXED = 3_000
"""The characters of `infra/role.yaml` as the template has it, without what is in the lists."""

_ROLE = "role"
_PARAMETERS = {
    "ModelArns": "models",
    "ProfileArns": "profiles",
    "MemoryPolicyArns": "policies",
    "MemoryArns": "memories",
    "GuardrailArns": "guardrails",
    "SecretArns": "secrets",
}
"""The lists among the parameters of `infra/role.yaml`, and which of the rights each has."""


class Rights(BaseModel):
    """What a version needs, or what several need together. Each list is sorted; unknown ones are ignored.

    Attributes:
        models: ARNs of Bedrock models and inference profiles that it may call.
        profiles: ARNs of inference profiles, through which it may call models of other regions.
        policies: ARNs of managed policies: what memories allow it.
        memories: ARNs of memories that it may use without such a policy.
        guardrails: ARNs of guardrails.
        secrets: ARNs of secrets, with `??????` for what the service adds to a secret's name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    models: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def __or__(self, other: Rights) -> Rights:
        """Return what both need."""
        return Rights(**{name: _sorted([*getattr(self, name), *getattr(other, name)]) for name in Rights.model_fields})

    def text(self) -> str:
        """Return the value of the environment variable."""
        return self.model_dump_json(exclude_defaults=True)

    def parameters(self) -> dict[str, str]:
        """Return the lists as parameters of `infra/role.yaml`."""
        return {name: ",".join(getattr(self, which)) for name, which in _PARAMETERS.items()}

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, str]) -> Rights:
        """Return the rights that parameters of `infra/role.yaml` have."""
        return cls(**{which: _listed(parameters.get(name, "")) for name, which in _PARAMETERS.items()})


def model_rights(context: DeploymentContext, model: str) -> Rights:
    """Return what calling a model of Bedrock needs; nothing for an empty text.

    Args:
        context: The environment.
        model: The id of a model or of an inference profile, by which both may be meant, or the ARN of a profile.
    """
    if not model:
        return Rights()
    if model.startswith("arn:"):
        return Rights(models=(model,), profiles=(model,))
    bedrock = f"arn:{partition(context.region)}:bedrock:{context.region}"
    profile = f"{bedrock}:{context.account}:inference-profile/{model}"
    return Rights(models=_sorted([f"{bedrock}::foundation-model/{model}", profile]), profiles=(profile,))


def widened(context: DeploymentContext, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a role that is to be deployed, with what all versions need that callers may get.

    Args:
        context: The environment.
        parameters: With what this deployment needs.

    Raises:
        CommandError: When no role can hold it.
    """
    wanted = _with(context, parameters, allowed_for(context, Rights.of_parameters(parameters)))
    asked = templates()[_ROLE].get("Parameters", {})
    if lost := [name for name in _PARAMETERS if name not in asked and wanted.get(name) != parameters.get(name)]:
        raise CommandError(
            f"infra/{_ROLE}.yaml has no {', '.join(lost)}: it allows what one version needs, and versions that callers "
            f"have or may get in {context.name} need more; nothing was changed",
            f"kit template-update, or take infra/{_ROLE}.yaml over from a repository of this release",
            WRONG_INPUT,
        )
    return wanted


def widened_function(context: DeploymentContext, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a Lambda function that is to be deployed, whose stack has its role as well.

    CloudFormation changes the role first, so what is deployed now needs its rights a little longer; the next
    deployment takes them away.

    Args:
        context: The environment.
        parameters: With what this deployment needs.

    Raises:
        CommandError: When no role can hold it.
    """
    found = stacks.describe(context, names.stack(context.component, context.name, "lambda"))
    deployed = stacks.parameters(found) if found else {}
    said = deployed.get("Rights")
    before = Rights.model_validate_json(said) if said else Rights.of_parameters(deployed)
    return _with(context, parameters, Rights.of_parameters(parameters) | before)


def _with(context: DeploymentContext, parameters: Mapping[str, str], allowed: Rights) -> dict[str, str]:
    """Return parameters with all that is allowed, as far as they have lists for it."""
    lists = {name: value for name, value in allowed.parameters().items() if name in parameters}
    if limit := _exceeded(allowed, lists):
        raise CommandError(
            f"the role of {context.name} would need more than the {limit}; nothing was changed",
            "keep several secrets in one, as JSON, and name their keys (name#key); what only earlier versions need "
            "goes with the next promotions",
        )
    return {**parameters, **lists}


def _exceeded(allowed: Rights, lists: Mapping[str, str]) -> str:
    """Return which limit is exceeded, in words; empty for none."""
    if long := [name for name, value in lists.items() if len(value) > LONGEST_PARAMETER]:
        return f"{LONGEST_PARAMETER:,} characters that CloudFormation takes for {', '.join(long)}"
    inline = (allowed.models, allowed.profiles, allowed.memories, allowed.guardrails, allowed.secrets, allowed.secrets)
    if FIXED + sum(len(arn) + len('"",') for arns in inline for arn in arns) > LONGEST_ROLE:
        return f"{LONGEST_ROLE:,} characters that IAM takes for its policies"
    return ""


def allowed_for(context: DeploymentContext, wanted: Rights | None = None, versions: Iterable[str] = ()) -> Rights:
    """Return what the role has to allow: what the versions need that callers have, may get, or may be taken back to.

    Args:
        context: The environment.
        wanted: What is needed besides, by the version that a deployment makes.
        versions: Further versions.
    """
    needed = [wanted or Rights()]
    if state := endpoint_state.find(context):
        canary = endpoints.state(context, state.runtime.id, names.CANARY)  # also one that an earlier kit has begun
        used = [*endpoint_state.versions_in_use(state), *([canary.live, canary.target] if canary else []), *versions]
        said = [_of_version(context, state.runtime.id, version) for version in dict.fromkeys(used) if version]
        needed += [one for one in said if one is not None]
        if None in said:  # an earlier kit has made it: what it needs is among what the role allows
            needed.append(_of_role(context))
    return reduce(or_, needed)


def widen(context: DeploymentContext, version: str) -> None:
    """Let the role allow what a version needs, before callers are moved to it; do nothing where it does already.

    Raises:
        CommandError: When CloudFormation refuses it.
    """
    state, deployed = endpoint_state.find(context), _deployed(context)
    needed = _of_version(context, state.runtime.id, version) if state else None
    if deployed and needed:
        _change(context, deployed, Rights.of_parameters(deployed.parameters) | needed)


def narrow(context: DeploymentContext) -> None:
    """Let the role allow no more than the versions need that are left, after a promotion.

    It raises nothing: callers have what was promoted. When it cannot be done, it is said, and the next promotion does
    it.
    """
    try:
        if deployed := _deployed(context):
            _change(context, deployed, allowed_for(context))
    except (CommandError, ClientError, BotoCoreError) as error:
        output.step(
            f"the role still allows what earlier versions needed, as it could not be narrowed "
            f"({as_command_error(error).message}); the next promotion narrows it"
        )


def _deployed(context: DeploymentContext) -> stacks.Stack | None:
    """Return the role's stack as it is deployed, whatever is checked out.

    None where there is none, or the environment has a role of its own.
    """
    name = names.stack(context.component, context.name, _ROLE)
    found = None if context.environment.role else stacks.describe(context, name)
    if found is None:
        return None
    tags = {one["Key"]: one["Value"] for one in found.get("Tags", [])}
    return stacks.Stack(name, f"{_ROLE}.yaml", stacks.parameters(found), tags, stacks.template(context, name))


def _change(context: DeploymentContext, deployed: stacks.Stack, rights: Rights) -> None:
    """Give the deployed role other rights, as far as its template has lists for them."""
    lists = {name: value for name, value in rights.parameters().items() if name in deployed.parameters}
    if all(_listed(deployed.parameters[name]) == _listed(value) for name, value in lists.items()):
        return
    wanted = replace(deployed, parameters={**deployed.parameters, **lists})
    stacks.bring(context, wanted, ": what the versions need that callers have or may get")


def _of_version(context: DeploymentContext, runtime_id: str, version: str) -> Rights | None:
    """Return what a version says that it needs; None where it says nothing."""
    said = endpoints.version_of(context, runtime_id, version).get("environmentVariables", {}).get(VARIABLE)
    return Rights.model_validate_json(said) if said else None


def _of_role(context: DeploymentContext) -> Rights:
    """Return what the role allows that is deployed, also one of an earlier kit, which has one model and one memory."""
    found = stacks.describe(context, names.stack(context.component, context.name, _ROLE))
    if found is None:
        return Rights()
    values = stacks.parameters(found)
    single = Rights(memories=_listed(values.get("MemoryArn", "")), guardrails=_listed(values.get("GuardrailArn", "")))
    return Rights.of_parameters(values) | single | model_rights(context, values.get("ModelId", ""))


def _listed(text: str) -> tuple[str, ...]:
    return _sorted(text.split(","))


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
