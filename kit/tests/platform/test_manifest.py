"""What is wrong in the files of a platform is named by file, line and field, with what would be right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agentcore_kit.checks.platform_templates import templates_by_regions
from tests.delivery.shell import typed

WRONG = {
    "a section of another purpose": (
        "environments/shared.yaml",
        lambda text: text + "models: [global.anthropic.claude-sonnet-4-6]\n",
        "models: has no effect with purpose shared, only with workload or organisation",
    ),
    "both ways to sign in": (
        "environments/dev.yaml",
        lambda text: text + "cognito: {domainPrefix: abc, callbackUrls: ['http://localhost/callback']}\n",
        "cognito: stands beside identity",
    ),
    "nobody signs in": (
        "environments/prod.yaml",
        lambda text: text.split("identity:")[0] + "gateway: {policyMode: ENFORCE}\n",
        "identity: missing",
    ),
    "what only the laptop has": (
        "environments/dev.yaml",
        lambda text: text.replace("  policyMode:", "  port: 8100\n  policyMode:"),
        "gateway.port: has an effect in environments/local.yaml only",
    ),
    "one account for two": (
        "environments/preprod.yaml",
        lambda text: text.replace("777788889999", "444455556666"),
        "environments/preprod.yaml:1: account: is that of dev in the same region",
    ),
    "an unknown use case": (
        "components.yaml",
        lambda text: text.replace("useCaseId: 'UC-0042'", "useCaseId: 'UC-1'", 1),
        "components.yaml:9: components[0].useCaseId: UC-1 is not in use-cases.yaml",
    ),
    "an environment that is no workload": (
        "components.yaml",
        lambda text: text.replace("[dev, preprod, prod]", "[dev, shared]", 1),
        "components[0].environments[1]: shared is no environment with purpose workload; one of: dev, preprod, prod",
    ),
    "an unknown gateway": (
        "components.yaml",
        lambda text: text.replace("gateways: [company-tools]", "gateways: [company-tool]", 1),
        "components[1].gateways[0]: company-tool is the name of no gateway in environments/; one of: company-tools",
    ),
    "a field of another kind": (
        "components.yaml",
        lambda text: text.replace("    gateways: [company-tools]\n", "    memory: analyst-memory\n", 1),
        "components[1].memory: is of kind Agent only",
    ),
    "a name twice": (
        "components.yaml",
        lambda text: text.replace("market-data", "analyst-memory"),
        "components[1].name: analyst-memory is the name of entry 1 too",
    ),
    "a name of the platform's": (
        "components.yaml",
        lambda text: text.replace("name: market-data", "name: agentops-data"),
        "components[1].name: agentops-data begins with agentops-",
    ),
    "the platform's own name": (
        "components.yaml",
        lambda text: text.replace("name: market-data", "name: example-platform"),
        "components[1].name: example-platform is this platform's own name",
    ),
    "a registry where there is none": (
        "environments/shared.yaml",
        lambda text: text.replace("registryRegion: null", "registryRegion: eu-central-1"),
        "registryRegion: eu-central-1 has no AWS Agent Registry; one of: ap-northeast-1",
    ),
    "a list in the place of a region": (
        "environments/shared.yaml",
        lambda text: text.replace("registryRegion: null", "registryRegion: [eu-west-1]"),
        "registryRegion: ['eu-west-1'] has no AWS Agent Registry; one of: ap-northeast-1",
    ),
    "a list in the place of a name": (
        "components.yaml",
        lambda text: text.replace("name: market-data", "name: [market-data]"),
        "components[1].name: ['market-data'] is not right",
    ),
    "a list in the place of an id": (
        "use-cases.yaml",
        lambda text: text.replace("id: 'UC-0042'", "id: [UC-0042]"),
        "useCases[0].id: ['UC-0042'] is not right",
    ),
    "a memory that is none": (
        "components.yaml",
        lambda text: text.replace("memory: null", "memory: market-data"),
        "components[2].memory: market-data is no entry of kind Memory here",
    ),
    "half an approval": (
        "use-cases.yaml",
        lambda text: text.replace("approvedBy: null", "approvedBy: AI board"),
        "useCases[0].approvedOn: missing; approvedBy is there",
    ),
    "an expiry before the approval": (
        "use-cases.yaml",
        lambda text: text.replace(
            "approvedBy: null", "approvedBy: AI board\n    approvedOn: 2026-03-01\n    expires: 2026-02-01"
        ),
        "useCases[0].expires: 2026-02-01 is before approvedOn, 2026-03-01",
    ),
    "a time in the place of a day": (
        "use-cases.yaml",
        lambda text: text.replace(
            "approvedBy: null", "approvedBy: AI board\n    approvedOn: 2026-03-01 10:00:00\n    expires: 2027-02-01"
        ),
        "useCases[0].approvedOn: ",
    ),
    "a model that the organisation refuses": (
        "environments/dev.yaml",
        lambda text: text.replace("  - global.anthropic.claude-sonnet-4-6", "  - global.anthropic.claude-sonet-4-6"),
        "environments/dev.yaml:11: models[0]: global.anthropic.claude-sonet-4-6 is refused by the organisation's "
        "policies; correct it, or add it to models of environments/organisation.yaml",
    ),
    "a region that the organisation refuses": (
        "environments/prod.yaml",
        lambda text: text.replace("region: 'eu-central-1'", "region: eu-west-1"),
        "environments/prod.yaml:7: region: eu-west-1 is refused by the organisation's policies; add it to regions of "
        "environments/organisation.yaml",
    ),
    "a region that is mistyped": (
        "environments/organisation.yaml",
        lambda text: text.replace("regions: ['eu-central-1']", "regions: [eu-central-1, eu-centrl-1]"),
        "environments/organisation.yaml:12: regions[1]: there is no region eu-centrl-1; the nearest: eu-central-1",
    ),
    "another shared account": (
        "environments/dev.yaml",
        lambda text: text.replace("sharedAccount: '111122223333'", "sharedAccount: '999988887777'"),
        "environments/dev.yaml:6: sharedAccount: 999988887777 is not the account of the shared services; write "
        "'111122223333', as environments/shared.yaml has it",
    ),
    "days that CloudWatch does not know": (
        "environments/dev.yaml",
        lambda text: text.replace("logRetentionDays: 30", "logRetentionDays: 45"),
        "logRetentionDays: '45' is not possible; the nearest: 30 or 60",
    ),
    "a person who approves": (
        "manifest.yaml",
        lambda text: text.replace(
            "[aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_AgentApprovers_*]", "[al@corp.com]"
        ),
        "spec.approvers[0]: 'al@corp.com' is not right; needed: IAM roles of the shared account",
    ),
    "an environment on no list": (
        "environments/canada.yaml",
        lambda _: "name: canada\n",
        "delivery: {production: [shared, prod, canada, organisation]}",
    ),
}


def test_the_files_as_they_are_generated_are_right(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "manifest")
    assert (code, err) == (0, ""), err
    assert out.startswith("Platform example-platform 0.1.0")


@pytest.mark.parametrize(("file", "change", "said"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_named(
    file: str, change: Callable[[str], str], said: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repository / file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(change(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    code, _, err = typed(capsys, "manifest")
    assert code == 2
    assert said in err
    assert err.startswith(file)


def test_what_is_still_an_example_and_what_is_over_the_budget_is_said(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files are right, so this is no finding; nothing of it is said once it is changed."""
    out = typed(capsys, "manifest")[1]
    assert "warning: o-exampleorgid is the template's example" in out
    assert ": environments/organisation.yaml:10\n" in out
    assert "monthlyBudgetUsd" not in out
    for file, old, new in (
        ("environments/organisation.yaml", "o-exampleorgid", "o-a1b2c3d4e5"),
        ("components.yaml", "monthlyBudgetUsd: 1000", "monthlyBudgetUsd: 2000"),
    ):
        path = repository / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    code, out, _ = typed(capsys, "manifest")
    assert (code, "o-exampleorgid" in out) == (0, False)
    assert "use-cases.yaml:10: useCases[0].monthlyBudgetUsd: 5000 is less than the 7200 that its components may" in out


def test_each_template_is_checked_for_the_regions_that_it_is_deployed_to(repository: Path) -> None:
    """Images are copied to where components run, so their repositories are in those regions too."""
    dev = repository / "environments" / "dev.yaml"
    dev.write_text(dev.read_text(encoding="utf-8").replace("region: 'eu-central-1'", "region: eu-west-1"), "utf-8")
    shared = repository / "environments" / "shared.yaml"
    found = {path: where for where, paths in templates_by_regions().items() for path in paths}
    both = ("eu-central-1", "eu-west-1")
    assert [found[f"infra/{one}.yaml"] for one in ("workload/gateway", "component/workload")] == [both, both]
    assert found["infra/component/shared.yaml"] == both
    assert found["infra/shared/images.yaml"] == ("eu-central-1",)
    text = shared.read_text(encoding="utf-8").replace("registryRegion: null", "registryRegion: us-west-2")
    shared.write_text(text, encoding="utf-8")
    assert "infra/shared/registry.yaml" in templates_by_regions()["us-west-2",]


def test_editors_know_every_file(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(capsys, "schema")[0] == 0
    for name in ("manifest", "environment", "components", "use-cases"):
        schema = json.loads((repository / f".local/schemas/{name}.json").read_text(encoding="utf-8"))
        assert schema["additionalProperties"] is False
