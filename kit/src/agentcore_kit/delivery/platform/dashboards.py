"""The dashboards of the monitoring account, as a CloudFormation template: `agentops-platform` and `agentops-component`.

The first is for who leads the platform: each measure by team, and cost and errors by component. The second shows one
component in one environment, which is chosen at its top. Both read the metrics that agents and tools write themselves
(`agentops/<runtime>`, by service `<runtime>.live`) and those of AgentCore, in all accounts that are linked to the sink.
What a search names is in quotes, so that it is matched as a whole: the figures of `market-data-eu` are not in those of
`market-data`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentcore_kit.config.components import Component
from agentcore_kit.delivery import names

PLATFORM, COMPONENT = "agentops-platform", "agentops-component"
"""The names of the dashboards."""

LONGEST_SEARCH, ROOM = 1024, 100
"""The characters that CloudWatch takes as the query of a SEARCH; what is left for the name of an environment."""

SERVICE = '"service.name"'
"""The dimension of all metrics that components write themselves."""

CHOSEN_COMPONENT, CHOSEN_ENVIRONMENT = "CHOSEN_COMPONENT", "CHOSEN_ENVIRONMENT"
"""Stand in searches for the name of a runtime, and for its end: the variable of a dashboard replaces them."""

Widget = dict[str, Any]
Line = list[dict[str, Any]]
"""A line of a graph: CloudWatch wants a list of one expression."""


@dataclass(frozen=True)
class Measure:
    """One figure of components.

    Attributes:
        title: What the graph is called.
        metric: The metric's name; where it is not exact, a word in it.
        statistic: CloudWatch's statistic of one component.
        together: The function that makes one line of the components of a team.
        kinds: Of which kinds of components it is.
        period: Seconds.
        service: What names a component: a dimension, and how its value ends after the name of the runtime.
        exact: Whether the metric's name is the whole name.
    """

    title: str
    metric: str
    statistic: str = "Sum"
    together: str = "SUM"
    kinds: tuple[str, ...] = ("Agent", "Tool")
    period: int = 300
    service: tuple[str, str] = (SERVICE, ".live")
    exact: bool = True

    @property
    def search(self) -> str:
        """The condition on the metric's name."""
        return f'MetricName="{self.metric}"' if self.exact else f"MetricName={self.metric}"

    def found(self, query: str) -> str:
        """Return an expression for one line of all that a query finds."""
        return f"{self.together}(SEARCH('{query}', '{self.statistic}', {self.period}))"


SESSIONS = Measure("Sessions", "Sessions", service=("Name", "::live"))
COST = Measure("Cost of models, USD an hour", "CostUsd", kinds=("Agent",), period=3600)
ERRORS = Measure("Errors", "Errors")
SCORES = Measure(
    "Evaluation, mean score", "Builtin", "Average", "AVG", kinds=("Agent",), period=3600, exact=False
)  # of built-in evaluators; the metric of one of a team's own has the evaluator's name

MEASURES: tuple[Measure, ...] = (
    SESSIONS,
    Measure("Requests", "Requests"),
    Measure("Tokens in", "InputTokens", kinds=("Agent",)),
    Measure("Tokens out", "OutputTokens", kinds=("Agent",)),
    COST,
    ERRORS,
    Measure("Latency to the first text, ms, p95 of the slowest", "TimeToFirstTokenMs", "p95", "MAX", kinds=("Agent",)),
    Measure("Latency of tools, ms, p95 of the slowest", "CallMs", "p95", "MAX", kinds=("Tool",)),
    SCORES,
    Measure("Feedback of users, mean", "Feedback", "Average", "AVG", kinds=("Agent",), period=3600),
)
"""What both dashboards show."""


def template(components: Sequence[Component], environments: Sequence[str], region: str) -> dict[str, Any]:
    """Return the template of both dashboards, as plain data.

    Args:
        components: The entries of components.yaml.
        environments: The workload environments in the order of delivery; the dashboards begin with the last one.
        region: Where the accounts of the components are, and the sink.
    """
    served = [one for one in components if one.kind != "Memory"]
    bodies = {PLATFORM: _platform(served, environments, region), COMPONENT: _component(served, environments, region)}
    tags = [{"Key": key, "Value": {"Ref": name}} for key, name in names.TAG_PARAMETERS.items()]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Sessions, tokens, cost, errors, latency and scores of all components - made of components.yaml",
        "Parameters": {name: {"Type": "String"} for name in names.TAG_PARAMETERS.values()},
        "Resources": {
            "".join(map(str.capitalize, name.split("-"))): {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {
                    "DashboardName": name,
                    "DashboardBody": json.dumps(body, separators=(",", ":")),
                    "Tags": tags,
                },
            }
            for name, body in bodies.items()
        },
    }


def _platform(components: Sequence[Component], environments: Sequence[str], region: str) -> dict[str, Any]:
    """Return the dashboard of the platform; a variable chooses the environment."""
    if not components or not environments:
        return {"widgets": [_text("No component is let in yet: kit onboard NAME adds one to components.yaml.")]}
    owners = dict.fromkeys(one.owner for one in components)
    teams = {owner: [one for one in components if one.owner == owner] for owner in owners}
    each = {one.name: [one] for one in components}
    graphs = [_graph(one, region, _lines(one, teams)) for one in MEASURES]
    graphs += [_graph(one, region, _lines(one, each), ", by component") for one in (SESSIONS, COST, ERRORS, SCORES)]
    return {
        "variables": [
            _variable("environment", CHOSEN_ENVIRONMENT, {name: _snake(name) for name in reversed(environments)})
        ],
        "widgets": [
            _text(f"All components, by team. One of them alone: dashboard {COMPONENT}."),
            *_placed([one for one in graphs if one["properties"]["metrics"]]),
        ],
    }


def _component(components: Sequence[Component], environments: Sequence[str], region: str) -> dict[str, Any]:
    """Return the dashboard of one component, which a variable chooses."""
    runtimes = {
        f"{one.name} in {environment}": names.snake(one.name, environment)
        for one in components
        for environment in reversed(environments)
        if environment in one.environments
    }
    graphs = []
    for one in MEASURES:
        dimension, end = one.service
        query = f'{one.search} {dimension}="{CHOSEN_COMPONENT}{{}}"'
        lines = [_line(one, one.found(query.format(end)), "live", "live")]
        if dimension == SERVICE:
            lines.append(_line(one, one.found(query.format(".canary")), "canary", "canary"))
        graphs.append(_graph(one, region, lines))
    return {
        "variables": [_variable("component", CHOSEN_COMPONENT, runtimes or {"none yet": "none"})],
        "widgets": [_text(f"One component. All of them, by team: dashboard {PLATFORM}."), *_placed(graphs)],
    }


def _lines(measure: Measure, groups: Mapping[str, Sequence[Component]]) -> list[Line]:
    """Return the lines of a graph, one a group; a long group is searched for in parts, which are not shown."""
    lines = []
    for number, (label, components) in enumerate(groups.items()):
        of_kind = [one.name for one in components if one.kind in measure.kinds]
        parts = [measure.found(query) for query in _queries(measure, of_kind)]
        if len(parts) > 1:
            hidden = {f"g{number}p{part}": expression for part, expression in enumerate(parts)}
            lines += [_line(measure, expression, label, name, shown=False) for name, expression in hidden.items()]
            parts = [f"{measure.together}([{','.join(hidden)}])"]
        lines += [_line(measure, expression, label, f"g{number}") for expression in parts]
    return lines


def _queries(measure: Measure, components: Sequence[str]) -> Iterator[str]:
    """Yield queries for the metric of components, none longer than CloudWatch takes."""
    dimension, end = measure.service
    services = [f'"{_snake(name)}_{CHOSEN_ENVIRONMENT}{end}"' for name in components]
    begin = f"{measure.search} {dimension}=("
    while services:
        count = 1
        while count < len(services) and len(begin + " OR ".join(services[: count + 1])) < LONGEST_SEARCH - ROOM:
            count += 1
        yield f"{begin}{' OR '.join(services[:count])})"
        services = services[count:]


def _line(measure: Measure, expression: str, label: str, name: str, *, shown: bool = True) -> Line:
    return [{"expression": expression, "label": label, "id": name, "period": measure.period, "visible": shown}]


def _graph(measure: Measure, region: str, lines: list[Line], of: str = "") -> Widget:
    properties = {
        "title": f"{measure.title}{of}",
        "region": region,
        "view": "timeSeries",
        "period": measure.period,
        "metrics": lines,
    }
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


def _placed(graphs: Sequence[Widget]) -> list[Widget]:
    """Return graphs below the text, two in a row."""
    return [{**one, "x": 12 * (number % 2), "y": 2 + 6 * (number // 2)} for number, one in enumerate(graphs)]


def _text(markdown: str) -> Widget:
    return {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": markdown}}


def _variable(name: str, pattern: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return a variable of a dashboard: what is chosen is put in place of a pattern; the first value to begin with."""
    return {
        "type": "pattern",
        "pattern": pattern,
        "inputType": "select",
        "id": name,
        "label": name.capitalize(),
        "defaultValue": next(iter(values.values())),
        "visible": True,
        "values": [{"value": value, "label": label} for label, value in values.items()],
    }


def _snake(text: str) -> str:
    return text.replace("-", "_")
