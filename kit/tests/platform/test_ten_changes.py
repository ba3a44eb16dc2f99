"""A platform engineer finds the place of each of ten changes by names alone, and what is deployed changes by it.

No service is asked: the templates are resolved as a first deployment of each account would have them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery import names, stacks
from agentcore_kit.delivery.context import open_context
from agentcore_kit.delivery.platform import sources
from agentcore_kit.delivery.platform.wanted import wanted
from agentcore_kit.policies.analysis import findings
from agentcore_kit.policies.engine import load
from agentcore_kit.policies.table import outcomes, policies_folder
from tests.platform.conftest import FIRST_HOUR
from tests.platform.templates import resolved

SHARED = {
    names.REGISTRY: "arn:aws:agent-registry:eu-west-1:111122223333:registry/abcdefghijkl",
    names.SINK: "arn:aws:oam:eu-central-1:111122223333:sink/1a2b3c4d",
}
"""What the shared account has published."""

SONNET, NOVA = "global.anthropic.claude-sonnet-4-6", "amazon.nova-lite-v1:0"
WORKLOADS = ("dev", "preprod", "prod")
AGENT = "component-financial-analytics-agent"
TEAM = """\
components:
  - name: claims-agent
    kind: Agent
    owner: claims-team
    costCenter: CC-7
    useCaseId: UC-0042
    monthlyBudgetUsd: 300
    environments: [dev]
"""
TOPIC = "- {Name: Tax advice, Type: DENY, Definition: How a person pays less tax.}"

Rendered = Mapping[str, Mapping[str, Any]]
"""Resources with their properties, each by environment, stack and logical id: `prod gateway Gateway`."""


@dataclass(frozen=True)
class Change:
    """One of the changes.

    Attributes:
        edits: A file, a text in it, and what becomes of that.
        becomes: All resources that are different then, by patterns of their names; of each pattern at least one has
            the text that none of them had before. An empty text: it is different.
    """

    edits: tuple[tuple[str, str, str], ...]
    becomes: Mapping[str, str]


CHANGES: Mapping[str, Change] = {
    "model": Change(
        tuple(
            (f"environments/{name}.yaml", f"  - {SONNET}\n", f"  - {SONNET}\n  - {NOVA}\n")
            for name in ("prod", "organisation")
        ),
        {
            "prod boundary Boundary": f"foundation-model/{NOVA}",
            f"prod {AGENT} Profile*": f"foundation-model/{NOVA}",
            "organisation service-control-policies ModelsAndRegions": f"foundation-model/{NOVA}",
        },
    ),
    "region": Change(
        (("environments/organisation.yaml", "regions: ['eu-central-1']", "regions: [eu-central-1, eu-north-1]"),),
        {"organisation service-control-policies ModelsAndRegions": "eu-north-1"},
    ),
    "team": Change(
        (("components.yaml", "components:\n", TEAM),),
        {
            "shared component-claims-agent Images": "claims-agent",
            "shared roles-claims-agent *": "repo:example-org/claims-agent:ref:refs/heads/main",
            "shared dashboards *": "claims-agent",
            "dev component-claims-agent *": "agentops-claims-agent-dev",
            "dev roles-claims-agent *": "repo:example-org/claims-agent:environment:dev",
        },
    ),
    "budget": Change(
        (
            ("components.yaml", "monthlyBudgetUsd: 1000", "monthlyBudgetUsd: 4321"),
            ("use-cases.yaml", "monthlyBudgetUsd: 5000", "monthlyBudgetUsd: 4321"),
        ),
        {**{f"{name} {AGENT} Budget": "4321" for name in WORKLOADS}, "organisation budgets Budget*": "4321"},
    ),
    "topic": Change(
        (("infra/workload/guardrails.yaml", "- Name: Legal advice", f"{TOPIC}\n          - Name: Legal advice"),),
        {
            **{f"{name} guardrails Guardrail": "Tax advice" for name in WORKLOADS},
            **{f"{name} guardrails Version": "" for name in WORKLOADS},
        },
    ),
    "retention": Change(
        (("environments/prod.yaml", "logRetentionDays: 365", "logRetentionDays: 731"),),
        {"prod observability GatewayLogs": "731"},
    ),
    "alarm": Change(
        (("infra/workload/alarms.yaml", "Default: 50", "Default: 4321"),),
        {f"{name} alarms PolicyDenials": "4321" for name in WORKLOADS},
    ),
    "approver": Change(
        (("manifest.yaml", "AWSReservedSSO_AgentApprovers_*", "AWSReservedSSO_Board_*"),),
        {"organisation service-control-policies TagsAndAccess": "AWSReservedSSO_Board_*"},
    ),
    "account": Change(
        (("environments/prod.yaml", "account: '123456789012'", "account: '999988887777'"),),
        {
            "shared names Reader": "999988887777",
            "shared component-* Images": "999988887777",
            "shared *": "999988887777",
            "prod *": "999988887777",
        },
    ),
}


@pytest.fixture(autouse=True)
def _nothing_is_deployed(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    """Work in a copy of the repository, in front of accounts of which only the shared one is there."""
    monkeypatch.setattr(stacks, "describe", lambda *_: None)
    monkeypatch.setattr(sources, "_published_in_shared", lambda _, name: SHARED[name])


@pytest.mark.parametrize("word", CHANGES)
def test_a_change_is_where_its_name_says_and_changes_what_is_deployed(word: str) -> None:
    change = CHANGES[word]
    before = as_generated()
    for file, old, new in change.edits:
        edit(word, file, old, new)
    after = rendered()
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    for pattern, text in change.becomes.items():
        of_it = {name for name in changed if fnmatchcase(name, pattern)}
        assert any(text in str(after.get(name)) for name in of_it), (pattern, changed)
        assert not any(text and text in str(before.get(name)) for name in of_it), pattern
    others = {name for name in changed if not any(fnmatchcase(name, pattern) for pattern in change.becomes)}
    assert not others


def test_a_policy_is_where_its_name_says_and_changes_what_is_decided_and_deployed() -> None:
    gateway = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:gateway/company-tools-1a2b3c4d5e"
    before = {one.id: one.rendered(gateway) for one in load(policies_folder()).files.statements}
    assert not [one for one in outcomes() if one.problem]
    edit("polic", "policies/market_data_readers.cedar", '"junior-analyst", "analyst"', '"analyst"')
    after = {one.id: one.rendered(gateway) for one in load(policies_folder()).files.statements}
    assert {name for name in before if before[name] != after[name]} == {"market_data_readers"}
    refused = [one.row.why for one in outcomes() if one.problem]
    assert refused, "the table of decisions says who loses what by it"


def test_a_platform_that_lets_nobody_in_yet_is_deployed_without_components() -> None:
    Path("components.yaml").write_text("components: []\n", encoding="utf-8")
    gone = as_generated().keys() - rendered().keys()
    assert {name.split()[1].partition("-")[0] for name in gone} == {"component", "roles"}


@pytest.mark.parametrize("example", ["examples", "market-data"])
def test_the_policies_of_one_example_and_their_rows_stand_alone(example: str) -> None:
    """Whoever deletes what is about the other tools has nothing left to mend."""
    table = Path("policies/decisions.yaml")
    head, *rows = re.split(r"^(?=  - why:)", table.read_text(encoding="utf-8"), flags=re.MULTILINE)
    table.write_text(head + "".join(row for row in rows if f"tool: {example}___" not in row), encoding="utf-8")
    for path in policies_folder().glob("*.cedar"):
        if f"{example}___" in path.read_text(encoding="utf-8"):
            path.unlink()
    (policies_folder() / "tools" / f"{example}.json").unlink()
    decided = outcomes()
    assert decided
    assert not [one.problem for one in decided if one.problem]
    assert not findings(load(policies_folder()), decided)


def edit(word: str, file: str, old: str, new: str) -> None:
    """Change a file at the place that a word leads to: by the README's table, and by the name of file or field."""
    path = Path(file)
    table = Path("README.md").read_text(encoding="utf-8").split("## What to change where")[1].split("\n\n")[1]
    rows = [row for row in table.splitlines() if word in row.lower()]
    assert any(file in row or f"`{path.parent}/`" in row for row in rows), (file, rows)
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}"
    line = text[: text.index(old)].rpartition("\n")[2]
    assert word in f"{file} {line}{new}".lower() or word in heading(text, old), f"nothing there is named {word}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def heading(text: str, place: str) -> str:
    """Return the names of the fields that a place of a YAML file is in, in lower case, the innermost last."""
    found: list[str] = []
    lines = text[: text.index(place)].splitlines()
    depth = len(lines[-1]) if lines and not lines[-1].strip() else 1_000
    for line in reversed(lines):
        if line.strip() and (indent := len(line) - len(line.lstrip())) < depth:
            depth, found = indent, [line.strip().lower(), *found]
    return " ".join(found)


def rendered() -> Rendered:
    """Return every resource that the repository's files ask for in any account."""
    return {
        f"{env} {one.concern.name} {logical}": resource["Properties"]
        for env in FIRST_HOUR
        for context in [open_context(env)]
        for one in wanted(context)
        for logical, resource in resolved(read_template(one.stack.body), one.stack.parameters, context.account).items()
    }


@cache
def as_generated() -> Rendered:
    """Return what a repository that nobody has changed yet asks for."""
    return rendered()
