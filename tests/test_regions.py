"""The regions: what the hook and the kit say of each is what CloudFormation has there, by the cfn-lint installed."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from agentcore_kit.config import regions
from cfnlint.helpers import REGIONS
from cookiecutter.exceptions import FailedHookException

from tests.conftest import Bake
from tests.repository import KINDS, ROOT, load

SCHEMAS = Path(cfnlint.__file__).parent / "data/schemas/providers"
ACCEPTED = {kind: sorted(regions.NEEDED[kind.capitalize()][1]) for kind in KINDS}


def with_type(name: str, service: str = "AWS::BedrockAgentCore") -> set[str]:
    """Return the regions with a resource type of AgentCore, and with Amazon Bedrock, which China has not.

    Of regions that are closed to the public cfn-lint knows nothing: what it has there is a copy of us-east-1.
    """
    found, main = set(), json.loads((SCHEMAS / "us-east-1.json").read_text())
    for region in REGIONS:
        path = SCHEMAS / f"{region}.json"
        types = json.loads(path.read_text()) if path.exists() else {}
        is_copy = region != "us-east-1" and types.keys() == main.keys()
        if not is_copy and {f"{service}::{name}", "AWS::Bedrock::Guardrail"} <= types.keys():
            found.add(region)
    return found


def test_the_kit_says_where_a_registry_can_be() -> None:
    assert with_type("Registry", "AWS::AgentRegistry") == regions.WITH_REGISTRY


def test_the_kit_says_what_cloudformation_has_in_each_region() -> None:
    runtime = with_type("Runtime")
    assert runtime == with_type("RuntimeEndpoint") == regions.WITH_RUNTIME
    assert with_type("Memory") == regions.WITH_MEMORY
    assert runtime - with_type("ResourcePolicy") == regions.WITHOUT_RESOURCE_POLICIES
    assert runtime - with_type("OnlineEvaluationConfig") == regions.WITHOUT_ONLINE_EVALUATION
    assert set(REGIONS) == runtime | regions.WITHOUT
    assert not runtime & regions.WITHOUT


def test_the_hook_says_what_the_kit_says() -> None:
    tree = ast.parse((ROOT / "hooks/pre_gen_project.py").read_text(encoding="utf-8"))
    wanted = {"WITH_MEMORY", "WITH_RUNTIME", "WITH_PLATFORM", "WITHOUT", "NEEDED"}
    assigned: list[ast.stmt] = [
        node for node in tree.body if isinstance(node, ast.Assign) and {ast.unparse(node.targets[0])} & wanted
    ]
    said: dict[str, Any] = {}
    exec(compile(ast.Module(assigned, []), "hook", "exec"), said)  # noqa: S102
    assert {name: frozenset(said[name]) for name in wanted - {"NEEDED"}} == {
        name: getattr(regions, name) for name in wanted - {"NEEDED"}
    }
    assert {kind.capitalize(): (what, frozenset(there)) for kind, (what, there) in said["NEEDED"].items()} == (
        regions.NEEDED
    )


def test_templates_are_valid_in_each_region_that_is_accepted(bake: Bake, kind: str) -> None:
    """One run of cfn-lint for all regions, on the templates that `kit check` gives it."""
    repository = bake(kind=kind)
    script = (
        "import json; from agentcore_kit.checks.commands import steps;"
        "command = next(step.command for step in steps() if step.name == 'infrastructure');"
        "print(json.dumps(command[command.index('--') :]))"
    )
    asked = subprocess.run([sys.executable, "-c", script], cwd=repository, capture_output=True, check=True, text=True)
    templates = json.loads(asked.stdout)
    if kind == "platform":  # which are grouped by where they are deployed; the registry is in a region of its own
        found = (path.relative_to(repository).as_posix() for path in (repository / "infra").rglob("*.yaml"))
        templates = sorted(path for path in found if path != "infra/shared/registry.yaml")
        templates = ["--", *templates]
    assert len(templates) > 2
    cfn_lint = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", *ACCEPTED[kind], *templates]
    done = subprocess.run(cfn_lint, cwd=repository, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("hooks_in_process")
@pytest.mark.parametrize(
    ("kind", "region", "needed"),
    [
        ("agent", "af-south-1", "a region with AgentCore Runtime, which af-south-1 lacks (as of "),
        ("tool", "cn-north-1", "a region with AgentCore Runtime, which cn-north-1 lacks (as of "),
        (
            "platform",
            "eu-north-1",
            "a region with AgentCore Gateway, rate limits, inference profiles and budgets, which eu-north-1 lacks",
        ),
        ("memory", "ap-southeast-5", "a region with AgentCore Memory, which ap-southeast-5 lacks (as of "),
        ("agent", "eu-central-9", "the code of an AWS region; the nearest: eu-central-1"),
        ("memory", "us-gov-west-2", "the code of an AWS region; the nearest: us-gov-west-1"),
    ],
)
def test_a_region_without_what_is_needed_is_refused(
    bake: Bake, capfd: pytest.CaptureFixture[str], kind: str, region: str, needed: str
) -> None:
    with pytest.raises(FailedHookException):
        bake(kind=kind, region=region)
    assert f"needed:  {needed}" in capfd.readouterr().err


@pytest.mark.usefixtures("hooks_in_process")
@pytest.mark.parametrize(
    ("kind", "region"), [("agent", "us-gov-west-1"), ("tool", "ap-southeast-5"), ("memory", "eu-south-1")]
)
def test_a_region_that_lacks_only_what_is_optional_is_right(bake: Bake, kind: str, region: str) -> None:
    repository = bake(kind=kind, region=region)
    for check in (["agentcore_kit", "manifest"], ["agentcore_kit.checks.regions"]):
        done = subprocess.run(
            [sys.executable, "-m", *check], cwd=repository, capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("hooks_in_process")
def test_the_model_can_be_called_from_its_region(bake: Bake) -> None:
    """No `global.` profile can be called from GovCloud."""
    environment = load(bake(kind="agent", region="us-gov-west-1") / "environments/prod.yaml")
    assert environment["model"]["id"].startswith("us-gov.")


def test_the_check_says_what_the_region_of_an_environment_lacks(bake: Bake, kind: str) -> None:
    repository = bake(kind=kind)
    for name, region in {"dev": "il-central-1", "preprod": "eu-central-9"}.items():
        path = repository / f"environments/{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("eu-central-1", region), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "agentcore_kit.checks.regions"],
        cwd=repository,
        capture_output=True,
        check=False,
        text=True,
    )
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (2, 2)
    assert lines[0].startswith("environments/dev.yaml: region: il-central-1 has no AgentCore ")
    assert "regions that have it: ap-northeast-1, " in lines[0]
    assert lines[1].startswith("environments/preprod.yaml: region: there is no region eu-central-9; the nearest: eu-")
