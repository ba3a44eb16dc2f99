"""What is suspicious in valid policies: never used, too generous, about claims that nobody has, tools without any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from agentcore_kit.config.repository import relative
from agentcore_kit.policies.engine import PolicySet, tags
from agentcore_kit.policies.schema import left_out
from agentcore_kit.policies.statements import Statement, nodes
from agentcore_kit.policies.table import Outcome

Values = dict[str, set[str]]

_STANDARD = {"sub", "iss", "aud", "iat", "exp", "nbf", "jti", "given_name", "client_id"}
"""Claims that a token has whatever the policies are."""


def findings(policies: PolicySet, rows: Sequence[Outcome]) -> list[str]:
    """Return what must be corrected, one line each.

    Args:
        policies: The policies.
        rows: The table, decided.
    """
    statements = policies.files.statements
    found = [line for one in statements for line in _of_policy(one, policies, rows)]
    return [*found, *_of_tools(policies, rows), *_of_claims(statements, rows)]


def notes(policies: PolicySet) -> list[str]:
    """Return what is worth knowing and no fault: parameters that policies cannot read."""
    unread = {name: left_out(schema) for name, schema in policies.files.tools.items()}
    return [
        f"note: no policy can decide by {', '.join(names)} of {tool}, as Cedar has no documented type for it"
        for tool, names in unread.items()
        if names
    ]


def _of_policy(one: Statement, policies: PolicySet, rows: Sequence[Outcome]) -> Iterator[str]:
    where = f"{relative(one.file)}: {one.id}"
    if not any(one.id in row.decision.policy_ids for row in rows):
        about = [row for row in rows if one.about(row.row.tool)]
        possible = any(one.id in policies.could_decide(row.row.claims, row.row.tool)[0] for row in about)
        if about and not possible:
            yield f"{where}: never applies: no caller of the table can fulfil its condition; correct it or delete it"
        else:
            yield f"{where}: decides no row of decisions.yaml; add a row that shows what it is for, or delete it"
    generous = [
        tool
        for tool in policies.files.tools
        if one.permits and one.about(tool) and one.id in policies.could_decide({"sub": "anybody"}, tool)[1]
    ]
    if generous:
        yield f"{where}: always allows {', '.join(generous)}, to everybody, with any parameters; say who may, in when"
    for parameter, value, known in _unknown_values(one, policies):
        yield f"{where}: {parameter} is never {value!r}; the tool takes {', '.join(map(repr, known))}"


def _of_tools(policies: PolicySet, rows: Sequence[Outcome]) -> Iterator[str]:
    for tool in policies.files.tools:
        named = [one for one in policies.files.statements if tool in one.tools]
        tested = [row for row in rows if row.row.tool == tool]
        if not named and not tested:
            yield (
                f"policies/tools: no policy names {tool}, so nobody may call it; write one, or a row of decisions.yaml "
                "that says that it is refused"
            )


def _of_claims(statements: Sequence[Statement], rows: Sequence[Outcome]) -> Iterator[str]:
    given: Values = {}
    for row in rows:
        for name, value in tags(row.row.claims).items():
            given.setdefault(name, set()).add(value)
    read: set[str] = set()
    for one in statements:
        asked = _claims(one.parsed["conditions"])
        read |= asked.keys()
        for name, values in asked.items():
            where = f"{relative(one.file)}: {one.id}"
            if name not in given:
                yield f"{where}: reads the claim {name}, which no caller of decisions.yaml has{_near(name, given)}"
            for value in sorted(values - given.get(name, values)):
                yield (
                    f"{where}: compares the claim {name} with {value!r}, which no caller of decisions.yaml has; add a "
                    f"row whose caller has {name}: {value}, or correct the policy"
                )
    for name in sorted(given.keys() - read - _STANDARD):
        yield f"decisions.yaml: callers have the claim {name}, which no policy reads{_near(name, read)}"


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else "; add a caller who has it, or correct the name"


def _unknown_values(one: Statement, policies: PolicySet) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the values that a policy compares parameters with and that none of its tools takes."""
    for name, values in _compared(one.parsed["conditions"], _parameter).items():
        enums = [policies.files.tools[tool].get("properties", {}).get(name, {}).get("enum") for tool in one.tools]
        if enums and all(enums):
            known = sorted({str(value) for enum in enums for value in enum})
            yield from ((name, value, known) for value in sorted(values - set(known)))


def _claims(conditions: Any) -> Values:
    """Return the claims that conditions read, with the values that they are compared with."""
    found = _compared(conditions, _claim)
    for node in nodes(conditions):
        for operator in ("hasTag", "getTag"):
            if operator in node and "Value" in node[operator]["right"]:
                found.setdefault(node[operator]["right"]["Value"], set())
    return found


def _compared(conditions: Any, name_of: Any) -> Values:
    """Return the texts that something is compared with by == and contains, by its name."""
    found: Values = {}
    for node in nodes(conditions):
        for operator in ("==", "contains"):
            sides = node.get(operator)
            if not isinstance(sides, Mapping):
                continue
            for one, other in ((sides["left"], sides["right"]), (sides["right"], sides["left"])):
                if name := name_of(one):
                    texts = [each.get("Value") for each in other.get("Set", [other])]
                    found.setdefault(name, set()).update(text for text in texts if isinstance(text, str))
    return found


def _claim(node: Mapping[str, Any]) -> str:
    """Return the claim that `principal.getTag("…")` reads, empty for another expression."""
    read = node.get("getTag")
    return str(read["right"].get("Value", "")) if read else ""


def _parameter(node: Mapping[str, Any]) -> str:
    """Return the parameter that `context.input.…` reads, empty for another expression."""
    read = node.get(".")
    context = {"left": {"Var": "context"}, "attr": "input"}
    return str(read["attr"]) if read and read["left"] == {".": context} else ""
