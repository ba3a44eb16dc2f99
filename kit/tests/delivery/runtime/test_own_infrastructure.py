"""What a team adds to infra/ is one edit of its own files, and what breaks a rule is told with the file to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agentcore_kit.checks import parameters
from agentcore_kit.config.repository import repository_path
from agentcore_kit.testing import infrastructure
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused

STATEMENT = """\
              - Sid: ReadSecret
                Effect: Allow
                Action: secretsmanager:GetSecretValue
                Resource: {resource}
"""
SECRET = "!Sub 'arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:prices-a1b2c3'"
ANY_SECRET = SECRET.replace("prices-a1b2c3", "*")
ALARM = """\
  Sessions:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: More people than we planned for.
      Namespace: AWS/Bedrock-AgentCore
      MetricName: Sessions
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1000
      ComparisonOperator: GreaterThanOrEqualToThreshold
{actions}      Tags:
        - {{Key: owner, Value: !Ref Owner}}
        - {{Key: cost-center, Value: !Ref CostCenter}}
        - {{Key: use-case-id, Value: !Ref UseCaseId}}

"""
ACTIONS = "      AlarmActions: !If [HasTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n"
LIVE = """\
  Live:
    Type: AWS::BedrockAgentCore::RuntimeEndpoint
    Metadata: {Reviewed: {Tags: not yet}}
"""


class Repository:
    """A copy of the repository, which a test may edit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edit(self, file: str, text: str, other: str) -> None:
        """Replace a text, where it stands first."""
        path = self.folder / file
        before = path.read_text(encoding="utf-8")
        assert text in before, (file, text)
        path.write_text(before.replace(text, other, 1), encoding="utf-8")

    def insert(self, file: str, new: str, before: str) -> None:
        """Add a text before another one."""
        self.edit(file, before, new + before)

    def append(self, file: str, text: str) -> None:
        """Add a text to the end of a file."""
        with (self.folder / file).open("a", encoding="utf-8") as opened:
            opened.write(text)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a copy of the repository, in which commands are typed."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__"))
    monkeypatch.chdir(copy)
    return Repository(copy)


def broken() -> list[str]:
    """Return what breaks the rules for infra/."""
    return [line for rule in infrastructure.RULES for line in rule()]


def permit(repository: Repository, resource: str) -> None:
    """Let the role read a secret."""
    statement = STATEMENT.format(resource=resource)
    repository.insert("infra/role.yaml", statement, before="              - Sid: SignInToRegistry")


def declare(repository: Repository, *, default: bool) -> None:
    """Add a parameter to the role's template."""
    lines = "  PricesTable:\n    Type: String\n" + "    Default: prices\n" * default
    repository.insert("infra/role.yaml", lines, before="  Owner:\n    Type: String\n")


def resource_of(world: World, name: str) -> dict[str, object]:
    """Return the properties of a resource that was deployed to dev."""
    stacks = world.at("dev").stacks.stacks.values()
    found: dict[str, object] = next(one.resources[name].properties for one in stacks if name in one.resources)
    return found


def test_the_templates_keep_the_rules_as_they_are_generated(repository: Repository) -> None:
    assert broken() == []
    assert parameters.main() == 0


def test_a_permission_is_one_edit(world: World, repository: Repository) -> None:
    permit(repository, SECRET)
    assert broken() == []
    world.release(env="dev")
    assert "secretsmanager:GetSecretValue" in str(resource_of(world, "ExecutionRole"))


def test_a_wildcard_needs_its_reason_beside_it(repository: Repository) -> None:
    permit(repository, ANY_SECRET)
    (line,) = broken()
    assert line.startswith("infra/role.yaml: ExecutionRole: ReadSecret allows it on resources with a wildcard")
    assert "Metadata: {Reviewed: {ReadSecret: why}}" in line
    repository.insert(
        "infra/role.yaml", "        ReadSecret: one for each country\n", before="        SignInToRegistry:"
    )
    assert broken() == []
    repository.edit("infra/role.yaml", STATEMENT.format(resource=ANY_SECRET), "")
    (line,) = broken()
    assert line.startswith("infra/role.yaml: ExecutionRole: Metadata.Reviewed names ReadSecret, which it has no")


@pytest.mark.parametrize("action", ["'*'", "secretsmanager:*"])
def test_all_actions_of_a_service_need_a_reason(repository: Repository, action: str) -> None:
    permit(repository, SECRET)
    repository.edit("infra/role.yaml", "Action: secretsmanager:GetSecretValue", f"Action: {action}")
    (line,) = broken()
    assert line.startswith("infra/role.yaml: ExecutionRole: ReadSecret allows ")


def test_a_parameter_with_a_default_is_one_edit(world: World, repository: Repository) -> None:
    declare(repository, default=True)
    assert parameters.main() == 0
    world.release(env="dev")


def test_a_parameter_without_a_default_is_looked_up_in_the_environment_file(
    world: World, repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(repository, default=False)
    world.commit("a" * 40)
    missing = "environments/dev.yaml: parameters.PricesTable: missing, and infra/role.yaml has no Default for it"
    for command in ("plan", "deploy"):
        refused(world.type(command, "dev"), missing, code=2)
    assert not world.at("dev").stacks.stacks
    assert parameters.main() == 2
    assert missing in capsys.readouterr().err
    for name in ("dev", "preprod", "prod"):
        repository.append(f"environments/{name}.yaml", "\nparameters: {PricesTable: 2026}\n")
    assert parameters.main() == 0
    world.must("deploy", "dev")
    sent = [call.parameters for call in world.cloud.made("CreateChangeSet")]
    (role,) = [one["Parameters"] for one in sent if one["StackName"].endswith("-role")][-1:]
    assert {"ParameterKey": "PricesTable", "ParameterValue": "2026"} in role


def test_a_value_that_no_template_takes_is_told(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.append("environments/dev.yaml", "\nparameters: {PriceTable: prices, Owner: me}\n")
    assert parameters.main() == 2
    told = capsys.readouterr().err
    assert "environments/dev.yaml: parameters.PriceTable: no template in infra/ has this parameter" in told
    assert "environments/dev.yaml: parameters.Owner: follows from manifest.yaml" in told


def test_a_parameter_that_a_team_does_not_want_can_go(world: World, repository: Repository) -> None:
    template = "infra/observability.yaml"
    declared = "  MaxThrottles:\n    Type: Number\n    Description: Refused requests in five minutes.\n"
    repository.edit(template, declared, "")
    repository.edit(template, "Threshold: !Ref MaxThrottles", "Threshold: 3")
    world.release(env="dev")
    assert resource_of(world, "Throttles")["Threshold"] == 3


def test_an_alarm_is_one_edit_and_tells_somebody(world: World, repository: Repository) -> None:
    repository.insert("infra/observability.yaml", ALARM.format(actions=""), before="  Errors:\n")
    (line,) = broken()
    assert line.startswith("infra/observability.yaml: Sessions: tells nobody; add AlarmActions")
    repository.edit("infra/observability.yaml", ALARM.format(actions=""), ALARM.format(actions=ACTIONS))
    assert broken() == []
    world.release(env="dev")
    assert resource_of(world, "Sessions")["AlarmActions"]


@pytest.mark.parametrize(
    ("file", "text", "other", "told"),
    [
        ("role", "        - {Key: owner, Value: !Ref Owner}\n", "", "ExecutionRole: has no tag owner"),
        ("runtime", "      RetentionInDays: !Ref LogRetentionDays\n", "", "LiveLogs: has no RetentionInDays"),
        ("runtime", "    DeletionPolicy: RetainExceptOnCreate", "    DeletionPolicy: Delete", "needs DeletionPolicy"),
        ("role", "{aws:SourceAccount: !Ref AWS::AccountId}", "{aws:SourceAccount: '1'}", "can be assumed by others"),
        ("role", "      PermissionsBoundary: !If", "      Path: !If", "lacks the platform's boundary"),
        ("runtime", "      AuthorizerConfiguration:", "      Authorizer:", "Runtime: knows no users"),
        ("runtime", "@sha256:", ":", "ImageUri: could be a tag"),
        ("runtime", "  ImageUri:", "  ApiSecret: {Type: String}\n  ImageUri:", "ApiSecret: is a secret in a parameter"),
        ("runtime", "  LiveLogs:", f"{LIVE}  LiveLogs:", "endpoints belong into infra/endpoint.yaml"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_told(repository: Repository, file: str, text: str, other: str, told: str) -> None:
    repository.edit(f"infra/{file}.yaml", text, other)
    (line,) = broken()
    assert line.startswith(f"infra/{file}.yaml: ")
    assert told in line


def test_a_mapping_in_a_delivered_template_passes_the_delivery(world: World) -> None:
    """What `check` lets through is what the emulator can bring up."""
    path = repository_path("infra") / "role.yaml"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("\nResources:\n", "\nMappings:\n  Limits:\n    all: {seconds: 7200}\n\nResources:\n", 1)
    head, found, rest = changed.partition("    Type: AWS::IAM::Role\n")
    limit = "    Properties:\n      MaxSessionDuration: !FindInMap [Limits, all, seconds]\n"
    changed = head + found + rest.replace("    Properties:\n", limit, 1)
    assert changed.count("Limits") == 2
    path.write_text(changed, encoding="utf-8")
    try:
        world.ready()
        world.must("deploy", "dev")
    finally:
        path.write_text(text, encoding="utf-8")
    roles = [one for stack in world.at("dev").stacks.stacks.values() for one in stack.resources.values()]
    assert 7200 in [one.properties.get("MaxSessionDuration") for one in roles]
