"""`kit add policy`: who may call which tools, as a Cedar policy with rows in the table of decisions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from agentcore_kit.authoring.changes import Changes, not_placed
from agentcore_kit.authoring.proof import tried
from agentcore_kit.authoring.yaml_text import YamlFile
from agentcore_kit.config.explain import choose
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.policies.engine import PolicySet, load
from agentcore_kit.policies.statements import read_policies

TABLE = "policies/decisions.yaml"

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,38}")
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,100}")
_BY_TYPE = {"string": "text", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}


def add_policy(changes: Changes, name: str, tools: list[str], role: str, arguments: str = "") -> list[str]:
    """Let callers with a role call tools, with a row for each tool that shows it, and one without the role.

    Args:
        changes: The repository's files.
        name: The policy's id, which its file is named after.
        tools: Names at the gateway, for example `market-data___getMarketData`.
        role: The value of the claim `role`.
        arguments: The parameters of the rows, as JSON; made of each tool's schema where it is empty.

    Returns:
        What is left to a person, a line each.

    Raises:
        CommandError: When something is typed wrongly, a policy of that name says something else, or another policy
            forbids the calls.
    """
    schemas = read_policies(repository_path("policies")).tools
    given = _given(name, tools, role, arguments, schemas)
    tools = [*dict.fromkeys(tools)]
    file, text = f"policies/{name}.cedar", _cedar(name, tools, role)
    if changes.exists(file) and _rules(changes.text(file)) != _rules(text):
        step = f"edit it and its rows in {TABLE} yourself, or choose another name"
        raise not_placed(file, 1, "is there already and says something else", step)
    changes.create(file, text)
    table = YamlFile(changes, TABLE)
    rows = table.value("decisions")
    known = {row.get("tool") for row in rows if name in row.get("by", [])} if isinstance(rows, list) else set()
    if not (new := [tool for tool in tools if tool not in known]) and not changes.changed():
        return []
    with tried(changes) as trial:
        policies = load(trial.root / "policies")
    for tool in new:
        for row in _rows(policies, tool, role, given if arguments else _sample(schemas[tool])):
            table.append_item(("decisions",), _written(row), row)
    return [
        f"say in the first line of {file} why, in your words",
        "kit deploy brings it as LOG_ONLY, and kit policies --activate --env … enforces it",
    ]


def _given(
    name: str, tools: list[str], role: str, arguments: str, known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the arguments of the rows. Raises CommandError when something is typed wrongly."""
    if not _ID.fullmatch(name):
        needed = "needed: a letter, then letters, digits and _, at most 39; for example market_data_readers"
        raise CommandError(f"{name!r} is no id of a policy", needed, WRONG_INPUT)
    if not tools or not _ROLE.fullmatch(role):
        step = "kit add policy NAME --tool TARGET___TOOL --role ROLE; --tool as often as needed"
        raise CommandError("it is not said which tools, or which role may call them", step, WRONG_INPUT)
    for tool in tools:
        if tool not in known:
            step = f"{choose(tool, known)} A tool that is new: kit policies --refresh TARGET --from FILE"
            raise CommandError(f"--tool: {tool!r} is no tool of policies/tools/", step, WRONG_INPUT)
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise CommandError("--arguments is no JSON", 'for example \'{"region": "EMEA"}\'', WRONG_INPUT)
    return given


def _cedar(name: str, tools: list[str], role: str) -> str:
    actions = [f'AgentCore::Action::"{tool}"' for tool in tools]
    several = "action in [\n    " + ",\n    ".join(actions) + "\n  ]"
    return (
        f"// Callers with the role {role} may call {'this tool' if len(tools) == 1 else 'these tools'}.\n"
        f'@id("{name}")\n'
        "permit (\n"
        "  principal is AgentCore::OAuthUser,\n"
        f"  {several if len(tools) > 1 else f'action == {actions[0]}'},\n"
        '  resource == AgentCore::Gateway::"${gateway}"\n'
        ")\n"
        f'when {{ principal.hasTag("role") && principal.getTag("role") == "{role}" }};\n'
    )


def _rules(text: str) -> list[str]:
    """Return the lines of a policy that are no comment."""
    return [line for line in text.splitlines() if not line.startswith("//")]


def _rows(policies: PolicySet, tool: str, role: str, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a tool, with what the policies decide now: allowed with the role, refused without it."""
    caller = {"sub": "somebody", "role": role}
    found = policies.decide(caller, tool, values)
    if not found.allowed:
        why = "; ".join(found.errors) or f"{', '.join(found.policy_ids)} forbids it"
        step = "nothing was changed; choose other --arguments for its rows, or correct the policy that forbids"
        raise CommandError(f"{tool} would still be refused to the role {role}: {why}", step, WRONG_INPUT)
    call = {"tool": tool, "arguments": values}
    by = list(found.policy_ids)
    yield {"why": f"callers with the role {role} call {tool}", "claims": caller, **call, "allowed": True, "by": by}
    nobody = {"sub": "somebody"}
    refused = policies.decide(nobody, tool, values)
    if not refused.allowed:  # else another policy lets everybody in
        row = {"why": f"who has no role does not call {tool}", "claims": nobody, **call, "allowed": False}
        yield row | ({"by": list(refused.policy_ids)} if refused.policy_ids else {})


def _written(row: dict[str, Any]) -> str:
    """Return a row as it is written: a line a field."""
    flow = {key: yaml.safe_dump(value, default_flow_style=True, width=1000) for key, value in row.items()}
    return "\n".join(f"{key}: {text.strip().removesuffix('...').strip()}" for key, text in flow.items())


def _sample(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each parameter that a tool needs; the decision tells when one is not right."""
    found = {}
    for name in schema.get("required", []):
        about = schema.get("properties", {}).get(name, {})
        choices = [about[key] for key in ("const", "default") if key in about]
        choices += [*about.get("enum", []), *about.get("examples", [])]
        found[name] = choices[0] if choices else about.get("minimum", _BY_TYPE.get(about.get("type", ""), "text"))
    return found
