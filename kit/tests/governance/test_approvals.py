"""`kit pending`, `approve` and `reject`: what approvers see, what is refused, and two people who decide at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import output
from agentcore_kit.delivery.registry import Descriptor
from agentcore_kit.governance.approvals import approve, pending, reject
from agentcore_kit.kinds.base import kind_of
from tests.governance.conftest import DIGEST, DOCUMENTED, Registered, component, declare, tool_record, use_case

WHY = "reviewed by the board"


@pytest.fixture
def waiting(registered: Registered, clones: Path) -> str:
    """Return the id of a record with which all is well, and which waits."""
    declare(clones / "example-platform", "components.yaml", "components", [component("claims")])
    registered.tested_image("claims", MEDIUM=2)
    return registered.add("claims", tool_record(DOCUMENTED))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    return shown.out + shown.err


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """Return the checks of the one record that waits, by their names."""
    pending("shared", as_json=True)
    (record,) = json.loads(capsys.readouterr().out)
    return {one["name"]: one for one in record["checks"]}


def refused(registered: Registered, record: str, code: int, decide: Callable[..., None], reason: str = WHY) -> None:
    """Decide on a record in vain: the command ends with an exit code, and the record waits as before."""
    with pytest.raises(SystemExit) as end:
        decide("claims", reason, "shared")
    assert end.value.code == code
    assert registered.status(record)[0] == "PENDING_APPROVAL"


def test_pending_shows_each_check_of_what_waits_and_nothing_else(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    registered.add("draft", tool_record(DOCUMENTED), submit=False)
    pending("shared")
    text = said(capsys)
    assert "claims 1.0.0 (Tool)" in text
    assert "draft" not in text
    assert "FAILED" not in text
    for part in ("use case UC-0042", "let in by components.yaml", "risk limited", "100% of 6 elements", DIGEST[:19]):
        assert part in text


def test_nothing_waits(registered: Registered, capsys: pytest.CaptureFixture[str]) -> None:
    pending("shared")
    assert "no record waits for approval" in said(capsys)


def test_approval_is_written_with_its_reason(registered: Registered, waiting: str) -> None:
    approve("claims", WHY, "shared")
    assert registered.status(waiting) == ("APPROVED", WHY)


def test_rejection_needs_no_check_and_is_written_with_its_reason(registered: Registered) -> None:
    record = registered.add("unknown", tool_record())
    reject("unknown", "say what it does", "shared")
    assert registered.status(record) == ("REJECTED", "say what it does")


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("manifest", {"tags": {"owner": ""}}),
        ("component", {"components": []}),
        ("component", {"components": [component("claims", owner="others@example.com")]}),
        ("use case", {"cases": []}),
        ("use case", {"cases": [use_case("UC-0042", expires="2026-01-31")]}),
        ("use case", {"cases": [use_case("UC-0042", approvedBy=None, approvedOn=None)]}),
        ("documentation", {"tools": [DOCUMENTED | {"description": "Reads a claim."}]}),
        ("documentation", {"tools": [DOCUMENTED | {"inputSchema": {"$ref": "#/$defs/Nowhere"}}]}),
        ("tests", {"image": False}),
        ("scan", {"findings": {"CRITICAL": 1}}),
    ],
)
def test_a_failed_check_refuses_the_approval(
    registered: Registered, clones: Path, capsys: pytest.CaptureFixture[str], check: str, change: dict[str, Any]
) -> None:
    platform = clones / "example-platform"
    declare(platform, "components.yaml", "components", change.get("components", [component("claims")]))
    declare(platform, "use-cases.yaml", "useCases", change.get("cases", [use_case("UC-0042")]))
    if change.get("image", True):
        registered.tested_image("claims", **change.get("findings", {}))
    record = registered.add("claims", tool_record(*change.get("tools", [DOCUMENTED])), **change.get("tags", {}))
    failed = {name for name, one in found(capsys).items() if one["passed"] is False}
    assert check in failed
    refused(registered, record, 1, approve)
    assert check in said(capsys)


def test_despite_a_failed_check_the_reason_names_it(registered: Registered, waiting: str) -> None:
    registered.place.images.findings[DIGEST] = {"HIGH": 3}
    approve("claims", WHY, "shared", despite=True)
    assert registered.status(waiting) == ("APPROVED", f"{WHY} (despite: scan)")


def test_an_image_that_nobody_has_scanned_stops_nobody_and_is_said(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del registered.place.images.findings[DIGEST]
    assert found(capsys)["scan"]["passed"] is None
    approve("claims", WHY, "shared")
    assert registered.status(waiting)[0] == "APPROVED"


def test_a_proof_that_may_not_be_read_is_no_proof(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    registered.cloud.plan_fault("DescribeImages", "AccessDeniedException", "not authorized")
    tests = found(capsys)["tests"]
    assert tests["passed"] is False
    assert "may not DescribeImages" in tests["said"]


def test_the_newest_image_that_passed_is_the_one_that_counts(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = "sha256:" + "b" * 64
    registered.tested_image("claims", newer, HIGH=1)
    checks = found(capsys)
    assert newer[:19] in checks["tests"]["said"]
    assert checks["scan"]["passed"] is False


def test_records_of_all_kinds_that_the_template_makes_are_documented(
    registered: Registered, clones: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("agent", "memory"):
        manifest = load_manifest(clones / f"example-{kind}" / "manifest.yaml")
        registered.add(f"example-{kind}", kind_of(manifest.kind).descriptor(manifest))
    pending("shared", as_json=True)
    checks = {
        one["kind"]: {each["name"]: each for each in one["checks"]} for one in json.loads(capsys.readouterr().out)
    }
    assert {kind: one["documentation"]["passed"] for kind, one in checks.items()} == {"Agent": True, "Memory": True}
    assert checks["Memory"]["tests"]["passed"] is None


def test_a_record_of_another_program_is_shown_and_breaks_nothing(
    registered: Registered, capsys: pytest.CaptureFixture[str]
) -> None:
    registered.add("odd", Descriptor("CUSTOM", "custom", "[1, 2]"))
    registered.add("odder", Descriptor("AGENT", "custom", json.dumps({"skills": ["x", {"id": None}]})))
    pending("shared")
    text = said(capsys)
    assert "odd 1.0.0 (CUSTOM)" in text
    assert "odder 1.0.0 (Agent)" in text


def interrupts(registered: Registered, what: Any) -> None:
    """Let something happen between the question and the decision, as another person's terminal would do it."""
    registered.monkeypatch.setattr(output, "confirm", lambda _: what())


def test_of_two_people_the_second_is_told_that_the_first_has_decided(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def first() -> None:
        registered.control.update_registry_record_status(
            registryId=registered.arn, recordId=waiting, status="REJECTED", statusReason="not needed"
        )

    interrupts(registered, first)
    with pytest.raises(SystemExit) as end:
        approve("claims", WHY, "shared")
    assert end.value.code == 3
    assert "REJECTED (not needed)" in said(capsys)
    assert registered.status(waiting) == ("REJECTED", "not needed")


def test_what_the_team_has_registered_anew_meanwhile_is_not_approved_unseen(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def anew() -> None:
        other = tool_record(DOCUMENTED | {"name": "claims___deleteClaim"})
        where = {"registryId": registered.arn, "recordId": waiting}
        registered.control.update_registry_record(**where, descriptors=other.patch())
        registered.control.get_registry_record(**where)
        registered.control.submit_registry_record_for_approval(**where)

    interrupts(registered, anew)
    refused(registered, waiting, 3, approve)
    assert "registered claims anew" in said(capsys)


def test_who_decides_in_the_last_moment_is_told_what_holds(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = registered.place.service("agent-registry-control")
    write = registry.update_registry_record_status

    def both(p: Any) -> Any:
        answer = write(p)
        write({**p, "status": "REJECTED", "statusReason": "the other person"})
        return answer

    registered.monkeypatch.setattr(registry, "update_registry_record_status", both)
    with pytest.raises(SystemExit) as end:
        approve("claims", WHY, "shared")
    assert end.value.code == 3
    assert "REJECTED (the other person)" in said(capsys)


def test_nobody_is_asked_in_vain_outside_of_a_terminal(registered: Registered, waiting: str) -> None:
    registered.monkeypatch.delenv("CI")
    refused(registered, waiting, 3, approve)


def test_who_may_not_decide_is_told_who_may(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    registered.cloud.plan_fault("UpdateRegistryRecordStatus", "AccessDeniedException", "not authorized")
    refused(registered, waiting, 3, approve)
    text = said(capsys)
    assert "AWSReservedSSO_AgentApprovers_*" in text
    assert "may not decide" in text


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 256])
def test_a_reason_that_the_registry_would_not_keep_is_refused(
    registered: Registered, waiting: str, reason: str
) -> None:
    refused(registered, waiting, 2, reject, reason)


def test_what_does_not_wait_is_named_with_its_state(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    approve("claims", WHY, "shared")
    with pytest.raises(SystemExit) as end:
        approve("claims", WHY, "shared")
    assert end.value.code == 2
    assert f"1.0.0 is APPROVED ({WHY})" in said(capsys)


def test_of_several_versions_one_must_be_chosen(
    registered: Registered, waiting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = registered.add("claims", tool_record(DOCUMENTED), "2.0.0")
    with pytest.raises(SystemExit):
        reject("claims", "one only", "shared")
    assert "1.0.0, 2.0.0" in said(capsys)
    reject("claims", "one only", "shared", version="2.0.0")
    assert (registered.status(waiting)[0], registered.status(other)[0]) == ("PENDING_APPROVAL", "REJECTED")
