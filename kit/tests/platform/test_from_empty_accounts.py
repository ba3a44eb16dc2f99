"""From four empty accounts to an agent live in production, on nothing but what the platform's templates make."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.rehearsal.saved import copied
from tests.platform.four_repositories import AGENT, MEMORY, PLATFORM, TOOL, Organisation, organisation

ACCOUNTS = ("shared", "dev", "preprod", "prod", "organisation")
READ = ["events", "facts", "preferences", "summaries"]


@pytest.fixture(scope="module")
def organised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    """Return the repositories as their teams would have them, and the accounts once the platform is deployed."""
    with organisation(tmp_path_factory.mktemp("organisation").resolve()) as it:
        it.edit(PLATFORM, "environments/shared.yaml", {"registryRegion": "eu-west-1"})
        it.edit(MEMORY, "manifest.yaml", {"spec": {"consumers": [{"name": AGENT, "read": READ, "write": ["events"]}]}})
        uses = {"memory": MEMORY, "guardrail": "default", "tools": {"gateways": ["company-tools"]}}
        it.edit(AGENT, "manifest.yaml", {"spec": uses})
        _let_in(it)
        for env in ACCOUNTS:
            it.must(PLATFORM, "deploy", env)
        yield it


@pytest.fixture
def deployed(organised: Organisation) -> Iterator[Organisation]:
    """Return the accounts as the platform has left them; what a test changes is undone."""
    before, commit = copied(organised.cloud), organised.git(PLATFORM, "rev-parse", "HEAD")
    yield organised
    organised.begin(before)
    organised.git(PLATFORM, "reset", "--quiet", "--hard", commit)


def _let_in(it: Organisation) -> None:
    """Let the entry of the agent name the memory that its manifest names."""
    entries = yaml.safe_load((it.folder / PLATFORM / "components.yaml").read_text(encoding="utf-8"))["components"]
    changed = [{**one, "memory": MEMORY} if one["name"] == AGENT else one for one in entries]
    it.edit(PLATFORM, "components.yaml", {"components": changed})


def test_an_agent_goes_live_in_production_from_four_empty_accounts(deployed: Organisation) -> None:
    for name in (MEMORY, TOOL, AGENT):
        done = deployed.deliver(name)
        assert done.code == 0, (deployed.said[-1], [denied.text for denied in deployed.cloud.iam.denied])
        deployed.approve()
    prod = deployed.place(AGENT, "prod")
    named = next(one for one in prod.runtimes.runtimes.values() if names.snake(AGENT, "prod") in one.arn)
    assert named.endpoints[names.LIVE].live == "1"
    targets = [target for gateway in prod.gateways.gateways.values() for target in gateway.targets.values()]
    assert [target.status for target in targets] == ["READY"], "the tool is behind the account's gateway"
    assert deployed.cloud.iam.denied == []


def _without(it: Organisation, template: str, name: str) -> None:
    """Take one published name out of a template of the platform."""
    path = it.folder / PLATFORM / "infra" / "workload" / f"{template}.yaml"
    text = path.read_text(encoding="utf-8")
    found = read_template(text)["Resources"]
    (logical,) = [
        key
        for key, one in found.items()
        if one["Type"] == "AWS::SSM::Parameter" and _same(one["Properties"]["Name"], name)
    ]
    start = text.index(f"\n  {logical}:\n") + 1
    rest = text[start:].split("\n")
    end = next(at for at, line in enumerate(rest) if at and line.strip() and not line.startswith("   "))
    path.write_text(text[:start] + "\n".join(rest[end:]), encoding="utf-8")
    it.commit(PLATFORM, f"Publish no {name}")


def _same(written: object, name: str) -> bool:
    text = str(written["Fn::Sub"] if isinstance(written, dict) else written)
    return text.replace("${GatewayName}", "company-tools") == name


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("identity", names.DISCOVERY_URL),
        ("boundary", names.BOUNDARY),
        ("gateway", names.gateway_arn("company-tools")),
    ],
)
def test_a_name_that_the_templates_do_not_publish_is_missed_by_name(
    deployed: Organisation, template: str, name: str
) -> None:
    _without(deployed, template, name)
    done = deployed.by_hand(PLATFORM, "deploy", "preprod")
    if done.code == 0:  # the platform itself needs it for none of its own stacks
        done = deployed.deliver(TOOL)
    assert done.code != 0
    assert name in done.said, done.said


def test_accounts_in_which_no_platform_is_let_no_pipeline_in(organised: Organisation) -> None:
    before = organised.cloud
    organised.begin(Cloud())
    try:
        with pytest.raises(Exception, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            organised.deliver(TOOL)
    finally:
        organised.begin(before)
