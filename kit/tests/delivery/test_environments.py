"""Several environments of production: each by itself, and each as guarded as the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.local.rehearsal.expressions import resolved
from agentcore_kit.local.rehearsal.workflow import steps
from tests.delivery.memory_world import World as MemoryWorld
from tests.delivery.runtime_world import World
from tests.delivery.shell import refused, typed

Either = World | MemoryWorld


def test_what_a_new_repository_has(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = typed(capsys, "environments", "--json")
    assert [(each["name"], each["stage"]) for each in json.loads(out)] == [
        ("local", "local"),
        ("dev", "development"),
        ("preprod", "preproduction"),
        ("prod", "production"),
    ]
    assert typed(capsys, "environments", "--github")[1] == 'preproduction=preprod\nproduction=["prod"]\n'


def test_the_list_has_stage_account_and_region_in_order(
    second_region: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(capsys, "environments", "--github")[1].splitlines()[1] == 'production=["prod", "prod-us"]'
    found = json.loads(typed(capsys, "environments", "--stage", "production", "--json")[1])
    assert [each["name"] for each in found] == ["prod", "prod-us"]
    assert (found[1]["account"], found[1]["region"]) == ("210987654321", "us-east-1")
    assert typed(capsys, "environments")[1].splitlines()[-1].split()[:2] == ["prod-us", "production"]
    code, _, err = typed(capsys, "environments", "--stage", "prodction")
    assert (code, "did you mean production?" in err) == (2, True)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("prod-us", (0, "environment=prod-us\n")),
        ("dev", (0, "environment=dev\n")),
        ("prod-uss", (2, "did you mean prod-us?")),
        ("local", (2, "'local' is no environment in AWS")),
        ("$(reboot)", (2, "is no environment in AWS; one of: dev, preprod, prod, prod-us")),
        ("", (2, "production has several environments; say which: prod, prod-us")),
    ],
)
def test_one_is_chosen_by_name(
    second_region: Path, capsys: pytest.CaptureFixture[str], wanted: str, expected: tuple[int, str]
) -> None:
    code, out, err = typed(capsys, "environments", "--choose", wanted, "--github")
    assert code == expected[0]
    assert expected[1] in out + err
    assert not (code and out)


def test_with_one_environment_of_production_none_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(capsys, "environments", "--choose", "", "--github")[1] == "environment=prod\n"


def test_an_unknown_environment_is_refused_with_the_nearest(regions: Either) -> None:
    assert regions.type("status", "prod-uss").err.endswith("next:  add --env …, did you mean prod-us?\n")


def test_the_second_is_asked_about_as_the_first(regions: Either) -> None:
    regions.ready()
    if isinstance(regions, World):
        regions.must("build", "preprod")
    refused(regions.type("deploy", "prod-us", CI=""), "production is changed only after a yes")
    regions.must("deploy", "prod-us")
    regions.must("promote", "prod-us")
    assert "live" in regions.must("status", "prod-us").last
    assert "nothing is" in regions.must("status", "prod").last


def test_one_record_for_all_of_production(regions: Either) -> None:
    if repository_kind() == "Tool":  # its record is written with its target, in test_registration
        return
    regions.must("register", "prod")
    (record,) = regions.registry().records.values()
    assert "prod_us" in str(record.draft) or "/prod-us/id" in str(record.draft), "it tells of each"
    assert "the record is prod's" in regions.must("register", "prod-us").last
    assert json.loads(regions.must("status", "prod-us", "--json").out)["registry"] is None
    regions.must("destroy", "prod-us")
    assert [each.status for each in regions.registry().records.values()] == ["PENDING_APPROVAL"]


def test_the_workflow_delivers_to_all_of_production_in_order(second_region: Path) -> None:
    found = [(step.job, step.env) for step in steps() if step.job.startswith("production") and step.env]
    assert list(dict.fromkeys(found)) == [("production (prod)", "prod"), ("production (prod-us)", "prod-us")]
    first = [step.command for step in steps() if step.job == "production (prod)"]
    assert first == [step.command for step in steps() if step.job == "production (prod-us)"]


def test_another_name_for_pre_production(second_region: Path) -> None:
    (second_region / "environments" / "preprod.yaml").rename(second_region / "environments" / "staging.yaml")
    manifest = second_region / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8").replace("{production:", "{preproduction: staging, production:")
    manifest.write_text(text, encoding="utf-8")
    assert load_manifest().delivery.stage("staging") == "preproduction"
    assert {step.env for step in steps() if step.job == "preproduction"} <= {"staging", ""}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("environments/prod-eu.yaml", "environments/prod-eu.yaml:1: prod-eu is on no list of spec.delivery"),
        ("environments/prod_eu.yaml", "environments/prod_eu.yaml:1: nothing reads it: the name of the file must"),
        ("environments/prod-eu.yml", "environments/prod-eu.yml:1: nothing reads it; name it prod-eu.yaml"),
    ],
)
def test_a_file_that_nothing_reads_is_named(
    second_region: Path, capsys: pytest.CaptureFixture[str], file: str, said: str
) -> None:
    assert typed(capsys, "manifest")[0] == 0
    neighbour = (second_region / "environments" / "prod-us.yaml").read_text(encoding="utf-8")
    (second_region / file).write_text(neighbour.replace("prod-us", "prod-eu"), encoding="utf-8")
    code, _, err = typed(capsys, "manifest")
    assert (code, said in err) == (2, True), err


def test_it_cannot_be_delivered_to_either(second_region: Path, world: Either) -> None:
    neighbour = (second_region / "environments" / "prod-us.yaml").read_text(encoding="utf-8")
    (second_region / "environments" / "prod-eu.yaml").write_text(neighbour.replace("prod-us", "prod-eu"))
    refused(world.run("status", "--env", "prod-eu"), "prod-eu is on no list of spec.delivery", code=2)


def test_a_file_that_is_missing_is_named(second_region: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (second_region / "environments" / "prod-us.yaml").unlink()
    for command in ("manifest", "environments"):
        code, _, err = typed(capsys, command)
        assert (code, "environments/prod-us.yaml:1: no such file, but spec.delivery" in err) == (2, True)


def test_a_workflow_that_leaves_one_out_is_named(second_region: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workflow = second_region / ".github" / "workflows" / "deliver.yml"
    workflow.write_text("jobs: {a: {steps: [{run: kit deploy --env preprod}, {run: kit deploy --env prod}]}}\n")
    code, _, err = typed(capsys, "manifest")
    assert (code, err.splitlines()[0].startswith(".github/workflows/deliver.yml:1: delivers nothing to prod-us")) == (
        2,
        True,
    )


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ("production: []", "spec.delivery.production: [] is not right"),
        ("production: [Prod]", "spec.delivery.production[0]: 'Prod' is not right; needed: delivered one after"),
        ("production: [prod, prod]", "spec.delivery.production[1]: prod stands here and on spec.delivery.production"),
        ("production: [dev]", "production[0]: dev stands here and on spec.delivery.development"),
        ("production: [local]", "production[0]: local is this machine"),
        ("production: [approval]", "production[0]: approval is what a workflow calls something else"),
        ("productoin: [prod]", "spec.delivery.productoin: no such field; did you mean production?"),
    ],
)
def test_a_wrong_list_is_refused(
    second_region: Path, capsys: pytest.CaptureFixture[str], lists: str, said: str
) -> None:
    manifest = second_region / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8").replace("production: [prod, prod-us]", lists)
    manifest.write_text(text, encoding="utf-8")
    code, _, err = typed(capsys, "manifest")
    assert code == 2
    assert said in err
    assert err.startswith("manifest.yaml:")


def test_names_that_are_too_long_together_are_refused(second_region: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = second_region / "manifest.yaml"
    about = load_manifest().metadata.name
    text = manifest.read_text(encoding="utf-8").replace(about, "a" * 40, 1).replace("prod-us]", "prod-us-east]")
    manifest.write_text(text, encoding="utf-8")
    assert (
        "prod-us-east is too long: with metadata.name it names the Runtime; at most 7 characters"
        in (typed(capsys, "manifest")[2])
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ fromJSON(needs.list.outputs.production) }}", ["prod", "prod-us"]),
        ("${{ fromJSON(needs.list.outputs.production)[0] }}", "prod"),
        ("in ${{ matrix.environment }} now", "in prod-us now"),
        ("${{ github.sha }}", ""),
        ("${{ inputs.environment || 'prod' }}", ""),
        ("plain", "plain"),
    ],
)
def test_expressions_of_a_workflow(text: str, value: object) -> None:
    known = {
        "needs": {"list": {"outputs": {"production": '["prod", "prod-us"]'}}},
        "matrix": {"environment": "prod-us"},
    }
    assert resolved(text, known) == value


def test_the_environments_of_the_template_are_on_its_lists() -> None:
    for path in Path("environments").glob("*.yaml"):
        assert load_manifest().delivery.stage(path.stem), path
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["name"] == path.stem
