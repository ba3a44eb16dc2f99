"""The alarms of observability.yaml: their names, and that each watches something that is really measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mcp_types import CallToolResult, TextContent

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.prices import Price
from agentcore_kit.delivery.alarm_rollback import _NOT_A_VERSION, OF_A_VERSION
from agentcore_kit.mcp_server import call_metrics
from agentcore_kit.serving import request_metrics
from agentcore_kit.serving.errors import BROKE_OFF
from agentcore_kit.testing.infrastructure import Resource, resources

NAME = {"Fn::Sub": "${RuntimeName}.live"}
OWN = {"Fn::Sub": "agentops/${RuntimeName}"}


def alarms() -> list[Resource]:
    found = [*resources("AWS::CloudWatch::Alarm"), *resources("AWS::CloudWatch::CompositeAlarm")]
    return [one for one in found if one.template == "observability"]


def watched(alarm: Resource) -> Iterator[dict[str, Any]]:
    """Yield the metrics of an alarm, each with namespace, name and dimensions."""
    if "MetricName" in alarm.properties:
        yield dict(alarm.properties)
    for one in alarm.properties.get("Metrics", []):
        if "MetricStat" in one:
            yield one["MetricStat"]["Metric"]


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the names of the metrics that the component writes."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=any_prod.live")
    if repository_kind() == "Agent":
        usage = {"inputTokens": 3, "outputTokens": 4}
        request_metrics.answered({"usage": usage, "modelCalls": 1}, 1.0, 2.0, Price(3.0, 15.0), {})
        request_metrics.failed(BROKE_OFF, {})
    else:
        call_metrics.called(CallToolResult(content=[TextContent(type="text", text="fine")]), 1.0)
        with call_metrics.counted():
            pass
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return {one["Name"] for line in lines for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def test_each_alarm_is_named_by_component_and_environment_and_its_cause_is_known() -> None:
    names = [alarm.properties.get("AlarmName", {}).get("Fn::Sub", "") for alarm in alarms()]
    assert names
    assert len({*names}) == len(names)
    assert all(name.startswith("${RuntimeName}-") for name in names)
    causes = {name.removeprefix("${RuntimeName}-") for name in names}
    assert causes - {"traffic", "silent"} <= {*OF_A_VERSION, *_NOT_A_VERSION}
    assert {*OF_A_VERSION} <= causes


def test_what_alarms_watch_of_the_component_is_what_it_writes(emitted: set[str]) -> None:
    own = [one for alarm in alarms() for one in watched(alarm) if one["Namespace"] == OWN]
    assert own
    for one in own:
        assert one["Dimensions"] == [{"Name": "service.name", "Value": NAME}]
        assert one["MetricName"] == {"Ref": "FirstEvaluator"} or one["MetricName"] in emitted


def test_callers_mistakes_page_nobody() -> None:
    names = {str(one["MetricName"]) for alarm in alarms() for one in watched(alarm)}
    assert {"Errors", "SystemErrors"} <= names
    assert not names & {"UserErrors", "Refused", "Latency"}  # of which the last ends with the last token


def test_a_metric_without_data_does_not_keep_all_alarms_green() -> None:
    (blind,) = resources("AWS::CloudWatch::CompositeAlarm")
    parts = {name: alarm for alarm in alarms() for name in [alarm.name] if name in blind.body["DependsOn"]}
    silent = [alarm for alarm in parts.values() if alarm.properties["TreatMissingData"] == "breaching"]
    assert [one.properties["MetricName"] for one in silent] == ["Requests"]
    named = {alarm.properties["AlarmName"]["Fn::Sub"] for alarm in parts.values()}
    assert all(f'ALARM("{name}")' in blind.properties["AlarmRule"]["Fn::Sub"] for name in named)
    assert blind.properties["AlarmActions"]
