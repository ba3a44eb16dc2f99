"""The workflows: commands of the kit and nothing else, in an order that guards production, with least rights."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup as Group
from typer.main import get_command

from agentcore_kit.cli import application
from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.config.repository import repository_root

WORKFLOWS = sorted((repository_root() / ".github" / "workflows").glob("*.yml"))
TARGETS = set(
    re.findall(r"^([a-z-]+):.*## ", (repository_root() / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


def load(path: Path) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def runs() -> Iterator[tuple[str, str]]:
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            yield from ((path.name, step["run"]) for step in job["steps"] if "run" in step)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_least_rights_and_bounds(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert (
            "concurrency" in workflow
            or "concurrency" in job
            or name
            in (
                "approval",  # waits for people
                "environment",  # these two read files only
                "environments",
                "protection",  # reads what GitHub has
            )
        ), name
        assert job["timeout-minutes"] <= 60, (
            name,
            "the session of a role ends after an hour, unless it is asked for more",
        )
        assert isinstance(job["permissions"], dict), name
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", f"a/b@{'0' * 40}")), step


def test_every_step_is_one_line_without_interpolation() -> None:
    for name, line in runs():
        assert "\n" not in line.strip(), (name, line)
        assert "${{" not in line, (name, "nothing is interpolated into a shell; variables carry it", line)
        for target in re.findall(r"\bmake (?:-C \S+ )?([a-z-]+)", line):
            assert target in TARGETS, (name, target)


def test_every_command_of_the_kit_is_one_with_these_options() -> None:
    lines = [(name, line) for name, line in runs() if "kit " in line]
    assert lines
    for name, line in lines:
        typed = re.search(r"\.venv/bin/kit ([^>|&]+)", line)
        assert typed, (name, "the kit of this repository, whatever else is installed", line)
        command, *arguments = (re.sub(r"\$\w+", "1", word) for word in shlex.split(typed[1], comments=True))
        group = get_command(application(repository_kind(), {command}))
        assert isinstance(group, Group)
        assert command in group.commands, (name, command)
        group.commands[command].make_context(command, arguments)


def test_no_call_of_aws_exists_only_in_a_workflow() -> None:
    """Whatever touches AWS is a command of the kit, so that a laptop does what the pipeline does."""
    for name, line in runs():
        commands = {part.split()[0] for part in re.split(r"&&|\|\||;|\|", re.sub(r"'[^']*'", "", line))}
        assert commands <= COMMANDS, (name, line)
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
            assert set(used) <= ACTIONS, (path.name, "a new one is reviewed and added here: does it call AWS?")
            asks = [step for step in job["steps"] if step.get("run", "").startswith(".venv/bin/kit identity ")]
            signs_in = "aws-actions/configure-aws-credentials" in used
            assert signs_in == bool(asks), (path.name, "the role is the one of the environment's file")


# What may stand in a step; only the kit touches AWS, and gh is GitHub's own.
COMMANDS = {".venv/bin/kit", "make", "gh", "git", "cat"}
ACTIONS = {
    "actions/cache",
    "actions/checkout",
    "actions/download-artifact",
    "actions/setup-python",
    "actions/upload-artifact",
    "aws-actions/configure-aws-credentials",
    "docker/setup-buildx-action",
}


def test_no_long_lived_key() -> None:
    for path in WORKFLOWS:
        secrets = set(re.findall(r"secrets\.(\w+)", path.read_text(encoding="utf-8")))
        assert secrets <= ({"TEMPLATE_UPDATE_TOKEN"} if path.stem == "template-update" else set()), path.name


def test_a_rollback_waits_for_no_reviewer_and_is_cancelled_by_nobody() -> None:
    """A job that waits for reviewers has its turn in its group; and by default what comes later cancels what waits."""
    found = {(path.stem, name): job for path in WORKFLOWS for name, job in load(path)["jobs"].items()}
    for path in WORKFLOWS:
        assert path.stem not in ("deliver", "rollback") or "concurrency" not in load(path), path.name
    assert found["deliver", "approval"]["environment"] == "approval"
    assert "concurrency" not in found["deliver", "approval"]
    assert "approval" in found["deliver", "production"]["needs"]
    for job in (found["deliver", "production"], found["deliver", "preproduction"], found["rollback", "rollback"]):
        assert job["concurrency"] == {"group": job["environment"], "queue": "max"}


def test_what_changes_production_runs_from_main_only() -> None:
    """What is dispatched by hand may come from any branch."""
    for stem in ("deliver", "rollback"):
        jobs = load(repository_root() / ".github" / "workflows" / f"{stem}.yml")["jobs"].values()
        assert {job["if"] for job in jobs if "needs" not in job} == {"github.ref == 'refs/heads/main'"}, stem


def test_environments_come_from_one_list() -> None:
    """A workflow that named one itself would leave another out without a word."""
    known = {*load_manifest().delivery.environments}
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            written = [job.get("environment", ""), *job.get("env", {}).values(), str(job.get("concurrency", ""))]
            assert not known & {*written}, (path.name, name)
            for step in job["steps"]:
                words = {*shlex.split(step.get("run", ""), comments=True), *map(str, step.get("env", {}).values())}
                assert not known & words, (path.name, name, step)


def test_production_is_delivered_in_order_and_stops_at_the_first_that_fails() -> None:
    job = load(repository_root() / ".github" / "workflows" / "deliver.yml")["jobs"]["production"]
    assert job["strategy"] == {
        "max-parallel": 1,
        "fail-fast": True,
        "matrix": {"environment": "${{ fromJSON(needs.environments.outputs.production) }}"},
    }
    assert job["environment"] == "${{ matrix.environment }}", "approval and trust of each by itself"


def test_every_environment_of_production_is_monitored_whatever_the_others_say() -> None:
    job = load(repository_root() / ".github" / "workflows" / "monitor.yml")["jobs"]["monitor"]
    assert job["strategy"]["fail-fast"] is False
    assert job["environment"] == "${{ matrix.environment }}"


def test_the_kit_checks_the_environment_of_a_rollback_before_github_is_asked_for_it() -> None:
    """GitHub makes an environment that is not there, without any protection."""
    jobs = load(repository_root() / ".github" / "workflows" / "rollback.yml")["jobs"]
    assert "environment" not in jobs["environment"]
    (choice,) = [step for step in jobs["environment"]["steps"] if step.get("id") == "choose"]
    assert choice["run"].startswith('.venv/bin/kit environments --choose "$WANTED"')
    assert jobs["rollback"]["environment"] == "${{ needs.environment.outputs.name }}"
    assert jobs["rollback"]["needs"] == "environment"


def typed_in(job: str) -> list[str]:
    """Return the commands of the kit that a job of the delivery types, in its order."""
    steps = load(repository_root() / ".github" / "workflows" / "deliver.yml")["jobs"][job]["steps"]
    found = (re.match(r"\.venv/bin/kit ([^>#]+)", step.get("run", "")) for step in steps)
    return [match[1].strip() for match in found if match]


def test_nothing_waits_for_an_approval_that_nobody_gives() -> None:
    """What needs reviewers needs the job that looks whether there are any, which itself opens no environment."""
    jobs = load(repository_root() / ".github" / "workflows" / "deliver.yml")["jobs"]
    assert typed_in("protection") == ["github-check"]
    assert jobs["protection"]["permissions"] == {"actions": "read", "contents": "read"}
    assert "environment" not in jobs["protection"], "GitHub would make it"
    needed, waiting = set(), ["production"]
    while waiting:
        name = waiting.pop()
        needs = jobs[name].get("needs", [])
        waiting += [needs] if isinstance(needs, str) else needs
        needed.add(name)
    assert {"approval", "protection"} <= needed
    for name in {"approval", "registry"} & {str(job.get("environment")) for job in jobs.values()}:
        (job,) = [job for job in jobs.values() if job.get("environment") == name]
        if name == "registry":
            assert "protection" in job["needs"]


def test_production_asks_what_it_deployed_before_callers_get_it() -> None:
    commands = [line.split()[0] for line in typed_in("production")]
    assert commands.index("newer") < commands.index("deploy") < commands.index("smoke") < commands.index("promote")
    assert commands.index("identity") < commands.index("newer"), "AWS is asked what callers have"
    if repository_kind() != "Memory":  # which callers have as soon as it is deployed
        assert 'smoke --env "$ENV" --endpoint DEFAULT' in typed_in("production")[: commands.index("promote")]


def test_the_record_is_written_with_a_role_that_can_do_nothing_else() -> None:
    jobs = load(repository_root() / ".github" / "workflows" / "deliver.yml")["jobs"]
    for name in [name for name, job in jobs.items() if job.get("environment") == "registry"]:
        assert typed_in(name)[0] == 'identity --env "$ENV" --register'
