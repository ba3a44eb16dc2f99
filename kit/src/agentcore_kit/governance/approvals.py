"""The commands `pending`, `approve` and `reject`: people decide which records of the registry others may find."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from agentcore_kit.config.components import Components, load_components
from agentcore_kit.config.use_cases import UseCases, load_use_cases
from agentcore_kit.delivery import output
from agentcore_kit.delivery.command import Env, deployment
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import GATE_NOT_PASSED, WRONG_INPUT, CommandError, error_code, is_denied
from agentcore_kit.governance.approval_checks import Check, checks
from agentcore_kit.governance.records import APPROVED, PENDING, REJECTED, RegistryEntry, entries, home, read

LONGEST_REASON = 255
"""The characters that the registry keeps of a reason."""

_MARKS = {True: "ok", False: "FAILED", None: "-"}

Name = Annotated[str, typer.Argument(help="The component's name, as its record has it.")]
Reason = Annotated[str, typer.Option(help="Why, in one line; the team and all who find the record read it.")]
Version = Annotated[str, typer.Option(help="Which version; needed where several versions wait.")]


def pending(
    env: Env = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for another program to read.")] = False,
) -> None:
    """List the records that wait for approval, with what is known of each. Changes nothing."""
    with deployment("pending", env, data=as_json) as context:
        components, cases = _declared()
        waiting = [(one, checks(context, one, components, cases)) for one in entries(context, status=PENDING)]
        if as_json:
            print(json.dumps([_data(*each) for each in waiting], ensure_ascii=False, indent=2))
            return
        for entry, found in waiting:
            _show(entry, found)
        if not waiting:
            output.done("no record waits for approval")
            return
        count = f"{len(waiting)} record{'s' if waiting[1:] else ''}"
        output.done(f"{count} to decide on; next: kit approve NAME --env {env} --reason …, or kit reject NAME …")


def approve(
    name: Name,
    reason: Reason,
    env: Env = "",
    version: Version = "",
    despite: Annotated[
        bool, typer.Option("--despite", help="Although checks fail; the reason then names them.")
    ] = False,
) -> None:
    """Approve a record that waits: from then on others find it. Refused while a check fails, unless --despite."""
    with deployment("approve", env) as context:
        _check_reason(reason)
        entry = _waiting(context, name, version)
        found = checks(context, entry, *_declared())
        _show(entry, found)
        failed = [one.name for one in found if one.passed is False]
        if failed and not despite:
            raise CommandError(
                f"{name} {entry.version} is not approved, as checks fail: {', '.join(failed)}",
                f"kit reject {name} --env {env} --reason … sends it back; --despite approves it all the same",
                GATE_NOT_PASSED,
            )
        said = f"{reason} (despite: {', '.join(failed)})" if failed else reason
        _check_reason(said)
        _decide(context, entry, APPROVED, said)


def reject(name: Name, reason: Reason, env: Env = "", version: Version = "") -> None:
    """Reject a record that waits. What was approved before stays; the team reads the reason and registers again."""
    with deployment("reject", env) as context:
        _check_reason(reason)
        _decide(context, _waiting(context, name, version), REJECTED, reason)


def _declared() -> tuple[Components, UseCases]:
    """Return what this repository declares of all components: which are let in, and for which use cases."""
    return load_components(), load_use_cases()


def _check_reason(reason: str) -> None:
    """Raise CommandError unless a reason is one line that the registry keeps as it is."""
    if not reason.strip() or not reason.isprintable():
        raise CommandError("--reason must be one line of text", "say why in a few words", WRONG_INPUT)
    if len(reason) > LONGEST_REASON:
        raise CommandError(
            f"the reason has {len(reason)} characters, and the registry keeps {LONGEST_REASON}",
            "say it in fewer, and link to what says more",
            WRONG_INPUT,
        )


def _waiting(context: DeploymentContext, name: str, version: str) -> RegistryEntry:
    """Return the record of a name that waits for approval.

    Raises:
        CommandError: When there is none, or several; the message says what there is.
    """
    known = entries(context, name=name)
    waiting = [one for one in known if one.status == PENDING and version in ("", one.version)]
    if len(waiting) == 1:
        return waiting[0]
    if waiting:
        versions = ", ".join(one.version for one in waiting)
        raise CommandError(f"several versions of {name} wait: {versions}", "choose one: --version …", WRONG_INPUT)
    states = "; ".join(f"{one.version} is {_state(one)}" for one in known) or "it has no record"
    raise CommandError(
        f"no record {name} {version}".rstrip() + f" waits for approval: {states}",
        f"kit pending --env {context.name} lists those that do",
        WRONG_INPUT,
    )


def _decide(context: DeploymentContext, seen: RegistryEntry, status: str, reason: str) -> None:
    """Say what is decided, ask, and write it, unless somebody has decided or the team has changed it meanwhile."""
    what = "is approved, and others find it" if status == APPROVED else "is sent back to its team"
    output.plan([f"record {seen.name} {seen.version} ({seen.kind} of {seen.owner or 'nobody'}) {what}: {reason}"])
    output.confirm(context)
    registry = home(context)
    _refuse_changed(context, seen, read(registry, seen.record["recordId"]))
    try:
        registry.control.update_registry_record_status(
            registryId=registry.arn, recordId=seen.record["recordId"], status=status, statusReason=reason
        )
    except ClientError as error:
        if error_code(error) == "ConflictException":
            _refuse_changed(context, seen, read(registry, seen.record["recordId"]))
        if is_denied(error):
            raise CommandError(
                f"these credentials may not decide on records ({error}); nothing was changed",
                f"sign in as an approver: {_approvers(context)} (spec.approvers in manifest.yaml, then kit deploy)",
            ) from None
        raise
    now = read(registry, seen.record["recordId"])
    if (now.status, now.reason) != (status, reason):
        raise CommandError(
            f"somebody else decided on {seen.name} {seen.version} at the same time: it is {_state(now)} now",
            "talk to the other approver; what the registry says now holds",
        )
    output.done(f"{seen.name} {seen.version}: {_state(now)}")


def _refuse_changed(context: DeploymentContext, seen: RegistryEntry, now: RegistryEntry) -> None:
    """Raise CommandError when a record is not any more what was shown."""
    if now.status != PENDING:
        raise CommandError(
            f"{seen.name} {now.version} does not wait any more: it is {_state(now)}; nothing was changed",
            f"kit pending --env {context.name}",
        )
    if any(now.record.get(key) != seen.record.get(key) for key in ("recordVersion", "description", "descriptors")):
        raise CommandError(
            f"the team has registered {seen.name} anew since it was shown ({now.version}); nothing was changed",
            f"look again: kit pending --env {context.name}",
        )


def _approvers(context: DeploymentContext) -> str:
    return ", ".join(map(str, context.manifest.spec.approvers)) or "none is named"


def _state(entry: RegistryEntry) -> str:
    return f"{entry.status} ({entry.reason})" if entry.reason else entry.status


def _show(entry: RegistryEntry, found: Sequence[Check]) -> None:
    print(f"{entry.name} {entry.version} ({entry.kind}): {entry.description}")
    for one in found:
        print(
            f"  {_MARKS[one.passed]:<7} {one.name:<14} {one.said}"
            + (f"; next: {one.next_step}" if one.next_step else "")
        )


def _data(entry: RegistryEntry, found: Sequence[Check]) -> dict[str, Any]:
    """Return a record and its checks, as `kit pending --json` prints them."""
    about = {"name": entry.name, "version": entry.version, "kind": entry.kind, "description": entry.description}
    facts = {"owner": entry.owner, "costCenter": entry.cost_center, "useCaseId": entry.use_case_id}
    return {**about, **facts, "checks": [asdict(one) for one in found]}
