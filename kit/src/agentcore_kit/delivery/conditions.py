"""Whether a condition of a CloudFormation template holds, from the values of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agentcore_kit.config.infrastructure import Template

Value = Callable[[str], str]
"""Gives the value of a parameter by its name."""


class UnknownExpression(Exception):
    """A condition uses a function that is not known here."""


def holds(template: Template, condition: str, value: Value) -> bool | None:
    """Return whether a condition holds; None when it cannot be told from parameters alone.

    Args:
        template: The template.
        condition: The condition's name.
        value: Gives the value of each parameter that the condition asks for.
    """
    try:
        return _truth(template, {"Condition": condition}, value)
    except UnknownExpression:
        return None


def _truth(template: Template, expression: Any, value: Value) -> bool:
    function, argument = _call(expression)
    if function == "Condition":
        return _truth(template, template.get("Conditions", {}).get(argument), value)
    if function == "Fn::Not":
        return not _truth(template, argument[0], value)
    if function == "Fn::And":
        return all(_truth(template, each, value) for each in argument)
    if function == "Fn::Or":
        return any(_truth(template, each, value) for each in argument)
    if function == "Fn::Equals":
        one, other = (_text(template, each, value) for each in argument)
        return one == other
    raise UnknownExpression(function)


def _text(template: Template, expression: Any, value: Value) -> str:
    if not isinstance(expression, Mapping | list):
        return str(expression)
    function, argument = _call(expression)
    if function == "Ref" and argument in template.get("Parameters", {}):
        return value(argument)
    raise UnknownExpression(function)


def _call(expression: Any) -> tuple[str, Any]:
    if not isinstance(expression, Mapping) or len(expression) != 1:
        raise UnknownExpression(str(expression))
    return next(iter(expression.items()))
