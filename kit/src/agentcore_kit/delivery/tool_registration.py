"""The commands `register` and `deregister`: the tools behind the gateway and in the registry, or in neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer
from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import endpoints, lambda_function, mcp_client, names, output, registry
from agentcore_kit.delivery.access_token import token
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, as_command_error
from agentcore_kit.delivery.gateway_targets import Gateway, Wanted, kept, owner, same, shown, wanted
from agentcore_kit.delivery.invoke import invocation_url
from agentcore_kit.delivery.regions import domain
from agentcore_kit.delivery.tool_record import descriptor_of, tools_in
from agentcore_kit.runtime.json_schemas import fields
from agentcore_kit.tool_contract.breaking_changes import breaking
from agentcore_kit.tool_contract.definitions import Definition, offered

CONSUMER_DAYS = 7
"""An agent that has called a tool within so many days is a consumer."""


def register(env: Env = "") -> None:
    """Put the live tools behind the gateway; the first production environment publishes their record for approval."""
    with deployment("register", env) as context:
        gateway, prefix = Gateway(context), context.manifest.spec.prefix
        tools = _live_tools(context, token(context))
        record = registry.find(context) if context.publishes else None
        _refuse_breaking(context, record, tools)
        seen = shown(context, tools)
        expected = wanted(context, _address(context), seen)
        known = gateway.target(prefix)
        _refuse_taken(gateway, context, known)
        told = descriptor_of(context.manifest, tools)
        current = known is not None and same(known, expected) and _problem(gateway, prefix, seen) is None
        lines = [] if current else [_line(gateway, prefix, known, expected, len(tools))]
        to_publish = registry.changes(context, record, told) if context.publishes else []
        output.plan([*lines, *to_publish])
        if lines or to_publish:
            output.confirm(context)
        undo = _put(gateway, known, expected) if lines else None
        with _undone(context, undo, added=context.publishes and record is None):
            if lines:
                _check(gateway, context, seen)
            if to_publish:
                record = registry.publish(context, record, told)
        said = f"; record {record['recordVersion']} {record['status']}" if record else ""
        output.done(f"{env}: {len(tools)} tools on gateway {gateway.name} as {prefix}{SEPARATOR}…{said}")


def deregister(
    env: Env = "", force: Annotated[bool, typer.Option("--force", help="Even if the tools are used.")] = False
) -> None:
    """Take the tools off the gateway; the first production environment deprecates their record. Not while in use."""
    with deployment("deregister", env) as context:
        gateway, prefix = Gateway(context), context.manifest.spec.prefix
        known = gateway.target(prefix)
        _refuse_taken(gateway, context, known)
        used = {} if force or known is None else _calls(gateway, prefix)
        if used:
            raise CommandError(
                f"called in {CONSUMER_DAYS} days: {', '.join(f'{name} ({n:.0f} times)' for name, n in used.items())}",
                "set spec.deprecation in manifest.yaml and kit register, so that agents are told; or add --force",
            )
        record = registry.find(context) if context.publishes else None
        lines = [f"remove target {prefix} from gateway {gateway.name}"] if known else []
        lines += [f"retire record {context.component}, which cannot be undone"] if record else []
        output.plan(lines)
        if lines:
            output.confirm(context)
        if known:
            gateway.delete(known["targetId"])
        if record:
            registry.retire(context, record, f"{context.component} was taken off gateway {gateway.name}")
        output.done(f"{env}: gateway {gateway.name} has no tools under {prefix}")


def _live_tools(context: DeploymentContext, bearer: str) -> list[Definition]:
    """Return the tools of this version as the live server lists them. Raises CommandError when it serves other ones."""
    if context.environment.endpoint:
        return offered()
    if lambda_function.is_chosen(context):  # it cannot list, but its image is that of a commit
        lambda_function.as_checked_out(context)
        return offered()
    found = endpoints.runtime(context)
    now = endpoints.state(context, found.id)
    if now is None or now.live is None:
        raise CommandError(
            f"nothing is live in {context.name}; nothing was registered", f"kit promote --env {context.name}"
        )
    try:
        url = f"{invocation_url(context, found.arn)}?qualifier={names.LIVE}"
        listed = mcp_client.list_tools(url, context.kind.access(context, bearer))
    except mcp_client.NoAnswer as error:
        raise CommandError(
            f"the live server does not list its tools: {error}", f"kit smoke --env {context.name}"
        ) from None
    if listed != offered():
        raise CommandError(
            f"version {now.live}, which is live in {context.name}, does not serve the tools that are checked out",
            f"check out what is live, or kit deploy and kit promote --env {context.name}",
        )
    return listed


def _address(context: DeploymentContext) -> str:
    """Return where the gateway reaches the tools. Raises CommandError when they are not deployed."""
    if context.environment.endpoint:
        return str(context.environment.endpoint)
    if lambda_function.is_chosen(context):
        return lambda_function.deployed(context).arn
    host = f"bedrock-agentcore.{context.region}.{domain(context.region)}"
    arn = quote(endpoints.runtime(context).arn, safe="")
    return f"https://{host}/runtimes/{arn}/invocations?qualifier={names.LIVE}"


def _refuse_breaking(context: DeploymentContext, record: dict[str, Any] | None, tools: list[Definition]) -> None:
    """Raise CommandError when agents would break that use the registered version, unless the major version says so."""
    found = breaking(tools_in(record), tools)
    if not record or not found:
        return
    before, version = record["recordVersion"], context.manifest.metadata.version
    if int(version.partition(".")[0]) <= int(before.partition(".")[0]):
        difference = "".join(f"\n  {line}" for line in found)
        raise CommandError(
            f"{version} would break agents that use {before}; nothing was changed:{difference}",
            f"keep what {before} has, or raise metadata.version to {int(before.partition('.')[0]) + 1}.0.0",
        )


def _refuse_taken(gateway: Gateway, context: DeploymentContext, known: dict[str, Any] | None) -> None:
    if known and owner(known) != f"{context.component} {context.name}":
        raise CommandError(
            f"prefix {known['name']} on gateway {gateway.name} is taken by {owner(known) or 'somebody else'}",
            "choose another spec.prefix in manifest.yaml; two environments need a gateway each, from the platform",
        )


def _line(gateway: Gateway, prefix: str, known: dict[str, Any] | None, expected: Wanted, number: int) -> str:
    if known is None:
        return f"add target {prefix} with {number} tools to gateway {gateway.name}"
    action = "synchronize" if _only_listed_anew(known, expected) else "update"
    return f"{action} target {prefix} of gateway {gateway.name}: {number} tools"


def _only_listed_anew(known: dict[str, Any], expected: Wanted) -> bool:
    return expected.lists_itself and same(known, expected)


def _put(gateway: Gateway, known: dict[str, Any] | None, expected: Wanted) -> Callable[[], None]:
    """Bring the target to the gateway; return what takes that back."""
    if known is None:
        made = gateway.create(expected)
        return lambda: gateway.delete(made)
    target_id, before = known["targetId"], kept(known)
    if _only_listed_anew(known, expected):
        gateway.synchronize(target_id)
        return lambda: None
    gateway.update(target_id, expected.parameters())
    return lambda: gateway.update(target_id, before)


@contextmanager
def _undone(context: DeploymentContext, undo: Callable[[], None] | None, *, added: bool) -> Iterator[None]:
    """Take everything back when what follows fails, so that nothing half registered remains."""
    try:
        yield
    except (CommandError, ClientError, BotoCoreError, KeyboardInterrupt):
        if undo:
            output.step("failed: putting the gateway back to what it was")
            with _said():
                undo()
        with _said():
            if added and (draft := registry.find(context)):
                registry.delete(context, draft)
        raise


@contextmanager
def _said() -> Iterator[None]:
    """Say what could not be taken back, and go on: what failed first is what the command ends with."""
    try:
        yield
    except (CommandError, ClientError, BotoCoreError) as error:
        told = as_command_error(error)
        output.step(f"that failed too: {told.message}; {told.next_step}")


def _check(gateway: Gateway, context: DeploymentContext, tools: list[Definition]) -> None:
    """Wait for the target, and compare what agents see of it. Raises CommandError."""
    prefix = context.manifest.spec.prefix
    output.step(f"waiting for target {prefix}")
    target = gateway.target(prefix)
    if target is None:
        raise CommandError(f"target {prefix} is gone from gateway {gateway.name}", f"kit register --env {context.name}")
    gateway.settle(target["targetId"])
    if problem := _problem(gateway, prefix, tools):
        raise CommandError(
            f"gateway {gateway.name}: {problem}", f"kit smoke --env {context.name}, then kit register again"
        )


def _problem(gateway: Gateway, prefix: str, tools: list[Definition]) -> str | None:
    """Return in what the tools seen through the gateway differ from those of this version, None when in nothing."""
    try:
        seen = gateway.seen(prefix)
    except mcp_client.NoAnswer as error:
        return f"its tools cannot be listed: {error}"
    expected = {tool["name"]: tool for tool in tools}
    if missing := expected.keys() - seen.keys():
        return f"it does not show {', '.join(f'{prefix}{SEPARATOR}{name}' for name in sorted(missing))}"
    if more := seen.keys() - expected.keys():
        return f"it still shows {', '.join(f'{prefix}{SEPARATOR}{name}' for name in sorted(more))}"
    other = [name for name, tool in expected.items() if _differs(tool, seen[name])]
    return f"it shows another version of {', '.join(other)}" if other else None


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


def _calls(gateway: Gateway, prefix: str) -> dict[str, float]:
    """Return how often each tool that was called lately was, through the gateway, as CloudWatch counts it."""
    now = datetime.now(UTC)
    found: dict[str, float] = {}
    for tool in offered():
        name = f"{prefix}{SEPARATOR}{tool['name']}"
        metric = {
            "Namespace": "AWS/Bedrock-AgentCore",
            "MetricName": "Invocations",
            "Dimensions": [{"Name": "Resource", "Value": gateway.arn}, {"Name": "Name", "Value": name}],
        }
        query = {"Id": "calls", "MetricStat": {"Metric": metric, "Period": 86400 * CONSUMER_DAYS, "Stat": "Sum"}}
        start = now - timedelta(days=CONSUMER_DAYS)
        cloudwatch = gateway.home.client("cloudwatch")
        data = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=now)
        if total := sum(data["MetricDataResults"][0]["Values"]):
            found[name] = total
    return found
