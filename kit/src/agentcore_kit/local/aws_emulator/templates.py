"""CloudFormation templates: their parameters, and the value of their intrinsic functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agentcore_kit.local.aws_emulator import functions
from agentcore_kit.local.aws_emulator.functions import LOOP, NO_VALUE
from agentcore_kit.local.aws_protocol.wire import ApiError

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
_EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")
_LIMIT = "this machine's rehearsal knows no such thing, see Limits of the emulated CloudFormation in the kit's README"


def own_file(stack: str) -> str:
    """Return the file that the template of a stack is in: its name ends with the file's."""
    return f"infra/{stack.rpartition('-')[2]}.yaml (stack {stack})"


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
    number = _number(value) if about["Type"] == "Number" else 0.0
    if (
        number is None
        or (pattern and not re.fullmatch(pattern, value))
        or (allowed and value not in map(str, allowed))
        or number < float(about.get("MinValue", number))
        or number > float(about.get("MaxValue", number))
        or len(value) < int(about.get("MinLength", 0))
        or len(value) > int(about.get("MaxLength", len(value)))
    ):
        raise ApiError("ValidationError", f"Parameter {name} failed to satisfy constraint: got {value!r}")


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def transformed(template: Mapping[str, Any], resolver: Resolver) -> Mapping[str, Any]:
    """Return a template with its loops written out.

    Raises:
        ApiError: It names a transform that is not known here, or has a loop without naming the language extensions.
    """
    named = template.get("Transform", [])
    transforms = named if isinstance(named, list) else [named]
    for transform in transforms:
        if transform != LANGUAGE_EXTENSIONS:
            raise resolver.refused(f"Transform {transform}: {_LIMIT}")
    if LANGUAGE_EXTENSIONS in transforms:
        return dict(functions.expanded(template, lambda collection: list(resolver.value(collection))))
    for section in ("Conditions", "Resources", "Outputs"):
        if any(name.startswith(LOOP) for name in template.get(section, {})):
            raise resolver.refused(f"{section}: Fn::ForEach needs Transform: {LANGUAGE_EXTENSIONS}; {_LIMIT}")
    return template


class Resolver:
    """The value of expressions, with the parameters and what is known of resources."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        pseudo: Mapping[str, Any],
        attribute: Callable[[str, str], str],
        exported: Callable[[str], str],
        stack: str,
    ) -> None:
        """Take a template.

        Args:
            template: As plain data.
            parameters: Their values.
            pseudo: The values of AWS::Region and so on.
            attribute: Gives an attribute of a resource; `Ref` asks for the attribute with an empty name.
            exported: Gives what a stack exports under a name.
            stack: Name of the stack, for messages.
        """
        self.template, self.pseudo, self.attribute, self.exported = template, pseudo, attribute, exported
        self.stack, self.within, self.conditions = stack, "", template.get("Conditions", {})
        self.parameters: dict[str, Any] = dict(parameters)
        for name, about in template.get("Parameters", {}).items():
            if about["Type"] == "CommaDelimitedList" or about["Type"].startswith("List<"):
                self.parameters[name] = parameters[name].split(",")

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Name the part of the template that is resolved, such as `resource Topic`, in what goes wrong meanwhile."""
        before, self.within = self.within, part
        try:
            yield
        finally:
            self.within = before

    def refused(self, why: str) -> ApiError:
        """Return the error for something in the template, in one line."""
        where = f"{self.within}: " if self.within else ""
        return ApiError("ValidationError", f"{own_file(self.stack)}: {where}{' '.join(why.split())}")

    def condition(self, name: str) -> bool:
        """Return whether a condition holds."""
        if name not in self.conditions:
            raise KeyError(f"there is no condition {name}")
        return bool(self.value(self.conditions[name]))

    def value(self, expression: Any) -> Any:
        """Return an expression with everything in it resolved."""
        if isinstance(expression, list):
            return [item for item in map(self.value, expression) if item is not NO_VALUE]
        if not isinstance(expression, dict):
            return expression
        if len(expression) == 1:
            ((function, argument),) = expression.items()
            if (
                function.startswith("Fn::")
                or function == "Ref"
                or (function == "Condition" and isinstance(argument, str))
            ):
                return self._called(function, argument)
        resolved = {name: self.value(item) for name, item in expression.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def _called(self, function: str, argument: Any) -> Any:
        handler = FUNCTIONS.get(function)
        transforms = self.template.get("Transform", [])
        if handler is None or (function in _EXTENSIONS and LANGUAGE_EXTENSIONS not in transforms):
            needed = f" without Transform: {LANGUAGE_EXTENSIONS}" if handler else ""
            raise self.refused(f"{function}{needed}: {_LIMIT}")
        try:
            return handler(self, argument)
        except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise self.refused(f"{function} is used wrongly: {error}") from None

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.pseudo:
            return self.pseudo[name]
        return self.parameters[name] if name in self.parameters else self.attribute(name, "")

    def _getatt(self, argument: str | list[Any]) -> str:
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
        return self.attribute(name, self.value(attribute))

    def _sub(self, argument: Any) -> str:
        text, extra = argument if isinstance(argument, list) else (argument, {})

        def part(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in extra:
                return str(self.value(extra[name]))
            return str(self._getatt(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^{}]+)\}", part, text)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self.value(then if self.condition(condition) else otherwise)

    def _equals(self, argument: list[Any]) -> bool:
        one, other = map(self.value, argument)
        return str(one) == str(other)

    def _select(self, argument: list[Any]) -> Any:
        index, items = map(self.value, argument)
        if int(index) < 0:
            raise IndexError("an index counts from 0")
        return items[int(index)]

    def _cidr(self, argument: list[Any]) -> list[str]:
        block, count, bits = map(self.value, argument)
        return functions.cidr(str(block), int(count), int(bits))

    def _mapped(self, argument: list[Any]) -> Any:
        name, *keys = [str(self.value(key)) for key in argument[:3]]
        found = self.template.get("Mappings", {}).get(name, {})
        for key in keys:
            found = found.get(key, {}) if isinstance(found, Mapping) else {}
        default = argument[3]["DefaultValue"] if len(argument) > 3 else None
        if found == {} and default is None:
            raise ValueError(f"Unable to get mapping for {'::'.join([name, *keys])}")
        return self.value(default) if found == {} else found

    def _zones(self, region: Any) -> list[str]:
        name = self.value(region) or self.pseudo["AWS::Region"]
        return [f"{name}{letter}" for letter in "abc"]

    def _joined(self, argument: list[Any]) -> str:
        delimiter, items = argument
        return str(delimiter).join(map(str, self.value(items)))

    def _parted(self, argument: list[Any]) -> list[str]:
        delimiter, text = argument
        return str(self.value(text)).split(delimiter)

    def _contains(self, argument: list[Any]) -> bool:
        items, wanted = map(self.value, argument)
        return str(wanted) in map(str, items)

    def _each_in(self, argument: list[Any]) -> bool:
        items, allowed = map(self.value, argument)
        return set(map(str, items)) <= set(map(str, allowed))

    def _each_equals(self, argument: list[Any]) -> bool:
        items, wanted = map(self.value, argument)
        return set(map(str, items)) <= {str(wanted)}


FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver._ref,
    "Condition": Resolver.condition,
    "Fn::And": lambda resolver, argument: all(map(resolver.value, argument)),
    "Fn::Base64": lambda resolver, argument: functions.base64(str(resolver.value(argument))),
    "Fn::Cidr": Resolver._cidr,
    "Fn::Contains": Resolver._contains,
    "Fn::EachMemberEquals": Resolver._each_equals,
    "Fn::EachMemberIn": Resolver._each_in,
    "Fn::Equals": Resolver._equals,
    "Fn::FindInMap": Resolver._mapped,
    "Fn::GetAtt": Resolver._getatt,
    "Fn::GetAZs": Resolver._zones,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": lambda resolver, argument: resolver.exported(str(resolver.value(argument))),
    "Fn::Join": Resolver._joined,
    "Fn::Length": lambda resolver, argument: len(resolver.value(argument)),
    "Fn::Not": lambda resolver, argument: not resolver.value(argument[0]),
    "Fn::Or": lambda resolver, argument: any(map(resolver.value, argument)),
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._parted,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": lambda resolver, argument: functions.json_text(resolver.value(argument)),
}
"""What the emulator knows; of `Fn::ForEach` it makes what is repeated before anything else is read."""


def ordered(resources: Mapping[str, Any], names: list[str]) -> list[str]:
    """Return names so that what others need comes first.

    Raises:
        ApiError: Resources need each other in a circle.
    """
    done: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = ", ".join(sorted(above[above.index(name) :]))
            raise ApiError("ValidationError", f"Circular dependency between resources: [{circle}]")
        if name in done:
            return
        for other in needed(resources[name]):
            if other in names and other != name:
                visit(other, (*above, name))
        done.append(name)

    for name in names:
        visit(name, ())
    return done


def needed(part: Any) -> Iterator[str]:
    """Yield the names that a resource or a part of one refers to, as they are written: also those of parameters."""
    if isinstance(part, list):
        for each in part:
            yield from needed(each)
    if not isinstance(part, Mapping):
        return
    for key, value in part.items():
        if key == "Ref":
            yield str(value)
        elif key == "DependsOn":
            yield from [value] if isinstance(value, str) else value
        elif key == "Fn::GetAtt":
            yield value.partition(".")[0] if isinstance(value, str) else str(value[0])
        elif key == "Fn::Sub":
            text = value[0] if isinstance(value, list) else value
            yield from (found.partition(".")[0] for found in re.findall(r"\$\{([^{}!]+)\}", text))
            yield from needed(value[1:] if isinstance(value, list) else [])
        else:
            yield from needed(value)
