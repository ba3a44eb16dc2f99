"""What a gateway shows of the tools: where it reaches them, how a target gets there, and how they differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import endpoints, lambda_function, mcp_client, names, output
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.gateway_targets import Gateway, Wanted, kept, same
from agentcore_kit.delivery.regions import domain
from agentcore_kit.runtime.json_schemas import fields
from agentcore_kit.tool_contract.breaking_changes import breaking
from agentcore_kit.tool_contract.definitions import Definition


def address(context: DeploymentContext) -> str:
    """Return where the gateway reaches the tools. Raises CommandError when they are not deployed."""
    if context.environment.endpoint:
        return str(context.environment.endpoint)
    if lambda_function.is_chosen(context):
        return lambda_function.deployed(context).arn
    host = f"bedrock-agentcore.{context.region}.{domain(context.region)}"
    arn = quote(endpoints.runtime(context).arn, safe="")
    return f"https://{host}/runtimes/{arn}/invocations?qualifier={names.LIVE}"


def only_listed_anew(known: dict[str, Any], expected: Wanted) -> bool:
    """Return whether a target stays as it is, and the gateway has to list its tools anew."""
    return expected.lists_itself and same(known, expected)


def put(gateway: Gateway, known: dict[str, Any] | None, expected: Wanted) -> Callable[[], None]:
    """Bring the target to the gateway; return what takes that back."""
    if known is None:
        made = gateway.create(expected)
        return lambda: gateway.delete(made)
    target_id, before = known["targetId"], kept(known)
    if only_listed_anew(known, expected):
        gateway.synchronize(target_id)
        return lambda: None
    gateway.update(target_id, expected.parameters())
    return lambda: gateway.update(target_id, before)


def settle(gateway: Gateway, context: DeploymentContext, tools: list[Definition]) -> None:
    """Wait for the target, and compare what agents see of it. Raises CommandError."""
    prefix = context.manifest.spec.prefix
    output.step(f"waiting for target {prefix}")
    target = gateway.target(prefix)
    if target is None:
        raise CommandError(f"target {prefix} is gone from gateway {gateway.name}", f"kit register --env {context.name}")
    gateway.settle(target["targetId"])
    if problem := difference(gateway, prefix, tools):
        raise CommandError(
            f"gateway {gateway.name}: {problem}", f"kit smoke --env {context.name}, then kit register again"
        )


def difference(gateway: Gateway, prefix: str, tools: list[Definition]) -> str | None:
    """Return in what the tools seen through the gateway differ from others, None when in nothing."""
    try:
        seen = gateway.seen(prefix)
    except mcp_client.NoAnswer as error:
        return f"its tools cannot be listed: {error}"
    expected = {tool["name"]: tool for tool in tools}
    other = [name for name in expected if name in seen and _differs(expected[name], seen[name])]
    found = {
        "it does not show": expected.keys() - seen.keys(),
        "it still shows": seen.keys() - expected.keys(),
        "it shows another version of": other,
    }
    lines = [
        f"{what} {', '.join(f'{prefix}{SEPARATOR}{name}' for name in sorted(n))}" for what, n in found.items() if n
    ]
    return "; ".join(lines) or None


def _differs(tool: Definition, seen: Definition) -> bool:
    """Return whether a tool says something else than is seen, in whatever way the gateway writes schemas."""
    seen = {"outputSchema": tool.get("outputSchema", {})} | seen | {"name": tool["name"]}
    if _descriptions(tool) != _descriptions(seen):
        return True
    return bool(breaking([tool], [seen]) or breaking([seen], [tool]))


def _descriptions(tool: Definition) -> list[tuple[str, str]]:
    schemas = [tool.get(key, {}) for key in ("inputSchema", "outputSchema")]
    found = [(path, field.get("description", "")) for schema in schemas for path, field in fields(schema)]
    return [("", tool.get("description", "")), *sorted(found)]
