"""Delivery of the platform: all stacks of an account, in order; nothing changed when something is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agentcore_kit.delivery import names
from tests.delivery.shell import refused
from tests.platform.conftest import FIRST_HOUR, PlatformShell


def test_an_empty_account_gets_everything_in_order_and_a_second_deployment_changes_nothing(
    platform: PlatformShell,
) -> None:
    platform.deploy_all()
    for name in FIRST_HOUR:
        again = platform.must("deploy", name)
        assert "nothing to change" in again.out, name


def test_a_workload_before_the_shared_account_is_refused_and_says_what_to_deploy_first(platform: PlatformShell) -> None:
    refused(platform.type("deploy", "dev"), "agentops-platform-reader", "kit deploy --env shared", code=3)
    assert platform.stacks("dev") == []


def test_a_parameter_without_a_value_is_refused_before_anything_is_changed(platform: PlatformShell) -> None:
    platform.edit("infra/shared/artifacts.yaml", "Parameters:\n", "Parameters:\n  Colour:\n    Type: String\n")
    found = platform.type("deploy", "shared")
    refused(found, "environments/shared.yaml: parameters.Colour", "infra/shared/artifacts.yaml", code=2)
    assert platform.stacks("shared") == []
    platform.edit("environments/shared.yaml", "alarmEmail:", "parameters: {Colour: red}\nalarmEmail:")
    platform.must("plan", "shared")


def test_a_plan_changes_nothing(platform: PlatformShell) -> None:
    planned = platform.must("plan", "shared")
    assert "example-platform-shared-github: add DeliveryRole, IAM::Role" in planned.out
    assert platform.stacks("shared") == []


def test_an_interrupted_deployment_goes_on_where_it_was(platform: PlatformShell) -> None:
    platform.cloud.plan_fault("AWS::S3::Bucket", "ValidationException", "try again")
    refused(platform.type("deploy", "shared"), "try again", code=3)
    before = platform.stacks("shared")
    assert "shared-images" in before
    assert "shared-monitoring" not in before
    again = platform.must("deploy", "shared")
    assert "shared-images" not in again.out.split("plan:")[1]
    assert "shared-monitoring" in platform.stacks("shared")


def test_what_is_switched_off_goes_and_what_people_would_lose_needs_a_word(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    text = "identity:\n  discoveryUrl: https://login.example.com/.well-known/openid-configuration\n"
    platform.edit("environments/dev.yaml", text, "identity_was:\n")
    lines = [line for line in Path("environments/dev.yaml").read_text().splitlines() if "identity_was" not in line]
    lines = [line for line in lines if not line.startswith("  clients:")]
    cognito = "cognito: {domainPrefix: example-agents-dev, callbackUrls: ['http://localhost:8080/callback']}"
    Path("environments/dev.yaml").write_text("\n".join([*lines, cognito, ""]))
    platform.must("deploy", "dev")
    assert "dev-cognito" in platform.stacks("dev")
    platform.edit("environments/dev.yaml", cognito, text + "  clients: [portal]")
    planned = platform.must("plan", "dev")
    assert "! example-platform-dev-cognito: delete" in planned.out
    refused(platform.type("deploy", "dev"), "users can no longer sign in", "--allow-loss", code=1)
    assert "dev-cognito" in platform.stacks("dev")
    platform.must("deploy", "dev", "--allow-loss")
    assert "dev-cognito" not in platform.stacks("dev")


def test_a_component_goes_only_once_nothing_of_it_is_deployed(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    platform.must("deploy", "dev")
    entry = Path("components.yaml").read_text().split("  - name: market-data\n")[1].split("  - name:")[0]
    platform.edit("components.yaml", f"  - name: market-data\n{entry}", "")
    stacks = platform.at("dev").stacks.stacks
    tool = replace(stacks["example-platform-dev-identity"], name="market-data-dev-runtime")
    stacks[tool.name] = tool
    refused(platform.type("deploy", "dev"), "market-data-dev-runtime", "kit destroy --env dev", code=3)
    del stacks[tool.name]
    platform.must("deploy", "dev")
    assert not [name for name in platform.stacks("dev") if "market-data" in name]
    platform.at("shared").images.push("market-data", "sha256:" + "a" * 64, "abc")
    refused(platform.type("deploy", "shared"), "1 images stay", "--allow-loss", code=1)
    platform.must("deploy", "shared", "--allow-loss")
    assert "market-data" in platform.at("shared").images.repositories, "images stay"


def test_the_pipeline_deploys_everything_but_its_own_role(platform: PlatformShell) -> None:
    refused(platform.type("deploy", "shared", CI="true"), "shared-github", "as an administrator", code=3)
    assert platform.stacks("shared") == []
    platform.must("deploy", "shared")
    platform.edit("environments/shared.yaml", "alarmEmail: null", "alarmEmail: team@example.com")
    changed = platform.must("deploy", "shared", CI="true")
    assert "AlarmTopic" in changed.out or "shared-alarms" in changed.out
    platform.edit("infra/all/rights.yaml", "What the pipeline", "Whatever the pipeline")
    platform.must("deploy", "shared", CI="true")  # words of a template are nothing that CloudFormation deploys
    platform.edit("infra/all/rights.yaml", "cloudformation:ListStacks", "cloudformation:List*")
    refused(platform.type("deploy", "shared", CI="true"), "shared-rights", code=3)


def test_a_removal_needs_the_environments_name_and_nothing_that_stands_on_it(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    platform.must("deploy", "dev")
    refused(platform.type("destroy", "dev", answer="yes"), "not confirmed", code=2)
    stacks = platform.at("dev").stacks.stacks
    tool = replace(stacks["example-platform-dev-identity"], name="market-data-dev-runtime")
    stacks[tool.name] = tool
    refused(platform.type("destroy", "dev"), "market-data is deployed here", code=3)
    del stacks[tool.name]
    gone = platform.must("destroy", "dev")
    assert "delete stack example-platform-dev-keys; stays: LogKey (KMS::Key)" in gone.out
    assert platform.stacks("dev") == []


def test_the_first_environment_of_an_account_comes_first_and_goes_last(platform: PlatformShell) -> None:
    for command in ("plan", "deploy"):
        refused(platform.type(command, "organisation"), "shared is in the same account", "--env shared, then", code=3)
    assert platform.stacks("organisation") == []
    platform.must("deploy", "shared")
    platform.must("deploy", "organisation")
    refused(platform.type("destroy", "shared"), "kit destroy --env organisation", code=3)
    platform.must("destroy", "organisation")
    platform.must("destroy", "shared")
    assert platform.stacks("shared") == []


def test_stacks_of_an_environment_whose_name_goes_on_are_left_alone(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    stacks = platform.at("shared").stacks.stacks
    tags = [{"Key": "component", "Value": "example-platform"}, {"Key": "environment", "Value": "shared-eu"}]
    other = replace(stacks["example-platform-shared-images"], name="example-platform-shared-eu-images", tags=tags)
    stacks[other.name] = other
    planned = platform.must("plan", "shared")
    assert "nothing to change" in planned.out
    assert other.name not in platform.must("status", "shared").out
    platform.must("destroy", "shared")
    assert platform.stacks("shared") == ["shared-eu-images"]


def test_a_published_name_is_lost_when_it_is_written_differently_or_its_template_goes(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    platform.edit("infra/shared/names.yaml", names.SINK, "/agentops/monitoring/sink")
    lost = f"! example-platform-shared-names: no longer gives {names.SINK}, which is read by "
    assert lost in platform.must("plan", "shared").out
    refused(platform.type("deploy", "shared"), "--allow-loss", code=1)
    Path("infra/shared/names.yaml").unlink()
    assert lost in platform.must("plan", "shared").out
    refused(platform.type("deploy", "shared"), "--allow-loss", code=1)
    assert names.SINK in platform.at("shared").parameters.values


def test_status_and_drift_need_no_right_in_another_account(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    platform.must("deploy", "dev")
    shared = str(platform.environments["shared"].account)
    del platform.cloud.iam.account(shared).roles[f"arn:aws:iam::{shared}:role/{names.PLATFORM_READER}"]
    refused(platform.type("plan", "dev"), names.PLATFORM_READER, code=3)
    assert "stacks are there" in platform.must("status", "dev").last
    assert "as it was deployed" in platform.must("drift", "dev").last


def test_status_and_newer_know_the_commit(platform: PlatformShell) -> None:
    platform.must("deploy", "shared")
    assert ", of commit " in platform.must("status", "shared").last
    assert "is live already" in platform.must("newer", "shared").last
