"""Decides on calls as the gateway's policy engine does: what no policy permits is refused, and a forbid wins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cedarpy

from agentcore_kit.policies.schema import ACTION, GATEWAY, USER, NotRepresentable, cedar_input, schema_of
from agentcore_kit.policies.statements import PLACEHOLDER, PolicyFiles, read_policies

_REMEMBERED_USERS = 200


@dataclass(frozen=True)
class Decision:
    """What the policies say of a call.

    Attributes:
        allowed: Whether the tool may run.
        policy_ids: The policies that decided; none where nothing permits it.
        errors: Why no decision was possible, or what went wrong in policies that were left out for that.
    """

    allowed: bool
    policy_ids: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class PolicySet:
    """Policies and tools, parsed once. It never changes, so that threads may share it."""

    def __init__(self, files: PolicyFiles) -> None:
        """Parse them.

        Args:
            files: What `read_policies` has found.
        """
        self.files = files
        self._ids = {f"policy{number}": one.id for number, one in enumerate(files.statements)}
        self._policies = cedarpy.PolicySet.from_str("\n".join(one.text for one in files.statements))
        self._schema = schema_of(files.tools)
        self._by_name = {tool for one in files.statements for tool in one.tools}
        # Parsing a user takes as long as deciding, and most requests are of a user who has just made one.
        parsed = partial(cedarpy.Entities.from_json_str, schema=self._schema)
        self._parsed_user = lru_cache(_REMEMBERED_USERS)(parsed)

    def decide(self, claims: Mapping[str, Any], tool: str, arguments: Mapping[str, Any]) -> Decision:
        """Return whether a user may call a tool with parameters.

        Args:
            claims: What the user's token says; `sub` is the user. Text, numbers, true and false are tags.
            tool: The tool's name at the gateway, `<target>___<tool>`.
            arguments: The call's parameters.
        """
        asked = self._request(claims, tool)
        if isinstance(asked, Decision):
            return asked
        request, user = asked
        try:
            given = cedar_input(arguments, self.files.tools[tool])
        except NotRepresentable as error:
            return Decision(False, (), (str(error),))
        request["context"] = json.dumps({"input": given})
        found = cedarpy.is_authorized(request, self._policies, user, self._schema)
        return Decision(
            found.decision is cedarpy.Decision.Allow,
            tuple(sorted(self._ids[one] for one in found.diagnostics.reasons)),
            tuple(self._named(one) for one in found.diagnostics.errors),
        )

    def may_call(self, claims: Mapping[str, Any], tool: str) -> bool:
        """Return whether there may be parameters that the user may call a tool with: such tools are listed.

        Where the policies that read parameters contradict each other, a tool may be listed that is refused with all of
        them; never the other way round.

        Args:
            claims: What the user's token says.
            tool: The tool's name at the gateway.
        """
        asked = self._request(claims, tool)
        if isinstance(asked, Decision):
            return False
        request, user = asked
        found = cedarpy.is_authorized_partial(request, self._policies, user, self._schema)
        undecided = found.decision is cedarpy.Decision.NoDecision and not found.diagnostics.errors
        return found.decision is cedarpy.Decision.Allow or undecided

    def names(self, tool: str) -> bool:
        """Return whether a policy names a tool. What users may call is the same for all tools that none names.

        Args:
            tool: The tool's name at the gateway.
        """
        return tool in self._by_name

    def could_decide(self, claims: Mapping[str, Any], tool: str) -> tuple[set[str], set[str]]:
        """Return the policies that may hold for some call of a tool by a user, and those that hold for every call.

        Args:
            claims: What the user's token says.
            tool: The tool's name at the gateway.
        """
        asked = self._request(claims, tool)
        if isinstance(asked, Decision):
            return set(), set()
        request, user = asked
        found = cedarpy.is_authorized_partial(request, self._policies, user, self._schema)
        always = {self._ids[one] for one in found.diagnostics.reasons}
        return always | {self._ids[one] for one in found.diagnostics.nontrivial_residuals}, always

    def _request(self, claims: Mapping[str, Any], tool: str) -> tuple[dict[str, Any], cedarpy.Entities] | Decision:
        """Return what Cedar is asked and the user as Cedar has one; why not, where that cannot be."""
        user = claims.get("sub")
        if tool not in self.files.tools:
            return Decision(False, (), (f"policies/tools has no tool {tool}",))
        if not isinstance(user, str) or not user or not user.isprintable():
            return Decision(False, (), ("the token has no sub that names a user",))
        request = {
            "principal": _entity(USER, user),
            "action": _entity(ACTION, tool),
            "resource": _entity(GATEWAY, PLACEHOLDER),
        }
        try:
            return request, self._parsed_user(_entities(claims))
        except ValueError as error:
            return Decision(False, (), (f"the token's claims cannot be read: {error}",))

    def _named(self, error: str) -> str:
        for generated, identifier in self._ids.items():
            error = error.replace(f"`{generated}`", f"`{identifier}`")
        return error


def load(folder: Path) -> PolicySet:
    """Return the policies of a folder.

    Args:
        folder: policies/ of a platform.

    Raises:
        ConfigError: When a file is wrong, with file and line of everything that is.
    """
    return PolicySet(read_policies(folder))


def tags(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the claims that policies can read, as text: those that are text, a number, true or false."""
    readable = {name: value for name, value in claims.items() if isinstance(value, (str, int, float))}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in readable.items()}


def _entity(kind: str, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{kind}::"{escaped}"'


def _entities(claims: Mapping[str, Any]) -> str:
    user = claims["sub"]
    principal = {"uid": {"type": USER, "id": user}, "attrs": {"id": user}, "parents": [], "tags": tags(claims)}
    return json.dumps([principal])
