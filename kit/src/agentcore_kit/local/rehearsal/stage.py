"""The deliver workflow on this machine: its verbs in its order, typed as it types them, with a stand-in for AWS.

The verbs are read from .github/workflows/deliver.yml, and typed as `make VERB` in a copy of this repository with
commits of its own, signed in to the account of the step's environment.
"""

from __future__ import annotations

import os
import re
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

from agentcore_kit.config.repository import repository_root
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.aws_emulator.server import serving
from agentcore_kit.local.aws_emulator.world import environments, prepared, shell, with_docker
from agentcore_kit.local.rehearsal.agent_fakes import Real, loosen, real


def workflow_path() -> Path:
    """Return the workflow that is rehearsed."""
    return repository_root() / ".github" / "workflows" / "deliver.yml"


MAKE, GIT = (shutil.which(name) or name for name in ("make", "git"))

RESULTS, BEFORE = "evals/results", ".local/before"
"""Where evaluations are, and where the workflow puts that of the delivery before."""

_PREPARING = {"setup", "identity"}


@dataclass(frozen=True)
class Step:
    """A verb that the workflow types: in which job and environment, with which variables."""

    job: str
    verb: str
    env: str
    variables: Mapping[str, str]
    only_with: str = ""
    """Files without which the workflow leaves the step out."""


def steps(workflow: Path | None = None) -> list[Step]:
    """Return the verbs of the workflow, in the order in which its jobs need each other."""
    jobs: dict[str, Any] = yaml.safe_load((workflow or workflow_path()).read_text(encoding="utf-8"))["jobs"]
    return [step for name in _in_order(jobs) for step in _of_job(name, jobs[name])]


def _in_order(jobs: Mapping[str, Any]) -> list[str]:
    done: list[str] = []
    while len(done) < len(jobs):
        done += [name for name, job in jobs.items() if name not in done and {*_many(job.get("needs"))} <= {*done}]
    return done


def _many(needs: Any) -> list[str]:
    return needs if isinstance(needs, list) else [needs] if needs else []


def _of_job(name: str, job: Mapping[str, Any]) -> Iterator[Step]:
    for step in job["steps"]:
        verb = re.match(r"make ([a-z-]+)", step.get("run", ""))
        if verb and verb[1] not in _PREPARING:
            known = {key: str(value) for key, value in step.get("env", {}).items()}
            variables = {key: value for key, value in known.items() if "${{" not in value}  # else GitHub's own
            files = re.fullmatch(r"hashFiles\('(.+)'\) != ''", step.get("if", ""))
            yield Step(name, verb[1], job["env"]["ENV"], variables, files[1] if files else "")


@dataclass
class Stage:
    """A copy of the repository, the stand-in, and what happened so far."""

    cloud: Cloud
    home: Path
    address: str
    real: Real
    began: float = field(default_factory=time.monotonic)
    rows: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """What each verb printed last."""

    def commit(self, text: str) -> str:
        """Make a commit and return the digest that its image will have."""
        (self.home / "CHANGES.md").write_text(f"{text}\n", encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", text)
        return digest_of(self._git("rev-parse", "HEAD"))

    def type(self, step: Step) -> bool:
        """Type a verb as the workflow does, show it in the timeline, and return whether it succeeded."""
        environment = environments()[step.env]
        account = environment.shared_account if step.verb == "build" else environment.account
        signed_in = shell(self.address, account, self.real.token) | {"ENV": step.env}
        variables = with_docker(
            self.home.parent / "bin", {**os.environ, **signed_in, **self.real.variables, **step.variables}
        )
        started = time.monotonic()
        done = subprocess.run(
            [MAKE, "--no-print-directory", step.verb, f"PY={sys.executable}", "READY="],
            cwd=self.home, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self._show(step, done, time.monotonic() - started)
        return done.returncode == 0

    def deliver(self, before: Callable[[Step], None] = lambda _: None) -> bool:
        """Run the workflow until a step fails; return whether none did. Its evaluation is kept for the next one."""
        shutil.rmtree(self.home / RESULTS, ignore_errors=True)
        for step in steps():
            before(step)
            if step.only_with and not any(self.home.glob(step.only_with)):
                continue
            if not self.type(step):
                print(f"{'':8}stopped here; what the workflow had after it did not run")
                return False
        shutil.copytree(self.home / RESULTS, self.home / BEFORE, dirs_exist_ok=True)
        return True

    def approve_record(self) -> None:
        """Do what an approver of the organisation's registry does."""
        shared = environments()["prod"]
        registry = self.cloud.at(str(shared.shared_account), shared.region).service("agent-registry-control")
        for record in registry.records.values():
            if record.status == "PENDING_APPROVAL":
                record.status, record.approved = "APPROVED", dict(record.draft)

    def _show(self, step: Step, done: subprocess.CompletedProcess[str], seconds: float) -> None:
        self.said[step.verb] = done.stdout
        said = [line for line in done.stdout.splitlines() if line.strip()]
        plain = [line for line in said if line[0] not in "|#-"] or said  # the rest is Markdown, for people on GitHub
        last = next((line for line in reversed(said) if line.startswith("= ")), plain[-1] if plain else "")
        if done.returncode:
            output = "\n".join([*done.stdout.splitlines()[-12:], *done.stderr.splitlines()[-12:]])
            last = next((line for line in done.stderr.splitlines() if line.startswith("error: ")), output)
        mark = "ok  " if done.returncode == 0 else "FAIL"
        told = [line for line in done.stderr.splitlines() if line.startswith(("next:", "       "))]
        at = time.monotonic() - self.began
        print(f"{at:6.1f} s {mark} {step.job:<9}{step.verb:<11}{seconds:5.1f} s  {last.removeprefix('= ')}", flush=True)
        if done.returncode:
            print("\n".join(f"{'':15}{line}" for line in told), flush=True)
        self.rows.append(f"{step.job} {step.verb} {mark.strip()}")

    def _git(self, *arguments: str) -> str:
        who = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run([GIT, *who, *arguments], cwd=self.home, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@contextmanager
def stage() -> Iterator[Stage]:
    """Set everything up: a copy of the repository, the real agent, the stand-in in front of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        home = folder / repository_root().name
        ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache")
        shutil.copytree(repository_root(), home, ignore=ignored)
        real_home = folder / "real"
        shutil.copytree(home, real_home)
        component = stack.enter_context(real(real_home))
        cloud = Cloud(agent=component.answer)
        prepared(cloud)
        address = stack.enter_context(serving(cloud)).address
        loosen(home)
        made = Stage(cloud, home, address, component)
        made._git("init", "--quiet")
        yield made


def scene(title: str) -> None:
    """Announce what follows."""
    print(f"\n--- {title}", flush=True)
