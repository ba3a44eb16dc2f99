"""The commands `register` and `deregister`: the tools behind the gateway and in the registry, or in neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.tool import SEPARATOR
from agentcore_kit.delivery import endpoints, lambda_function, mcp_client, output, registry
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import CommandError, as_command_error
from agentcore_kit.delivery.gateway_contents import address, difference, only_listed_anew, put, settle
from agentcore_kit.delivery.gateway_targets import Gateway, Wanted, is_own, owner, same, shown, wanted
from agentcore_kit.delivery.served_tools import ServedTools, served_tools
from agentcore_kit.delivery.tool_compatibility import of_record, refuse_breaking
from agentcore_kit.delivery.tool_record import descriptor_of
from agentcore_kit.delivery.tool_usage import CONSUMER_DAYS, calls
from agentcore_kit.tool_contract.definitions import Definition, offered


def register(env: Env = "") -> None:
    """Put the live tools behind the gateway; the first production environment publishes their record for approval."""
    with deployment("register", env) as context:
        gateway, prefix = Gateway(context), context.manifest.spec.prefix
        tools, unpublished = _live_tools(context), registry.not_published(context)
        if context.publishes and unpublished:
            output.step(f"{unpublished}: no record is written")
        record = None if unpublished else registry.find(context)
        if registered := of_record(context, record):
            refuse_breaking(context, ServedTools(context.manifest.metadata.version, tools), registered)
        seen = shown(context, tools)
        expected = wanted(context, address(context), seen)
        known = gateway.target(prefix)
        _refuse_taken(gateway, context, known)
        told = descriptor_of(context.manifest, tools)
        current = known is not None and same(known, expected) and difference(gateway, prefix, seen) is None
        lines = [] if current else [_line(gateway, prefix, known, expected, len(tools))]
        to_publish = [] if unpublished else registry.changes(context, record, told)
        output.plan([*lines, *to_publish])
        if lines or to_publish:
            output.confirm(context)
        undo = put(gateway, known, expected) if lines else None
        with _undone(context, undo, added=not unpublished and record is None):
            if lines:
                settle(gateway, context, seen)
            if to_publish:
                record = registry.publish(context, record, told)
        said = f"; record {record['recordVersion']} {record['status']}" if record else ""
        output.done(f"{env}: {len(tools)} tools on gateway {gateway.name} as {prefix}{SEPARATOR}…{said}")


def deregister(
    env: Env = "", force: Annotated[bool, typer.Option("--force", help="Even if the tools are used.")] = False
) -> None:
    """Take the tools off the gateway; the first production environment removes their record. Not while in use."""
    with deployment("deregister", env) as context:
        gateway, prefix = Gateway(context), context.manifest.spec.prefix
        known = gateway.target(prefix)
        _refuse_taken(gateway, context, known)
        used = {} if force or known is None else calls(gateway, _names(gateway, prefix))
        if used:
            raise CommandError(
                f"called in {CONSUMER_DAYS} days: {', '.join(f'{name} ({n:.0f} times)' for name, n in used.items())}",
                "set spec.deprecation in manifest.yaml and kit register, so that agents are told; or add --force",
            )
        record = registry.published(context)
        lines = [f"remove target {prefix} from gateway {gateway.name}"] if known else []
        lines += [f"remove record {context.component}, which cannot be undone"] if record else []
        output.plan(lines)
        if lines:
            output.confirm(context)
        if known:
            gateway.delete(known["targetId"])
        if record:
            registry.delete(context, record)
        output.done(f"{env}: gateway {gateway.name} has no tools under {prefix}")


def _live_tools(context: DeploymentContext) -> list[Definition]:
    """Return the tools of this version as the live server lists them. Raises CommandError when it serves other ones."""
    if context.environment.endpoint:
        return offered()
    if lambda_function.is_chosen(context):
        lambda_function.as_checked_out(context)
        return offered()
    now = endpoints.state(context, endpoints.runtime(context).id)
    if now is None or now.live is None:
        raise CommandError(
            f"nothing is live in {context.name}; nothing was registered", f"kit promote --env {context.name}"
        )
    listed = served_tools(context).tools
    if listed != offered():
        raise CommandError(
            f"version {now.live}, which is live in {context.name}, does not serve the tools that are checked out",
            f"check out what is live, or kit deploy and kit promote --env {context.name}",
        )
    return listed


def _names(gateway: Gateway, prefix: str) -> list[str]:
    """Return the tools' names on the gateway: those of this version, and what else it shows."""
    found = {tool["name"] for tool in offered()}
    with suppress(mcp_client.NoAnswer):
        found |= gateway.seen(prefix).keys()
    return [f"{prefix}{SEPARATOR}{name}" for name in sorted(found)]


def _refuse_taken(gateway: Gateway, context: DeploymentContext, known: dict[str, Any] | None) -> None:
    if known and not is_own(context, known):
        raise CommandError(
            f"prefix {known['name']} on gateway {gateway.name} is taken by {owner(known) or 'somebody else'}",
            "choose another spec.prefix in manifest.yaml; two environments need a gateway each, from the platform",
        )


def _line(gateway: Gateway, prefix: str, known: dict[str, Any] | None, expected: Wanted, number: int) -> str:
    if known is None:
        return f"add target {prefix} with {number} tools to gateway {gateway.name}"
    action = "synchronize" if only_listed_anew(known, expected) else "update"
    return f"{action} target {prefix} of gateway {gateway.name}: {number} tools"


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
