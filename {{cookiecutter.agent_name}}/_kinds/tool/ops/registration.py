"""The verbs `register` and `deregister`: the tools behind the gateway and in the registry, or in neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops import function, mcp
from ops.breaking import breaking
from ops.component import access
from ops.delivery import endpoint, names, registry, show
from ops.delivery.acting import Env, acting
from ops.delivery.bearer import token
from ops.delivery.calls import invocation_url
from ops.delivery.place import Place
from ops.delivery.stop import Stop, as_stop
from ops.gateway import Gateway, Wanted, kept, owner, same, shown, wanted
from ops.offer import Definition, offered
from ops.record import descriptor_of, tools_in
from ops.schemas import fields
from ops.spec import SEPARATOR

CONSUMER_DAYS = 7
"""An agent that has called a tool within so many days is a consumer."""


def register(env: Env = "") -> None:
    """Put the live tools behind the gateway under their prefix, and in production publish their record for approval."""
    with acting("register", env) as place:
        gateway, prefix = Gateway(place), place.manifest.spec.prefix
        tools = _live_tools(place, token(place))
        record = registry.find(place) if env == "prod" else None
        _refuse_breaking(place, record, tools)
        seen = shown(place, tools)
        expected = wanted(place, _address(place), seen)
        known = gateway.target(prefix)
        _refuse_taken(gateway, place, known)
        told = descriptor_of(place.manifest, tools)
        current = known is not None and same(known, expected) and _problem(gateway, prefix, seen) is None
        lines = [] if current else [_line(gateway, prefix, known, expected, len(tools))]
        to_publish = registry.changes(place, record, told) if env == "prod" else []
        show.plan([*lines, *to_publish])
        if lines or to_publish:
            show.confirm(place)
        undo = _put(gateway, known, expected) if lines else None
        with _undone(place, undo, added=env == "prod" and record is None):
            if lines:
                _check(gateway, place, seen)
            if to_publish:
                record = registry.publish(place, record, told)
        said = f"; record {record['recordVersion']} {record['status']}" if record else ""
        show.done(f"{env}: {len(tools)} tools on gateway {gateway.name} as {prefix}{SEPARATOR}…{said}")


def deregister(
    env: Env = "", force: Annotated[bool, typer.Option(envvar="FORCE", help="Even if the tools are used.")] = False
) -> None:
    """Take the tools off the gateway, and in production deprecate their record. Not while agents use them."""
    with acting("deregister", env) as place:
        gateway, prefix = Gateway(place), place.manifest.spec.prefix
        known = gateway.target(prefix)
        _refuse_taken(gateway, place, known)
        used = {} if force or known is None else _calls(gateway, prefix)
        if used:
            raise Stop(
                f"called in {CONSUMER_DAYS} days: {', '.join(f'{name} ({n:.0f} times)' for name, n in used.items())}",
                "set spec.deprecation in manifest.yaml and make register, so that agents are told; or add FORCE=1",
            )
        record = registry.find(place) if env == "prod" else None
        lines = [f"remove target {prefix} from gateway {gateway.name}"] if known else []
        lines += [f"retire record {place.component}, which cannot be undone"] if record else []
        show.plan(lines)
        if lines:
            show.confirm(place)
        if known:
            gateway.delete(known["targetId"])
        if record:
            registry.retire(place, record, f"{place.component} was taken off gateway {gateway.name}")
        show.done(f"{env}: gateway {gateway.name} has no tools under {prefix}")


def _live_tools(place: Place, bearer: str) -> list[Definition]:
    """Return the tools of this version as the live server lists them. Raises Stop when it serves other ones."""
    if place.environment.endpoint:
        return offered()
    if function.is_chosen(place):  # it cannot list, but its image is that of a commit
        function.as_checked_out(place)
        return offered()
    found = endpoint.runtime(place)
    now = endpoint.state(place, found.id)
    if now is None or now.live is None:
        raise Stop(f"nothing is live in {place.name}; nothing was registered", f"make promote ENV={place.name}")
    try:
        url = f"{invocation_url(place, found.arn)}?qualifier={names.LIVE}"
        listed = mcp.list_tools(url, access(place, bearer))
    except mcp.NoAnswer as error:
        raise Stop(f"the live server does not list its tools: {error}", f"make smoke ENV={place.name}") from None
    if listed != offered():
        raise Stop(
            f"version {now.live}, which is live in {place.name}, does not serve the tools that are checked out",
            f"check out what is live, or make deploy and make promote ENV={place.name}",
        )
    return listed


def _address(place: Place) -> str:
    """Return where the gateway reaches the tools. Raises Stop when they are not deployed."""
    if place.environment.endpoint:
        return place.environment.endpoint
    if function.is_chosen(place):
        return function.deployed(place).arn
    arn, suffix = endpoint.runtime(place).arn, ".cn" if place.region.startswith("cn-") else ""
    host = f"bedrock-agentcore.{place.region}.amazonaws.com{suffix}"
    return f"https://{host}/runtimes/{quote(arn, safe='')}/invocations?qualifier={names.LIVE}"


def _refuse_breaking(place: Place, record: dict[str, Any] | None, tools: list[Definition]) -> None:
    """Raise Stop when agents would break that use the registered version, unless the major version says so."""
    found = breaking(tools_in(record), tools)
    if not record or not found:
        return
    before, version = record["recordVersion"], place.manifest.metadata.version
    if int(version.partition(".")[0]) <= int(before.partition(".")[0]):
        difference = "".join(f"\n  {line}" for line in found)
        raise Stop(
            f"{version} would break agents that use {before}; nothing was changed:{difference}",
            f"keep what {before} has, or raise metadata.version to {int(before.partition('.')[0]) + 1}.0.0",
        )


def _refuse_taken(gateway: Gateway, place: Place, known: dict[str, Any] | None) -> None:
    if known and owner(known) != f"{place.component} {place.name}":
        raise Stop(
            f"prefix {known['name']} on gateway {gateway.name} is taken by {owner(known) or 'somebody else'}",
            "choose another spec.prefix in manifest.yaml; two environments need a gateway each, from the platform",
        )


def _line(gateway: Gateway, prefix: str, known: dict[str, Any] | None, expected: Wanted, number: int) -> str:
    if known is None:
        return f"add target {prefix} with {number} tools to gateway {gateway.name}"
    verb = "synchronize" if _only_listed_anew(known, expected) else "update"
    return f"{verb} target {prefix} of gateway {gateway.name}: {number} tools"


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
def _undone(place: Place, undo: Callable[[], None] | None, *, added: bool) -> Iterator[None]:
    """Take everything back when what follows fails, so that nothing half registered remains."""
    try:
        yield
    except (Stop, ClientError, BotoCoreError, KeyboardInterrupt):
        if undo:
            show.step("failed: putting the gateway back to what it was")
            with _said():
                undo()
        with _said():
            if added and (draft := registry.find(place)):
                registry.delete(place, draft)
        raise


@contextmanager
def _said() -> Iterator[None]:
    """Say what could not be taken back, and go on: what failed first is what the verb ends with."""
    try:
        yield
    except (Stop, ClientError, BotoCoreError) as error:
        stop = as_stop(error)
        show.step(f"that failed too: {stop.message}; {stop.next_step}")


def _check(gateway: Gateway, place: Place, tools: list[Definition]) -> None:
    """Wait for the target, and compare what agents see of it. Raises Stop."""
    prefix = place.manifest.spec.prefix
    show.step(f"waiting for target {prefix}")
    target = gateway.target(prefix)
    if target is None:
        raise Stop(f"target {prefix} is gone from gateway {gateway.name}", f"make register ENV={place.name}")
    gateway.settle(target["targetId"])
    if problem := _problem(gateway, prefix, tools):
        raise Stop(f"gateway {gateway.name}: {problem}", f"make smoke ENV={place.name}, then make register again")


def _problem(gateway: Gateway, prefix: str, tools: list[Definition]) -> str | None:
    """Return in what the tools seen through the gateway differ from those of this version, None when in nothing."""
    try:
        seen = gateway.seen(prefix)
    except mcp.NoAnswer as error:
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
