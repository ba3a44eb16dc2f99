"""The dashboards of the monitoring account and the budgets of use cases, which the kit makes of the lists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from mcp_types import CallToolResult

from agentcore_kit.config.components import Component
from agentcore_kit.config.prices import Price
from agentcore_kit.config.use_cases import UseCase
from agentcore_kit.delivery import delivery_roles, names
from agentcore_kit.delivery.platform import budgets, dashboards
from agentcore_kit.delivery.platform.dashboards import CHOSEN_COMPONENT, CHOSEN_ENVIRONMENT, MEASURES
from agentcore_kit.mcp_server import call_metrics
from agentcore_kit.runtime import metrics
from agentcore_kit.serving import request_metrics
from tests.platform.templates import ACCOUNT, REGION, resolved

ENVIRONMENTS = ("dev", "pre-prod", "prod")


def component(
    name: str, kind: str = "Agent", owner: str = "finance", environments: tuple[str, ...] = ENVIRONMENTS
) -> Any:
    """Return an entry of components.yaml."""
    return Component.model_validate(
        {
            "name": name,
            "kind": kind,
            "owner": owner,
            "costCenter": "CC-1",
            "useCaseId": "UC-1",
            "monthlyBudgetUsd": 100,
            "environments": list(environments),
        }
    )


COMPONENTS = [
    component("financial-agent"),
    component("financial-agent-eu"),
    component("hr-agent", owner="@example-org/people", environments=("dev",)),
    component("market-data", "Tool"),
    component("analyst-memory", "Memory"),
]


def bodies(components: list[Any]) -> dict[str, Any]:
    """Return the dashboards by name."""
    made = dashboards.template(components, ENVIRONMENTS, REGION)["Resources"].values()
    return {one["Properties"]["DashboardName"]: json.loads(one["Properties"]["DashboardBody"]) for one in made}


def expressions(body: Any, title: str) -> dict[str, str]:
    """Return the expressions that a graph shows, by label."""
    graph = next(one["properties"] for one in body["widgets"] if one["properties"].get("title") == title)
    return {line[0]["label"]: line[0]["expression"] for line in graph["metrics"] if line[0]["visible"]}


def test_a_team_has_the_figures_of_its_components_and_of_no_other() -> None:
    cost = expressions(bodies(COMPONENTS)[dashboards.PLATFORM], dashboards.COST.title)
    services = {team: set(re.findall(r'"(\w+)\.live"', text)) for team, text in cost.items()}
    assert services == {
        "finance": {f"financial_agent_{CHOSEN_ENVIRONMENT}", f"financial_agent_eu_{CHOSEN_ENVIRONMENT}"},
        "@example-org/people": {f"hr_agent_{CHOSEN_ENVIRONMENT}"},
    }
    assert all(
        text.startswith('SUM(SEARCH(\'MetricName="CostUsd" ') and text.endswith("'Sum', 3600))")
        for text in cost.values()
    )
    calls = expressions(bodies(COMPONENTS)[dashboards.PLATFORM], "Latency of tools, ms, p95 of the slowest")
    assert [*calls] == ["finance"]
    assert "market_data" in calls["finance"]


def test_what_is_chosen_gives_the_names_that_components_write_under() -> None:
    found = bodies(COMPONENTS)
    (environment,), (chosen,) = (found[one]["variables"] for one in (dashboards.PLATFORM, dashboards.COMPONENT))
    assert (environment["pattern"], environment["defaultValue"]) == (CHOSEN_ENVIRONMENT, "prod")
    for name, value in zip(reversed(ENVIRONMENTS), (one["value"] for one in environment["values"]), strict=True):
        assert f"financial_agent_{CHOSEN_ENVIRONMENT}".replace(CHOSEN_ENVIRONMENT, value) == names.snake(
            "financial-agent", name
        )
    values = {one["label"]: one["value"] for one in chosen["values"]}
    assert values["market-data in pre-prod"] == names.snake("market-data", "pre-prod")
    assert not {"hr-agent in prod", "analyst-memory in prod"} & values.keys()
    requests = expressions(found[dashboards.COMPONENT], "Requests")
    assert f'"service.name"="{CHOSEN_COMPONENT}.live"' in requests["live"]
    assert f'"service.name"="{CHOSEN_COMPONENT}.canary"' in requests["canary"]


def written(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the names of the metrics that agents and tools write."""
    summary = {"usage": {"inputTokens": 1, "outputTokens": 1}, "modelCalls": 1}
    request_metrics.answered(summary, 1.0, 2.0, Price(3.0, 15.0), {})
    request_metrics.rated(1.0, "", {})
    call_metrics.called(CallToolResult(content=[]), 1.0)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return {one["Name"] for line in lines for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def test_the_dashboards_show_metrics_that_are_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"{metrics.SERVICE}=x_prod.live")
    own = {one.metric for one in MEASURES if one.service[0] == dashboards.SERVICE and one.exact}
    assert own <= written(capsys)
    assert f'"{metrics.SERVICE}"' == dashboards.SERVICE
    titles = " ".join(one.title for one in MEASURES).lower()
    for asked in ("sessions", "tokens", "cost", "errors", "latency", "evaluation"):
        assert asked in titles


def searches(body: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the graphs by title, each with the queries of its searches."""
    for one in body["widgets"]:
        if one["type"] == "metric":
            lines = [line[0]["expression"] for line in one["properties"]["metrics"]]
            yield one["properties"]["title"], [each for line in lines for each in re.findall(r"SEARCH\('(.*?)',", line)]


def test_a_large_team_is_searched_for_in_parts_that_cloudwatch_takes_and_none_is_lost() -> None:
    many = [component(f"component-with-a-long-name-{number}") for number in range(60)]
    body = bodies(many)[dashboards.PLATFORM]
    for title, found in searches(body):
        assert max(map(len, found)) <= dashboards.LONGEST_SEARCH, title
        services = re.findall(r'"(component_\w+?)(?:\.|::)live"', " ".join(found))
        if found:
            assert len(services) == len({*services}) == 60, title
    total = expressions(body, dashboards.COST.title)["finance"]
    graph = next(
        one["properties"] for one in body["widgets"] if one["properties"].get("title") == dashboards.COST.title
    )
    hidden = [line[0]["id"] for line in graph["metrics"] if not line[0]["visible"]]
    assert total == f"SUM([{','.join(hidden)}])"
    assert len(hidden) > 1


def test_an_empty_list_gives_dashboards_that_say_so() -> None:
    body = bodies([])[dashboards.PLATFORM]
    assert "kit onboard" in body["widgets"][0]["properties"]["markdown"]


def use_case(name: str, usd: int = 2000) -> Any:
    """Return an entry of use-cases.yaml."""
    return UseCase.model_validate(
        {"id": name, "name": "Reports", "owner": "finance", "risk": "limited", "monthlyBudgetUsd": usd}
    )


def test_each_use_case_has_a_budget_that_tells_before_and_when_it_is_spent() -> None:
    made = resolved(budgets.template([use_case("UC-1"), use_case("UC1", 50)]), {"AlarmEmail": "a@example.com"})
    found = [one["Properties"] for one in made.values() if one["Type"] == "AWS::Budgets::Budget"]
    assert [(one["Budget"]["CostFilters"]["TagKeyValue"], one["Budget"]["BudgetLimit"]["Amount"]) for one in found] == [
        (["user:use-case-id$UC-1"], 2000),
        (["user:use-case-id$UC1"], 50),
    ]
    assert budgets.TAG == "use-case-id"
    told = {
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
        for one in found[0]["NotificationsWithSubscribers"]
    }
    assert told == {("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
    assert all("BudgetName" not in one["Budget"] and "BillingViewArn" not in one["Budget"] for one in found)
    assert made["Subscription"]["Properties"]["Endpoint"] == "a@example.com"
    view = f"arn:aws:billing::{ACCOUNT}:billingview/custom-1"
    seen = resolved(budgets.template([use_case("UC-1")]), {"BillingViewArn": view})
    assert [
        one["Properties"]["Budget"]["BillingViewArn"] for name, one in seen.items() if name.startswith("Budget")
    ] == [view]


def test_a_budget_keeps_its_place_when_another_is_registered_before_it() -> None:
    alone, second = budgets.template([use_case("UC-2")]), budgets.template([use_case("UC-1"), use_case("UC-2")])
    assert alone["Resources"].keys() < second["Resources"].keys()


@pytest.mark.parametrize(
    "made", [dashboards.template(COMPONENTS, ENVIRONMENTS, REGION), budgets.template([use_case("UC-1")])]
)
def test_what_the_kit_makes_is_a_template_that_cloudformation_takes(made: dict[str, Any]) -> None:
    text = delivery_roles.template_text(made)
    found = lint(text, config=ManualArgs(regions=["eu-central-1", "us-east-1", "eu-west-1", "us-west-2"]))
    assert not [f"{one.rule.id} {one.message}" for one in found]
    assert len(text) < 51_200  # what CloudFormation takes
