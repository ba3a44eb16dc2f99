"""Conditions of IAM policies: the operators, several values, missing keys, and policy variables, as IAM documents them.

No package on the index evaluates them rightly: those that are maintained lint policies or ask IAM itself, moto leaves
conditions out, others take a missing key for a match.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | Sequence[str]]
"""What is known of a request, by condition key in lower case; a sequence for a key that may have several values."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


class Unresolved(ValueError):
    """A policy variable whose key the request does not have: what it stands in matches nothing."""


@lru_cache(maxsize=4096)
def _pattern(text: str, *, over_colons: bool, ignore_case: bool) -> re.Pattern[str]:
    parts = []
    for number, sign in enumerate(text):
        ends_segment = text[number + 1 : number + 2] in ("", ":")
        star = ".*" if over_colons or ends_segment else "[^:]*"
        parts.append({"*": star, "?": "."}.get(sign, re.escape(sign)))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Return whether a text matches a pattern with `*` and `?`."""
    return _pattern(pattern, over_colons=True, ignore_case=ignore_case).fullmatch(value) is not None


def resource_like(pattern: str, arn: str) -> bool:
    """Return whether an ARN matches a Resource: a `*` goes beyond a colon only at the end of a segment."""
    return _pattern(pattern, over_colons=False, ignore_case=False).fullmatch(arn) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """Return whether an ARN matches a pattern, each of the six components by itself."""
    wanted, found = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(found) and all(map(like, wanted, found))


def with_variables(text: str, context: Context) -> str:
    """Return a text of a policy with its variables filled in.

    Args:
        text: For example `arn:aws:s3:::${aws:PrincipalTag/team}/*`; `${*}`, `${?}` and `${$}` are the signs themselves.
        context: What is known of the request.

    Raises:
        Unresolved: When a key is missing and the variable has no default.
    """

    def value(match: re.Match[str]) -> str:
        name, comma, default = match[1].partition(",")
        if name in ("*", "?", "$"):
            return name
        found = context.get(name.strip().lower())
        if isinstance(found, str):
            return found
        if comma:
            return default.strip().strip("'")
        raise Unresolved(name)

    return _VARIABLE.sub(value, text) if "${" in text else text


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda policy, request: compare(float(request), float(policy))


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    return lambda policy, request: compare(_moment(request), _moment(policy))


def _moment(text: str) -> datetime:
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _in_network(policy: str, request: str) -> bool:
    return ipaddress.ip_address(request) in ipaddress.ip_network(policy, strict=False)


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda policy, request: policy == request,
    "StringEqualsIgnoreCase": lambda policy, request: policy.lower() == request.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda policy, request: policy.lower() == request.lower(),
    "BinaryEquals": lambda policy, request: policy == request,
    "IpAddress": _in_network,
    "NumericEquals": _number(lambda request, policy: request == policy),
    "NumericLessThan": _number(lambda request, policy: request < policy),
    "NumericLessThanEquals": _number(lambda request, policy: request <= policy),
    "NumericGreaterThan": _number(lambda request, policy: request > policy),
    "NumericGreaterThanEquals": _number(lambda request, policy: request >= policy),
    "DateEquals": _date(lambda request, policy: request == policy),
    "DateLessThan": _date(lambda request, policy: request < policy),
    "DateLessThanEquals": _date(lambda request, policy: request <= policy),
    "DateGreaterThan": _date(lambda request, policy: request > policy),
    "DateGreaterThanEquals": _date(lambda request, policy: request >= policy),
}
"""Called with the value of the policy and that of the request."""

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def conditions_hold(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether all conditions of a statement hold.

    Args:
        block: The element Condition: by operator, by key, the value or values.
        context: What is known of the request.

    Raises:
        KeyError: For an operator that IAM does not know.
    """
    return all(
        _holds(operator, as_list(values), context.get(key.lower()), context)
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def _holds(operator: str, wanted: Sequence[Any], found: str | Sequence[str] | None, context: Context) -> bool:
    several, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    if name == "Null":
        return (found is None) == (str(wanted[0]).lower() == "true")
    if name not in _NEGATED and name not in _OPERATORS:
        raise KeyError(f"there is no condition operator {operator}")
    if found is None and name != rest:
        return True
    values = [] if found is None else as_list(found)
    if several == "ForAllValues":
        return all(_one(name, wanted, value, context) for value in values)
    if several == "ForAnyValue":
        return any(_one(name, wanted, value, context) for value in values)
    if not values:
        return name in _NEGATED  # what the request does not have, it does not equal either
    return any(_one(name, wanted, value, context) for value in values)


def _one(name: str, wanted: Sequence[Any], value: str, context: Context) -> bool:
    matches = _OPERATORS[_NEGATED.get(name, name)]
    return any(_matches(matches, each, value, context) for each in wanted) != (name in _NEGATED)


def _matches(matches: Callable[[str, str], bool], wanted: Any, value: str, context: Context) -> bool:
    text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    try:
        return matches(with_variables(text, context), value)
    except ValueError:  # of another type than the operator's, or a variable without a value
        return False


def as_list(value: Any) -> list[Any]:
    """Return the values of an element that may be written as one or as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
