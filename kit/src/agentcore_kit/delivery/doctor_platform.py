"""What `kit doctor` says in a platform repository: of each name that its templates give, whether it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery.conditions import holds
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.contract import PARAMETER
from agentcore_kit.delivery.doctor_looks import LOOKED_FOR, Asked, Row, look, parameters
from agentcore_kit.delivery.doctor_states import traces
from agentcore_kit.delivery.given import Given, given
from agentcore_kit.delivery.platform.concerns import Concern, concerns, filled, in_region
from agentcore_kit.delivery.platform.wanted import outputs_of, values_of


def examined(context: DeploymentContext) -> Iterator[Row]:
    """Yield whether what the templates of an environment give to other repositories is in its account.

    Args:
        context: The environment of a platform.
    """
    own = f"kit deploy --env {context.name}"
    for region, asked in _by_region(context, own).items():
        there = in_region(context, region)
        yield from parameters(there, [one for one in asked if one.type == PARAMETER])
        yield from (look(there, one) for one in asked if one.type in LOOKED_FOR - {PARAMETER})
    if context.environment.purpose == "workload":
        yield replace(traces(context), made_by=own)


def _by_region(context: DeploymentContext, made_by: str) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    outputs: dict[str, str] = {}
    for concern in concerns(context):
        for one in given(concern.text):
            made = _is_made(context, concern, one, outputs)
            if made is not False and (name := filled(context, concern.entry, one.name)) and "<" not in name:
                asked = Asked(name, one.type, made is True, made_by)
                found.setdefault(concern.region, []).append(asked)
        outputs |= outputs_of(context, concern)
    return found


def _is_made(context: DeploymentContext, concern: Concern, one: Given, outputs: Mapping[str, str]) -> bool | None:
    """Return whether a deployment makes it; None when its condition cannot be told from the template's parameters."""
    if not one.condition:
        return True
    template = read_template(concern.text)

    def value(parameter: str) -> str:
        default = str(template["Parameters"][parameter].get("Default", ""))
        values = {parameter: default, **values_of(context, concern, outputs, [parameter])}
        return values[parameter] or ""

    return holds(template, one.condition, value)
