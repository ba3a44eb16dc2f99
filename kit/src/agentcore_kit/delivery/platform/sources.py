"""Where the values of the templates' parameters come from: manifest, environment files, components, other accounts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from botocore.exceptions import ClientError

from agentcore_kit.config.components import Component, load_components
from agentcore_kit.config.platform_files import platform_environments
from agentcore_kit.delivery import names, ssm
from agentcore_kit.delivery.context import as_role
from agentcore_kit.delivery.errors import CommandError, is_denied
from agentcore_kit.delivery.platform import component_roles, models
from agentcore_kit.delivery.platform.concerns import (
    Concern,
    PlatformContext,
    beside,
    other_regions,
    registry_region,
    shared_environment,
)
from agentcore_kit.delivery.regions import partition

Source = Callable[[], str | None]
"""Gives the value of a parameter; asked only where a template has the parameter. None: it is nowhere yet, and the stack
that needs it is left out."""

_NO_WRITERS = {"workload": "", "shared": "none"}
"""What the templates of gateways take for an empty list of roles."""


def sources(context: PlatformContext, concern: Concern) -> dict[str, Source]:
    """Return what the kit has values for, by the names of parameters, for one stack of an environment.

    Args:
        context: The environment.
        concern: The stack.
    """
    found = {**_of_platform(context, concern), **_of_environment(context)}
    found |= _BY_PURPOSE[context.environment.purpose](context)
    if concern.entry:
        found |= _of_entry(context, concern.entry)
    return found


def _of_platform(context: PlatformContext, concern: Concern) -> dict[str, Source]:
    about, here = context.manifest.metadata, beside(context)
    first, other, *_ = (*here, "", "")
    stages = {context.manifest.delivery.stage(name) for name in here}
    purposes = {one.purpose for one in here.values()}
    values = {
        **names.tag_parameters(context.manifest),
        "PlatformName": about.name,
        "Repository": f"{about.github_org}/{about.name}",
        "EnvironmentName": first if concern.folder == "all" else context.name,
        "OtherEnvironmentName": other,
        "ExistingProvider": _truth(context.environment.github_provider == "exists"),
        "BoundedRoles": _truth(stages != {"development"}),
        "Purpose": "+".join(one for one in ("shared", "workload", "organisation") if one in purposes),
        "SharedAccount": str(context.environment.shared_account),
        "TemplateDigest": hashlib.sha256(concern.text.encode()).hexdigest()[:12],
    }
    return _constants(values)


def _of_environment(context: PlatformContext) -> dict[str, Source]:
    environment = context.environment
    values = {
        "AlarmEmail": environment.alarm_email or "",
        "LogRetentionDays": str(environment.log_retention_days),
        "OrganisationId": environment.organisation_id or "",
        "WorkloadAccounts": ",".join(_accounts(context)),
        "Approvers": ",".join(context.manifest.spec.approvers),
    }
    if gateway := environment.gateway:
        values |= {
            "GatewayName": gateway.name,
            "PolicyMode": gateway.policy_mode,
            "RequestsPerMinute": str(gateway.requests_per_minute),
            "ToolRequestsPerMinute": str(gateway.tool_requests_per_minute),
            "TargetWriters": ",".join(_target_writers(context, gateway.name)) or _NO_WRITERS[environment.purpose],
        }
    if identity := environment.identity:
        values |= {"DiscoveryUrl": identity.discovery_url, "Clients": ",".join(identity.clients)}
    return _constants(values)


def _shared(context: PlatformContext) -> dict[str, Source]:
    return _constants(
        {
            "ReplicationRegions": ",".join(other_regions(context)),
            "ApproverEmail": context.environment.approver_email or "",
        }
    )


def _workload(context: PlatformContext) -> dict[str, Source]:
    environment = context.environment
    boundary = partial(models.boundary_parameters, context, environment.models)
    found: dict[str, Source] = {
        "ModelArns": lambda: boundary()["ModelArns"],
        "ProfileArns": lambda: boundary()["ProfileArns"],
        "Models": lambda: ",".join(environment.models),
        "RegistryArn": lambda: _published_in_shared(context, names.REGISTRY) or None,
        "SinkArn": lambda: _published_in_shared(context, names.SINK),
    }
    if litellm := environment.litellm:
        found |= _constants(
            {
                "Vpc": litellm.vpc,
                "Subnets": ",".join(litellm.subnets),
                "Image": litellm.image,
                "CertificateArn": litellm.certificate_arn,
            }
        )
    if cognito := environment.cognito:
        urls = ",".join(cognito.callback_urls)
        found |= _constants({"DomainPrefix": cognito.domain_prefix, "CallbackUrls": urls})
    return found


def _organisation(context: PlatformContext) -> dict[str, Source]:
    environment = context.environment
    shared = [one for one in platform_environments(context.manifest).values() if one.purpose == "shared"]
    regions = {*environment.regions, *(region for one in shared if (region := registry_region(one)))}
    return _constants(
        {
            "Targets": ",".join(environment.targets),
            **models.organisation_parameters(partition(context.region), environment.models),
            "Regions": ",".join(sorted(regions)),
            "ExemptRoles": ",".join(environment.exempt_roles),
        }
    )


_BY_PURPOSE: Mapping[str, Callable[[PlatformContext], dict[str, Source]]] = {
    "shared": _shared,
    "workload": _workload,
    "organisation": _organisation,
}


def _of_entry(context: PlatformContext, entry: Component) -> dict[str, Source]:
    known, delivery = platform_environments(context.manifest), context.manifest.delivery
    accounts = [str(known[name].account) for name in entry.environments if name in known]
    before = delivery.preproduction if delivery.preproduction in entry.environments else entry.environments[0]
    found = _constants(
        {
            "ComponentName": entry.name,
            "Kind": entry.kind,
            "Owner": entry.owner,
            "CostCenter": entry.cost_center,
            "UseCaseId": entry.use_case_id,
            "EnvironmentAccounts": ",".join(dict.fromkeys(accounts)),
            "PreproductionAccount": str(known[before].account) if before in known else "",
            "RuntimeName": names.snake(entry.name, context.name),
            "MonthlyBudgetUsd": str(entry.monthly_budget_usd),
            "Repository": component_roles.repository(entry, context),
            "DispatchTokenSecretName": (entry.alarm_bridge or "") if context.is_production else "",
        }
    )
    found["ModelSources"] = lambda: models.profile_sources(context, context.environment.models)
    return found


def _target_writers(context: PlatformContext, gateway: str) -> Iterable[str]:
    """Return the roles that may change what is behind a gateway: those of the tools that it lets in."""
    own = context.environment.purpose == "workload"
    accounts = [context.account] if own else _accounts(context)
    for entry in load_components().components:
        if entry.kind == "Tool" and gateway in entry.gateways and (not own or context.name in entry.environments):
            for account in accounts:
                yield f"arn:{partition(context.region)}:iam::{account}:role/{names.delivery_role(entry.name)}"


def _accounts(context: PlatformContext) -> list[str]:
    found = (one for one in platform_environments(context.manifest).values() if one.purpose == "workload")
    return list(dict.fromkeys(str(one.account) for one in found))


def _published_in_shared(context: PlatformContext, name: str) -> str:
    """Return what the shared account publishes under a name; empty where it publishes no such thing.

    Raises:
        CommandError: When it cannot be read there.
    """
    shared = shared_environment(context)
    if shared is None:
        return ""
    role = f"arn:{partition(context.region)}:iam::{shared.account}:role/{names.PLATFORM_READER}"
    try:
        elsewhere = context.environment.model_copy(update={"region": shared.region})
        reader = as_role(replace(context, environment=elsewhere, _clients={}), role)
        return ssm.optional(reader, [name]).get(name, "")
    except ClientError as error:
        if not is_denied(error):
            raise
        raise CommandError(
            f"role {names.PLATFORM_READER} of the shared account {shared.account} does not let account "
            f"{context.account} in, so what is published there ({name}) cannot be read; nothing was changed",
            f"kit deploy --env {shared.name} first, with credentials of {shared.account}; it lets in the accounts of "
            "environments/",
        ) from None


def _constants(values: Mapping[str, str]) -> dict[str, Source]:
    return {name: partial(str, value) for name, value in values.items()}


def _truth(value: bool) -> str:
    return str(value).lower()
