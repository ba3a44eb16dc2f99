"""What the templates of a platform ask about models: the ids of an environment file as ARNs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from agentcore_kit.config.agent_rules import GEOGRAPHIES
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.regions import partition
from agentcore_kit.delivery.rights import Rights, model_rights


def foundation_model(model: str) -> str:
    """Return the id of the model behind an inference profile, without its geography; a model has none to take away."""
    geography, _, rest = model.partition(".")
    return rest if geography in GEOGRAPHIES else model


def boundary_parameters(context: DeploymentContext, models: Sequence[str]) -> dict[str, str]:
    """Return `ModelArns` and `ProfileArns` of infra/workload/boundary.yaml.

    Args:
        context: An environment.
        models: Ids of models and inference profiles, as agents write them in `model.id`.
    """
    allowed = reduce(or_, (model_rights(context, one) for one in models), Rights())
    parameters = allowed.parameters()
    return {name: parameters[name] for name in ("ModelArns", "ProfileArns")}


def organisation_parameters(partition_name: str, models: Sequence[str]) -> dict[str, str]:
    """Return `ModelArns` and `ProfileArns` of the service control policies, of any account and region.

    Args:
        partition_name: `aws`, `aws-us-gov` and so on.
        models: Ids of models and inference profiles, as agents write them in `model.id`.
    """
    bedrock = f"arn:{partition_name}:bedrock:*"
    profiles = [f"{bedrock}:*:inference-profile/{one}" for one in models if one != foundation_model(one)]
    own = [f"{bedrock}::foundation-model/{one}" for one in models if one == foundation_model(one)]
    return {"ModelArns": ",".join([*own, *profiles]), "ProfileArns": ",".join(profiles)}


def profile_sources(context: DeploymentContext, models: Sequence[str]) -> str:
    """Return `ModelSources` of infra/component/workload.yaml: ARNs of models and inference profiles, with commas.

    Args:
        context: An environment.
        models: Ids of models and inference profiles.
    """
    bedrock = f"arn:{partition(context.region)}:bedrock:{context.region}"
    return ",".join(
        f"{bedrock}::foundation-model/{model}"
        if model == foundation_model(model)
        else f"{bedrock}:{context.account}:inference-profile/{model}"
        for model in models
    )
