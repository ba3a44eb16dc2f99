"""Reads policies/*.cedar and policies/tools/*.json, and says all that is wrong with them: file, line, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cedarpy

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import relative
from agentcore_kit.config.tool import PREFIX, SEPARATOR
from agentcore_kit.policies.schema import ACTION, schema_of

PLACEHOLDER = "${gateway}"
"""What stands in a policy for the gateway: AgentCore::Gateway::"${gateway}". Each environment has an ARN there."""

SHORTEST, LONGEST = 35, 10_000
"""The characters that a policy has in AWS."""
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,38}")
_QUOTED = re.compile(r"`([^`]+)`")
_GENERATED = re.compile(r"(for policy `policy0`, |`policy0`)")


@dataclass(frozen=True)
class Statement:
    """One policy.

    Attributes:
        id: The value of its `@id`, which is its file's name without the ending.
        file: Its file.
        text: The file's text.
        parsed: The policy in Cedar's JSON format.
    """

    id: str
    file: Path
    text: str
    parsed: Mapping[str, Any] = field(repr=False)

    @property
    def permits(self) -> bool:
        """Whether it permits; else it forbids."""
        return bool(self.parsed["effect"] == "permit")

    @property
    def tools(self) -> list[str]:
        """The tools that it names; none for a policy about all of them."""
        return sorted({name for name in _actions(self.parsed) if SEPARATOR in name})

    def about(self, tool: str) -> bool:
        """Return whether a tool is in its scope."""
        return not self.tools or tool in self.tools

    def rendered(self, gateway_arn: str) -> str:
        """Return the policy as an environment has it.

        Args:
            gateway_arn: The ARN of the environment's gateway.
        """
        return self.text.strip().replace(f'"{PLACEHOLDER}"', json.dumps(gateway_arn))


@dataclass(frozen=True)
class PolicyFiles:
    """What is in the folder policies/.

    Attributes:
        statements: The policies, by file name.
        tools: The JSON Schema of each tool's parameters, by its name at the gateway.
    """

    statements: tuple[Statement, ...]
    tools: Mapping[str, Mapping[str, Any]]


def read_policies(folder: Path) -> PolicyFiles:
    """Read the folder policies/ of a platform.

    Raises:
        ConfigError: When a file is wrong, with file and line of everything that is.
    """
    problems: list[str] = []
    tools: dict[str, Mapping[str, Any]] = {}
    for file in sorted((folder / "tools").glob("*.json")):
        try:
            tools |= tools_of(file)
        except ConfigError as error:
            problems += error.problems
    statements = []
    for file in sorted(folder.glob("*.cedar")):
        try:
            statements.append(_statement(file))
        except ConfigError as error:
            problems += error.problems
    if not problems:
        schema = schema_of(tools)
        problems = [one for each in statements for one in _findings(each, schema, set(tools))]
    if problems:
        raise ConfigError(problems)
    return PolicyFiles(tuple(statements), tools)


def tools_of(file: Path) -> dict[str, Mapping[str, Any]]:
    """Return the JSON Schema of the parameters of a target's tools, by their names at the gateway.

    Raises:
        ConfigError: When the file is no list of tools.
    """
    where = f"{relative(file)}:1"
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))["tools"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        how = f"kit policies --refresh {file.stem} --from FILE|URL writes it"
        raise ConfigError([f"{where}: is no list of tools ({error!r}); {how}"]) from None
    return tools_named(file.stem, listed, where)


def tools_named(target: str, listed: Any, where: str) -> dict[str, Mapping[str, Any]]:
    """Return the JSON Schema of the parameters of tools, by their names at the gateway.

    Args:
        target: The target that they are behind.
        listed: The tools, as MCP lists them.
        where: What they are from, for the message.

    Raises:
        ConfigError: When they are no tools, or the target can have no such name.
    """
    if not re.fullmatch(PREFIX, target):
        raise ConfigError([f"{where}: {target} is no name of a target: letters, digits, single hyphens"])
    try:
        found = {f"{target}{SEPARATOR}{one['name']}": one["inputSchema"] for one in listed}
        schema_of(found)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError([f"{where}: is no list of tools with name and inputSchema ({error!r})"]) from None
    return found


def _statement(file: Path) -> Statement:
    name = relative(file)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{name}:1: cannot be read as UTF-8 text: {error}"]) from None
    try:
        found = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        said = " ".join(str(error).split())
        raise ConfigError([f"{name}:{_line(text, said)}: is no Cedar: {said}"]) from None
    policies = list(found["staticPolicies"].values())
    if len(policies) != 1 or found["templates"]:
        raise ConfigError([f"{name}:1: has {len(policies)} policies; a policy is a file of its own, as in AWS"])
    identifier = policies[0].get("annotations", {}).get("id")
    if identifier != file.stem or not _ID.fullmatch(file.stem):
        need = "a letter, then letters, digits and _, 39 characters at most"
        named = f'@id("{file.stem}")' if _ID.fullmatch(file.stem) else f"a file name of {need}, and @id of the same"
        raise ConfigError([f"{name}:{_line(text, '`@id`')}: needs {named}: audit lines name policies by it"])
    if not SHORTEST <= len(text.strip()) <= LONGEST:
        raise ConfigError([f"{name}:1: has {len(text.strip())} characters; AWS takes {SHORTEST} to {LONGEST}"])
    return Statement(identifier, file, text, policies[0])


def _findings(statement: Statement, schema: cedarpy.Schema, tools: set[str]) -> Iterator[str]:
    name, text = relative(statement.file), statement.text
    for error in cedarpy.validate_policies(text, schema).errors:
        said = _GENERATED.sub("", error.error)
        hint = ""
        if "unrecognized action" in said:
            missing = [one for one in statement.tools if one not in tools]
            hint = f"; policies/tools has no {', '.join(missing)}: correct the name, or kit policies --refresh"
        if "applicable action given" not in said or not statement.tools or set(statement.tools) <= tools:
            yield f"{name}:{_line(text, said)}: {said}{hint}"
    scope = statement.parsed["resource"]
    if scope != {"op": "==", "entity": {"type": "AgentCore::Gateway", "id": PLACEHOLDER}}:
        yield f'{name}:{_line(text, "`resource`")}: needs resource == AgentCore::Gateway::"{PLACEHOLDER}" in its head'


def _line(text: str, said: str) -> int:
    """Return the line that a message is about: the one with what it quotes; else where the policy begins."""
    at = re.search(r"line (\d+)", said)
    if at:
        return int(at[1])
    lines = text.splitlines()
    for quoted in [*_QUOTED.findall(said), *re.findall(r": (\S+)$", said), "permit", "forbid"]:
        for candidate in (quoted, quoted.rpartition(".")[2]):
            for number, line in enumerate(lines, 1):
                if candidate in line.partition("//")[0]:
                    return number
    return 1


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects within a value of JSON."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(one)


def _actions(parsed: Mapping[str, Any]) -> Iterator[str]:
    named = (node["id"] for node in nodes(parsed) if node.get("type") == ACTION)
    return (one for one in named if isinstance(one, str))
