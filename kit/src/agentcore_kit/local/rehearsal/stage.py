"""The deliver workflow on this machine: its commands in its order, as it types them, against an emulated AWS.

The commands are read from .github/workflows/deliver.yml: steps that run `kit COMMAND …`. They are run in a copy of this
repository with commits of its own, signed in to the account that the job's `kit identity` asks for. A job with a matrix
is run for one value after the other.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agentcore_kit.config.commands import outputs
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_path, repository_root
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.aws_emulator.server import serving
from agentcore_kit.local.aws_emulator.world import environments, prepared, shell, with_docker
from agentcore_kit.local.rehearsal.component import Component, fakes
from agentcore_kit.local.rehearsal.expressions import Values, resolved


def workflow_path() -> Path:
    """Return the workflow that is rehearsed."""
    return repository_path(".github", "workflows", "deliver.yml")


GIT = shutil.which("git") or "git"

RESULTS, BEFORE = "evals/results", ".local/before"
"""Where evaluations are, and where the workflow puts that of the delivery before."""

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
    """

    job: str
    arguments: tuple[str, ...]
    env: str = ""
    shared: bool = False
    only_with: str = ""

    @property
    def command(self) -> str:
        """The command's name."""
        return self.arguments[0]


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
    matrix = job.get("strategy", {}).get("matrix", {})
    if not matrix:
        yield name, {}
    for variable, written in matrix.items():
        for value in resolved(written, known) if isinstance(written, str) else written:
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
    env, shared = "", False
    for step in job["steps"]:
        written = {**job.get("env", {}), **step.get("env", {})}
        variables = {key: resolved(str(text), known) for key, text in written.items()}
        arguments = _arguments(step.get("run", ""), variables)
        if not arguments:
            continue
        if arguments[0] == "identity":
            env, shared = arguments[arguments.index("--env") + 1], "--shared" in arguments
            continue
        files = re.fullmatch(r"hashFiles\('(.+)'\) != ''", step.get("if", ""))
        yield Step(name, arguments, env, shared, files[1] if files else "")


def _arguments(line: str, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a line gives to `kit`, with its variables filled in; nothing when it runs something else."""
    if not _KIT.match(line):
        return ()
    typed, _, _ = line.partition(">")  # what it prints may go to a file of GitHub's
    words = shlex.split(typed, comments=True)[1:]
    return tuple(re.sub(r"\$\{?(\w+)\}?", lambda match: str(variables.get(match[1], "")), word) for word in words)


@dataclass
class Stage:
    """A copy of the repository, the emulated AWS, and what happened so far."""

    cloud: Cloud
    home: Path
    address: str
    component: Component
    began: float = field(default_factory=time.monotonic)
    rows: list[str] = field(default_factory=list)
    """Job, command, and ok or FAIL of each step so far."""
    said: dict[str, str] = field(default_factory=dict)
    """What each command printed last."""
    running: str = ""
    """The command that runs at the moment."""

    def commit(self, text: str) -> str:
        """Make a commit and return the digest that its image will have."""
        (self.home / "CHANGES.md").write_text(f"{text}\n", encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", text)
        return digest_of(self._git("rev-parse", "HEAD"))

    def kit(self, *arguments: str, env: str = "", job: str = "by hand") -> bool:
        """Run a command as somebody who is signed in to an environment, by hand; return whether it succeeded."""
        return self.run(Step(job, (*arguments, *(["--env", env] if env else [])), env))

    def run(self, step: Step) -> bool:
        """Run a step, show it in the timeline, and return whether it succeeded."""
        account = None
        if step.env:
            environment = environments()[step.env]
            account = environment.shared_account if step.shared else environment.account
        signed_in = shell(self.address, account, self.component.token)
        variables = with_docker(self.home.parent / "bin", {**os.environ, **signed_in, **self.component.variables})
        more = self.component.options.get(step.command, ())
        started, self.running = time.monotonic(), step.command
        done = subprocess.run(
            [sys.executable, "-m", "agentcore_kit", *step.arguments, *more],
            cwd=self.home, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.running = ""
        self._show(step, done, time.monotonic() - started)
        return done.returncode == 0

    def deliver(self, before: Callable[[Step], None] = lambda _: None) -> bool:
        """Run the workflow until a step fails; return whether none did. Its evaluation is kept for the next one."""
        shutil.rmtree(self.home / RESULTS, ignore_errors=True)
        for step in steps():
            before(step)
            if step.only_with and not any(self.home.glob(step.only_with)):
                continue
            if not self.run(step):
                print(f"{'':8}stopped here; what the workflow had after it did not run")
                return False
        shutil.copytree(self.home / RESULTS, self.home / BEFORE, dirs_exist_ok=True)
        return True

    def summarise(self) -> None:
        """Say how long it took, and what was done."""
        seconds, calls = time.monotonic() - self.began, len(self.cloud.calls)
        print(f"\nrehearsed in {seconds:.0f} s: {len(self.rows)} commands, {calls} calls, none left this machine")

    def approve_record(self) -> None:
        """Do what an approver of the organisation's registry does."""
        shared = environments()[load_manifest().delivery.publisher]
        registry = self.cloud.at(str(shared.shared_account), shared.region).service("agent-registry-control")
        for record in registry.records.values():
            if record.status == "PENDING_APPROVAL":
                record.status, record.approved = "APPROVED", dict(record.draft)

    def _show(self, step: Step, done: subprocess.CompletedProcess[str], seconds: float) -> None:
        self.said[step.command] = done.stdout
        said = [line for line in done.stdout.splitlines() if line.strip()]
        plain = [line for line in said if line[0] not in "|#-"] or said  # the rest is Markdown, for people on GitHub
        last = next((line for line in reversed(said) if line.startswith("= ")), plain[-1] if plain else "")
        if done.returncode:
            output = "\n".join([*done.stdout.splitlines()[-12:], *done.stderr.splitlines()[-12:]])
            last = next((line for line in done.stderr.splitlines() if line.startswith("error: ")), output)
        mark = "ok  " if done.returncode == 0 else "FAIL"
        told = [line for line in done.stderr.splitlines() if line.startswith(("next:", "       "))]
        at = time.monotonic() - self.began
        where = f"{step.job:<20} {step.command:<13}"
        print(f"{at:6.1f} s {mark} {where}{seconds:5.1f} s  {last.removeprefix('= ')}", flush=True)
        if done.returncode:
            print("\n".join(f"{'':15}{line}" for line in told), flush=True)
        self.rows.append(f"{step.job} {step.command} {mark.strip()}")

    def _git(self, *arguments: str) -> str:
        who = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run([GIT, *who, *arguments], cwd=self.home, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@contextmanager
def stage() -> Iterator[Stage]:
    """Set everything up: a copy of the repository, the component itself, the emulated AWS in front of it."""
    kind = fakes()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        home = folder / repository_root().name
        ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache")
        shutil.copytree(repository_root(), home, ignore=ignored)
        served = folder / "served"
        shutil.copytree(home, served)
        component = stack.enter_context(kind.real(served))
        cloud = Cloud(agent=component.answer)
        prepared(cloud)
        address = stack.enter_context(serving(cloud)).address
        kind.loosen(home)
        made = Stage(cloud, home, address, component)
        made._git("init", "--quiet")
        yield made


def scene(title: str) -> None:
    """Announce what follows."""
    print(f"\n--- {title}", flush=True)
