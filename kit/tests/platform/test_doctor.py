"""`kit doctor` in a platform repository: of what its templates give, what is there, and what is not."""

from __future__ import annotations

import pytest

from agentcore_kit.delivery import names
from agentcore_kit.delivery.conditions import holds
from tests.delivery.shell import refused
from tests.platform.conftest import PlatformShell


@pytest.fixture(autouse=True)
def _without_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_kit.delivery.doctor.connect", lambda: "no token here")


def test_what_a_deployment_makes_is_there_and_an_empty_account_lacks_it(platform: PlatformShell) -> None:
    empty = platform.type("doctor", "shared")
    refused(empty, "example-platform gives are missing", names.ALARM_TOPIC, names.PLATFORM_READER, code=1)
    assert "kit deploy --env shared" in empty.out
    for name in ("shared", "dev"):
        platform.must("deploy", name)
        found = platform.must("doctor", name)
        assert "are there" in found.last
        assert not [line for line in found.out.splitlines() if line.startswith("missing")], "what no condition makes"
    assert "market-data/dev/test-client" in found.out
    assert "analyst-memory/dev/test-client" not in found.out, "a memory is not called, so it has none"
    assert names.REGISTRY not in found.out, "the organisation has no registry"
    secret = names.test_client("market-data", "dev")  # made under a condition, which holds
    del platform.at("dev").secrets.values[secret]
    refused(platform.type("doctor", "dev"), f"are missing or wrong: {secret}\n", code=1)


def test_what_somebody_has_deleted_is_named_alone(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    del platform.at("shared").parameters.values[names.SINK]
    refused(platform.type("doctor", "shared"), f"are missing or wrong: {names.SINK}\n", code=1)


@pytest.mark.parametrize(
    ("condition", "holds_there"),
    [("Named", True), ("Unnamed", False), ("Both", False), ("Either", True), ("Split", None), ("OfSplit", None)],
)
def test_a_condition_holds_by_the_values_of_parameters(condition: str, holds_there: bool | None) -> None:
    template = {
        "Parameters": {"Name": {"Type": "String"}},
        "Conditions": {
            "Unnamed": {"Fn::Equals": [{"Ref": "Name"}, ""]},
            "Named": {"Fn::Not": [{"Condition": "Unnamed"}]},
            "Both": {"Fn::And": [{"Condition": "Named"}, {"Condition": "Unnamed"}]},
            "Either": {"Fn::Or": [{"Condition": "Unnamed"}, {"Condition": "Named"}]},
            "Split": {"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "Name"}]}]}, ""]},
            "OfSplit": {"Fn::Not": [{"Condition": "Split"}]},
        },
    }
    assert holds(template, condition, {"Name": "one"}.__getitem__) is holds_there
