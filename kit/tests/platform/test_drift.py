"""Drift: what somebody has changed or deleted by hand in an account is found, named, and written down for an issue."""

from __future__ import annotations

from pathlib import Path

from tests.delivery.shell import refused
from tests.platform.conftest import PlatformShell

REPORT = Path(".local/delivery/drift.md")


def test_nothing_is_found_where_nothing_was_changed(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    assert "as it was deployed" in platform.must("drift", "shared").last
    assert not REPORT.exists()


def test_what_was_changed_deleted_or_never_deployed_is_named(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    values = platform.at("shared").parameters.values
    before = dict(values)
    values["/agentops/monitoring/sink-arn"] = "arn:aws:oam:eu-central-1:999999999999:sink/other"
    del values["/agentops/alarms/topic-arn"]
    found = platform.type("drift", "shared")
    refused(found, "example-platform-shared-names: ", "sink/other, was arn:aws:oam:eu-central-1:111122223333", code=1)
    refused(found, "example-platform-shared-alarms: TopicPublished (SSM::Parameter) was deleted", code=1)
    assert "was deleted" in REPORT.read_text(encoding="utf-8")
    values.update(before)
    del platform.at("shared").stacks.stacks["example-platform-shared-monitoring"]
    refused(platform.type("drift", "shared"), "example-platform-shared-monitoring is not deployed", code=1)
