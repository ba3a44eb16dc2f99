"""What in a new version of the tools would break agents that use the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from operator import eq, ge, le
from typing import Any

from jsonschema import Draft202012Validator

from agentcore_kit.runtime.json_schemas import PARTS, Schema, choices
from agentcore_kit.tool_contract.definitions import Definition

_BOUNDS = dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), le) | dict.fromkeys(
    ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), ge
)
_WALKED = {"type", "enum", "const", "properties", "required", "items", "additionalProperties"}
_NO_LIMIT = {"title", "description", "default", "examples", "deprecated", "discriminator", "$defs", "$schema"}
_SENT = ("no longer takes {}", "takes only {} now", "is required now")
_READ = ("may be {} now", "may be other than {} now", "may be missing now")


def breaking(before: Sequence[Definition], after: Sequence[Definition]) -> list[str]:
    """Return every breaking change, one line each: what agents send must still be taken, what they read still come."""
    now = {tool["name"]: tool for tool in after}
    found: list[str] = []
    for old in before:
        name = old["name"]
        if name not in now:
            found.append(f"{name}: the tool is gone")
            continue
        for kind in ("inputSchema", "outputSchema"):
            schemas = old.get(kind, {}), now[name].get(kind, {})
            found += [f"{name}: {line}" for line in _Comparison(*schemas, read=kind == "outputSchema").lines()]
    return found


class _Comparison:
    """Whether every value that may be sent is one that is taken: by the new schema, or for what agents read, the old.

    What cannot be decided, such as whether one pattern is within another, breaks when it differs.
    """

    def __init__(self, old: Schema, new: Schema, *, read: bool) -> None:
        self._sent, self._taken = (new, old) if read else (old, new)
        self._read, (self._lost, self._only, self._needed) = read, _READ if read else _SENT
        self._within: list[str] = []

    def lines(self) -> list[str]:
        """Return what may be sent and is not taken."""
        return self._misfits(self._sent, self._taken, "")

    def _misfits(self, sent: Schema, taken: Schema, at: str) -> list[str]:
        pair = json.dumps([sent, taken], sort_keys=True)
        if pair in self._within:  # a schema that stands within itself
            return []
        self._within.append(pair)
        found: list[str] = []
        takers = choices(taken, self._taken)
        for one in choices(sent, self._sent):
            if "enum" in one:
                if lost := [value for value in one["enum"] if not self._takes(taken, value)]:
                    found.append(self._line(at, self._lost.format(_listed(lost))))
                continue
            alike = [list(self._misfit(one, other, at)) for other in takers if _is_within(one, other)]
            fewest = min(alike, key=len, default=[self._change(at, "", _types([one]), _types(takers))])
            found += fewest
        self._within.pop()
        return found

    def _misfit(self, sent: Schema, taken: Schema, at: str) -> Iterator[str]:
        """Yield why not every value that is sent is taken, both being of one type."""
        if "enum" in taken:
            yield self._line(at, self._only.format(_listed(taken["enum"])))
            return
        ours, theirs = sent.get("properties", {}), taken.get("properties", {})
        gone = [name for name in (theirs if self._read else ours) if name not in (ours if self._read else theirs)]
        for name in gone:
            yield self._line(f"{at}.{name}", "is gone")
        for name in ours:
            if name in theirs:
                yield from self._misfits(ours[name], theirs[name], f"{at}.{name}")
        for name in taken.get("required", []):
            if name not in (*sent.get("required", []), *gone):
                yield self._line(f"{at}.{name}", self._needed)
        for key, step in PARTS.items():
            given = sent.get(key)
            if isinstance(wanted := taken.get(key), dict) and given is not False:
                yield from self._misfits(given if isinstance(given, dict) else {}, wanted, at + step)
        if taken.get("additionalProperties") is False and sent.get("additionalProperties") is not False:
            yield self._change(at, "other fields", "allowed", "refused")
        for key in sorted(taken.keys() - _WALKED - _NO_LIMIT):
            if key not in sent or not _BOUNDS.get(key, eq)(sent[key], taken[key]):
                yield self._change(at, key, sent.get(key, "any"), taken[key])

    def _takes(self, schema: Schema, value: Any) -> bool:
        whole = schema | {"$defs": self._taken.get("$defs", {})}
        valid: bool = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(value)
        return valid

    def _change(self, at: str, key: str, sent: Any, taken: Any) -> str:
        old, new = (taken, sent) if self._read else (sent, taken)
        return self._line(f"{at} {key}".rstrip(), f"→ {new}", f": {old}")

    def _line(self, at: str, said: str, before: str = "") -> str:
        what = f"result field {at[1:]}" if self._read else f"parameter {at[1:]}"
        return f"{what.rstrip()}{before} {said}"


def _is_within(sent: Schema, taken: Schema) -> bool:
    """Return whether one type is the other, or a part of it."""
    kinds = sent.get("type"), taken.get("type")
    return kinds[1] in (None, kinds[0]) or kinds == ("integer", "number")


def _types(schemas: Iterable[Schema]) -> str:
    return " or ".join(str(one.get("type", "any")) for one in schemas)


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, values)))
