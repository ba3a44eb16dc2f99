"""CloudFormation templates: their parameters, and the value of their intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from agentcore_kit.local.aws_protocol.wire import ApiError

NO_VALUE = object()


def parameters_of(template: Mapping[str, Any], sent: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the parameters of a stack. Raises ApiError as CloudFormation would, before anything is made."""
    declared = template.get("Parameters", {})
    given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in sent}
    if unknown := set(given) - set(declared):
        raise ApiError("ValidationError", f"Parameters: [{', '.join(sorted(unknown))}] do not exist in the template")
    values = {
        name: given.get(name, str(about["Default"]) if "Default" in about else None) for name, about in declared.items()
    }
    if missing := [name for name, value in values.items() if value is None]:
        raise ApiError("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    found = {name: value for name, value in values.items() if value is not None}
    for name, value in found.items():
        _check_parameter(name, value, declared[name])
    return found


def _check_parameter(name: str, value: str, about: Mapping[str, Any]) -> None:
    pattern, allowed = about.get("AllowedPattern"), about.get("AllowedValues")
    number = float(value) if about["Type"] == "Number" else 0
    if (
        (pattern and not re.fullmatch(pattern, value))
        or (allowed and value not in map(str, allowed))
        or number < about.get("MinValue", number)
        or number > about.get("MaxValue", number)
    ):
        raise ApiError("ValidationError", f"Parameter {name} failed to satisfy constraint: got {value!r}")


class Resolver:
    """The value of expressions, with the parameters and what is known of resources."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        pseudo: Mapping[str, str],
        attribute: Callable[[str, str], str],
    ) -> None:
        """`attribute` gives an attribute of a resource; `Ref` asks for the attribute with an empty name."""
        self.template, self.pseudo, self.attribute = template, pseudo, attribute
        self.parameters: dict[str, Any] = dict(parameters)
        for name, about in template.get("Parameters", {}).items():
            if about["Type"] == "CommaDelimitedList":
                self.parameters[name] = parameters[name].split(",")

    def condition(self, name: str) -> bool:
        """Return whether a condition holds."""
        return bool(self.value(self.template["Conditions"][name]))

    def value(self, expression: Any) -> Any:
        """Return an expression with everything in it resolved."""
        if isinstance(expression, list):
            return [item for item in map(self.value, expression) if item is not NO_VALUE]
        if not isinstance(expression, dict):
            return expression
        if len(expression) == 1:
            ((function, argument),) = expression.items()
            handler = getattr(self, f"_{function.replace('Fn::', '').lower()}", None)
            if function in ("Ref", "Condition") or (function.startswith("Fn::") and handler):
                assert handler is not None
                return handler(argument)
        resolved = {name: self.value(item) for name, item in expression.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.pseudo:
            return self.pseudo[name]
        return self.parameters[name] if name in self.parameters else self.attribute(name, "")

    def _condition(self, name: str) -> bool:
        return self.condition(name)

    def _getatt(self, argument: str | list[str]) -> str:
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        return self.attribute(name, attribute)

    def _sub(self, argument: Any) -> str:
        text, extra = argument if isinstance(argument, list) else (argument, {})

        def part(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in extra:
                return str(self.value(extra[name]))
            return str(self._getatt(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^!}]+)\}", part, text)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self.value(then if self.condition(condition) else otherwise)

    def _equals(self, argument: list[Any]) -> bool:
        one, other = map(self.value, argument)
        return bool(one == other)

    def _not(self, argument: list[Any]) -> bool:
        return not self.value(argument[0])

    def _and(self, argument: list[Any]) -> bool:
        return all(map(self.value, argument))

    def _or(self, argument: list[Any]) -> bool:
        return any(map(self.value, argument))

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(map(str, self.value(argument[1])))

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self.value(argument[1])).split(argument[0])

    def _select(self, argument: list[Any]) -> Any:
        return self.value(argument[1])[int(argument[0])]
