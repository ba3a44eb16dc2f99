"""CloudFormation's functions that need nothing but their arguments, and what a collection of them makes."""

from __future__ import annotations

import ipaddress
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from agentcore_kit.local.aws_protocol.wire import ApiError

LOOP = "Fn::ForEach::"
NO_VALUE = object()
"""What `AWS::NoValue` is: the property is left out."""


def cidr(block: str, count: int, bits: int) -> list[str]:
    """Return the first blocks of an address range.

    Args:
        block: The range.
        count: How many blocks.
        bits: How many bits each of them has for its addresses.
    """
    network = ipaddress.ip_network(block)
    found = [str(each) for each in islice(network.subnets(new_prefix=network.max_prefixlen - bits), count)]
    if len(found) < count:
        raise ValueError(f"{block} has no {count} blocks of {bits} bits")
    return found


def base64(text: str) -> str:
    """Return a text in base 64."""
    return b64encode(text.encode()).decode()


def json_text(value: Any) -> str:
    """Return a value as JSON without white space, as Fn::ToJsonString writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def expanded(section: Any, collection_of: Callable[[Any], list[Any]]) -> Any:
    """Return a part of a template with every Fn::ForEach in it replaced by what it makes.

    Args:
        section: The part.
        collection_of: Gives the items of a collection that is written as a function.
    """
    if isinstance(section, list):
        return [expanded(item, collection_of) for item in section]
    if not isinstance(section, Mapping):
        return section
    made: dict[str, Any] = {}
    for name, value in section.items():
        pairs = _looped(value, collection_of) if name.startswith(LOOP) else [(name, value)]
        made |= {key: expanded(item, collection_of) for key, item in pairs}
    return made


def _looped(loop: list[Any], collection_of: Callable[[Any], list[Any]]) -> Iterator[tuple[str, Any]]:
    identifier, collection, body = loop
    for item in collection_of(collection):
        yield from _replaced(body, identifier, str(item)).items()


def _replaced(part: Any, identifier: str, item: str) -> Any:
    """Return what a loop repeats, with its identifier replaced by one item."""
    if isinstance(part, str):
        text = part.replace(f"${{{identifier}}}", item)
        return text.replace(f"&{{{identifier}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    if isinstance(part, list):
        return [_replaced(each, identifier, item) for each in part]
    if not isinstance(part, Mapping):
        return part
    if dict(part) == {"Ref": identifier}:
        return item
    return {_replaced(key, identifier, item): _replaced(each, identifier, item) for key, each in part.items()}


def check_rules(rules: Mapping[str, Any], value: Callable[[Any], Any]) -> None:
    """Raise ApiError for the first assertion of a template's rules that does not hold.

    Args:
        rules: The section Rules.
        value: Resolves an expression.
    """
    for name, rule in rules.items():
        if not value(rule.get("RuleCondition", True)):
            continue
        for assertion in rule["Assertions"]:
            if not value(assertion["Assert"]):
                told = assertion.get("AssertDescription", "an assertion does not hold")
                raise ApiError("ValidationError", f"Template validation error: rule {name}: {told}")
