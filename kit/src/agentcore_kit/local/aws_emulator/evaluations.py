"""Online evaluation that can be switched, and A/B tests of which a gateway has one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion


class Evaluations:
    """The data plane's A/B tests, and the online evaluations that the control plane asks for."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.online: dict[str, dict[str, Any]] = {}
        self.tests: dict[str, dict[str, Any]] = {}
        self.deleting: list[dict[str, Any]] = []

    def add_online(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Make an online evaluation, as CloudFormation does; it is on when the properties say so."""
        name = properties["OnlineEvaluationConfigName"]
        config_id = f"{name}-a1B2c3D4e5"
        found = {
            "onlineEvaluationConfigId": config_id,
            "onlineEvaluationConfigArn": self.place.arn("bedrock-agentcore", f"online-evaluation-config/{config_id}"),
            "onlineEvaluationConfigName": name,
            "executionStatus": properties.get("ExecutionStatus", "DISABLED"),
        }
        self.online[config_id] = found
        return found

    def get_online(self, p: Mapping[str, Any]) -> dict[str, Any]:
        found = self._online(p)
        return {
            **found,
            "rule": {"samplingConfig": {"samplingPercentage": 10.0}},
            "dataSourceConfig": {"cloudWatchLogs": {"serviceNames": ["agent"]}},
            "status": "ACTIVE",
            "createdAt": datetime.now(UTC),
            "updatedAt": datetime.now(UTC),
        }

    def update_online(self, p: Mapping[str, Any]) -> dict[str, Any]:
        found = self._online(p)
        found["executionStatus"] = p.get("executionStatus", found["executionStatus"])
        answer = {k: found[k] for k in ("onlineEvaluationConfigArn", "onlineEvaluationConfigId", "executionStatus")}
        return {**answer, "updatedAt": datetime.now(UTC), "status": "ACTIVE"}

    def create_ab_test(self, p: Mapping[str, Any]) -> dict[str, Any]:
        _check_variants(p["variants"])
        for other in (*self.tests.values(), *self.deleting):
            if other["name"] == p["name"]:
                raise ApiError("ConflictException", f"There is an A/B test {p['name']} already.", 409)
            if other["gatewayArn"] == p["gatewayArn"] and other["executionStatus"] != "STOPPED":
                raise ApiError("ConflictException", "The gateway has an A/B test already.", 409)
        test_id = f"{p['name']}-a1B2c3D4e{len(self.tests)}"
        self.tests[test_id] = {
            **{name: p[name] for name in ("name", "gatewayArn", "variants", "evaluationConfig", "roleArn")},
            "abTestId": test_id,
            "abTestArn": self.place.arn("bedrock-agentcore", f"ab-test/{test_id}"),
            "status": "ACTIVE",
            "executionStatus": "RUNNING" if p.get("enableOnCreate") else "NOT_STARTED",
            "createdAt": datetime.now(UTC),
            "updatedAt": datetime.now(UTC),
        }
        names = ("abTestId", "abTestArn", "name", "status", "executionStatus", "createdAt")
        return {name: self.tests[test_id][name] for name in names}

    def get_ab_test(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._test(p)

    def list_ab_tests(self, _: Mapping[str, Any]) -> dict[str, Any]:
        names = ("abTestId", "abTestArn", "name", "status", "executionStatus", "createdAt", "updatedAt", "gatewayArn")
        found = [*self.tests.values(), *self.deleting]
        self.deleting.clear()  # seen once more, then gone
        return {"abTests": [{name: test[name] for name in names} for test in found]}

    def update_ab_test(self, p: Mapping[str, Any]) -> dict[str, Any]:
        test = self._test(p)
        if "variants" in p:
            _check_variants(p["variants"])
            test["variants"] = p["variants"]
        test["executionStatus"] = p.get("executionStatus", test["executionStatus"])
        return {name: test[name] for name in ("abTestId", "abTestArn", "status", "executionStatus", "updatedAt")}

    def delete_ab_test(self, p: Mapping[str, Any]) -> dict[str, Any]:
        test = self._test(p)
        self.deleting.append({**self.tests.pop(test["abTestId"]), "status": "DELETING"})
        return {"abTestId": test["abTestId"], "abTestArn": test["abTestArn"], "status": "DELETING"}

    def _online(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["onlineEvaluationConfigId"] not in self.online:
            raise ApiError("ResourceNotFoundException", f"No {p['onlineEvaluationConfigId']}.", 404)
        return self.online[p["onlineEvaluationConfigId"]]

    def _test(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["abTestId"] not in self.tests:
            raise ApiError("ResourceNotFoundException", f"No A/B test {p['abTestId']}.", 404)
        return self.tests[p["abTestId"]]


def _check_variants(variants: list[Mapping[str, Any]]) -> None:
    if sorted(one["name"] for one in variants) != ["C", "T1"] or sum(one["weight"] for one in variants) != 100:
        raise ApiError("ValidationException", "Variants are C and T1, and their weights total 100.")
