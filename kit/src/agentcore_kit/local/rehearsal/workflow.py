"""The deliver workflow: which commands of the kit it runs, read from .github/workflows/deliver.yml.

A job with a matrix is read as one job for each value, one after the other.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agentcore_kit.config.commands import outputs
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_path
from agentcore_kit.local.rehearsal.expressions import Values, resolved

_KIT = re.compile(r"\s*(\S*/)?kit\s")


@dataclass(frozen=True)
class Step:
    """A command of the kit that a job of the workflow runs.

    Attributes:
        job: The job's name; of a job with a matrix as GitHub shows it, with the value: `production (prod)`.
        arguments: What is typed after `kit`.
        env: The environment whose account the job is signed in to; empty for a job that is not.
        shared: Whether it is the account of the shared services instead.
        only_with: Files without which the workflow leaves the step out; empty for a step that always runs.
        environment: The environment of GitHub that the job runs in; empty for a job without one.
    """

    job: str
    arguments: tuple[str, ...]
    env: str = ""
    shared: bool = False
    only_with: str = ""
    environment: str = ""

    @property
    def command(self) -> str:
        """The command's name."""
        return self.arguments[0]


def workflow_path() -> Path:
    """Return the workflow that is rehearsed."""
    return repository_path(".github", "workflows", "deliver.yml")


def steps(workflow: Path | None = None) -> list[Step]:
    """Return the commands of the workflow, in the order in which its jobs need each other."""
    jobs: dict[str, Any] = yaml.safe_load((workflow or workflow_path()).read_text(encoding="utf-8"))["jobs"]
    done: dict[str, Values] = {}
    found: list[Step] = []
    for name in _in_order(jobs):
        known = {"needs": {each: {"outputs": done[each]} for each in _many(jobs[name].get("needs"))}}
        for label, matrix in _runs(name, jobs[name], known):
            values = {**known, "matrix": matrix, "steps": _outputs_of_steps(jobs[name])}
            found += _of_job(label, jobs[name], values)
            given = jobs[name].get("outputs", {})
            done[name] = {key: resolved(text, values) for key, text in given.items()}
    return found


def _runs(name: str, job: Mapping[str, Any], known: Values) -> Iterator[tuple[str, Values]]:
    """Yield how often a job runs: once, or once for each value of its matrix, in order."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    if not matrix:
        yield name, {}
    more = matrix.pop("include", [])
    listed = {variable: resolved(each, known) if isinstance(each, str) else each for variable, each in matrix.items()}
    values = [(variable, value) for variable, each in listed.items() for value in each]
    values += [(variable, resolved(value, known)) for each in more for variable, value in each.items()]
    for variable, value in values:
        yield f"{name} ({value})", {variable: value}


def _outputs_of_steps(job: Mapping[str, Any]) -> Values:
    """Return what the step that lists the environments gives, as the command prints it."""
    found: dict[str, Any] = {}
    for step in job["steps"]:
        if "id" in step and _arguments(step.get("run", ""), {})[:1] == ("environments",):
            lines = (line.partition("=") for line in outputs(load_manifest().delivery))
            found[step["id"]] = {"outputs": {name: value for name, _, value in lines}}
    return found


def _in_order(jobs: Mapping[str, Any]) -> list[str]:
    done: list[str] = []
    while len(done) < len(jobs):
        done += [name for name, job in jobs.items() if name not in done and {*_many(job.get("needs"))} <= {*done}]
    return done


def _many(needs: Any) -> list[str]:
    return needs if isinstance(needs, list) else [needs] if needs else []


def _of_job(name: str, job: Mapping[str, Any], known: Values) -> Iterator[Step]:
    env, shared, given = "", False, job.get("environment", "")
    environment = str(resolved(given["name"] if isinstance(given, Mapping) else given, known))
    for step in job["steps"]:
        written = {**job.get("env", {}), **step.get("env", {})}
        variables = {key: resolved(str(text), known) for key, text in written.items()}
        arguments = _arguments(step.get("run", ""), variables)
        if not arguments:
            continue
        if arguments[0] == "identity":
            env, shared = arguments[arguments.index("--env") + 1], "--shared" in arguments
        files = re.fullmatch(r"hashFiles\('(.+)'\) != ''", step.get("if", ""))
        yield Step(name, arguments, env, shared, files[1] if files else "", environment)


def _arguments(line: str, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a line gives to `kit`, with its variables filled in; nothing when it runs something else."""
    if not _KIT.match(line):
        return ()
    typed = re.split(r"[>|]", line, maxsplit=1)[0]  # what it prints may go to a file of GitHub's
    words = shlex.split(typed, comments=True)[1:]
    return tuple(re.sub(r"\$\{?(\w+)\}?", lambda match: str(variables.get(match[1], "")), word) for word in words)
