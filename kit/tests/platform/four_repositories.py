"""Platform, memory, tool and agent side by side, four empty accounts, and the commands that are typed there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from agentcore_kit.config.environment import Environment
from agentcore_kit.delivery import images
from agentcore_kit.delivery.context import open_context
from agentcore_kit.local.aws_emulator import memories
from agentcore_kit.local.aws_emulator.cloud import EXTENSIONS, AccountRegion, Answer, Cloud
from agentcore_kit.local.aws_emulator.iam import AUDIENCE
from agentcore_kit.local.aws_emulator.server import Server, serving
from agentcore_kit.local.aws_emulator.world import environments, shell, subject, with_docker
from agentcore_kit.local.rehearsal import agent_fakes, tool_fakes
from agentcore_kit.local.rehearsal.stage import GIT
from agentcore_kit.local.rehearsal.worker import Worker, worker
from agentcore_kit.local.rehearsal.workflow import Step, steps
from tests.repositories import generate

MEMORY, TOOL, AGENT, PLATFORM = "analyst-memory", "market-data", "financial-analytics-agent", "agentops-platform"
KIND = {PLATFORM: "platform", MEMORY: "memory", TOOL: "tool", AGENT: "agent"}

NOT_HERE = ("environments", "dimensions", "compare", "notes", "github-check")
"""Commands of the workflows that have tests of their own: they need the component itself, or GitHub."""


@dataclass
class Done:
    """How a command ended, and what it printed."""

    code: int
    said: str


@dataclass
class Organisation:
    """Four accounts, and the repositories that are delivered to them.

    Attributes:
        server: What serves the accounts.
        folder: Where the repositories are, side by side.
        workers: Run commands, each those of one repository.
        variables: What commands find in their environment, whoever is signed in.
        said: What commands printed so far, the last one last.
    """

    server: Server
    folder: Path
    workers: Mapping[str, Worker]
    variables: Mapping[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def cloud(self) -> Cloud:
        """The accounts as they are now."""
        return self.server.cloud

    def begin(self, cloud: Cloud) -> None:
        """Go on with other accounts."""
        self.server.cloud = cloud
        cloud.agent, cloud.address = self._answer, self.server.address

    def environments(self, name: str) -> Mapping[str, Environment]:
        """Return the environments of a repository."""
        with chdir(self.folder / name):
            return environments()

    def place(self, name: str, env: str) -> AccountRegion:
        """Return the account and region of an environment of a repository."""
        environment = self.environments(name)[env]
        return self.cloud.at(str(environment.account), environment.region)

    def edit(self, name: str, file: str, changes: Mapping[str, Any]) -> None:
        """Change a YAML file of a repository, and commit it."""
        path = self.folder / name / file
        found = _merged(yaml.safe_load(path.read_text(encoding="utf-8")), changes)
        path.write_text(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), encoding="utf-8")
        self.commit(name, f"Change {file}")

    def commit(self, name: str, text: str) -> None:
        """Commit what has changed in a repository."""
        self.git(name, "add", "--all")
        self.git(name, "commit", "--quiet", "--allow-empty", "--message", text)

    def git(self, name: str, *arguments: str) -> str:
        """Run git in a repository and return what it prints."""
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
        home = self.folder / name
        return subprocess.run(
            [GIT, *who, *arguments], cwd=home, capture_output=True, text=True, check=True
        ).stdout.strip()

    def kit(self, name: str, *typed: str, keys: Mapping[str, str] | None = None, yes: str = "") -> Done:
        """Type a command in a repository.

        Args:
            name: The repository.
            typed: What is typed after `kit`.
            keys: Variables of who is signed in; none: nobody.
            yes: What a person types when the command asks; empty in the pipeline.
        """
        variables = {**self.variables, **shell(self.server.address, None, "a.b.c"), **(keys or {})}
        if yes:
            del variables["CI"]
        done = self.workers[name].run(typed, self.folder / name, variables, yes)
        self.said.append(f"{name}$ kit {' '.join(typed)}\n{done.stdout}{done.stderr}")
        return Done(done.returncode, done.stdout + done.stderr)

    def by_hand(self, name: str, command: str, env: str, *typed: str) -> Done:
        """Type a command as somebody who is an administrator of the environment's account."""
        account = str(self.environments(name)[env].account)
        keys = {key: value for key, value in shell("", account, "").items() if key.startswith("AWS_") and "KEY" in key}
        answer = env if command == "destroy" else name
        return self.kit(name, command, "--env", env, *typed, keys=keys, yes=answer)

    def must(self, name: str, command: str, env: str, *typed: str) -> str:
        """Type a command by hand that must succeed; return what it printed."""
        done = self.by_hand(name, command, env, *typed)
        assert done.code == 0, self.said[-1]
        return done.said

    def deliver(self, name: str) -> Done:
        """Run deliver.yml of a repository, each job signed in as GitHub's token lets it; stop at a failure."""
        keys: Mapping[str, str] | None = None
        job = ""
        with chdir(self.folder / name):
            listed = steps(self.folder / name / ".github" / "workflows" / "deliver.yml")
        for step in listed:
            keys, job = (keys, job) if step.job == job else (None, step.job)
            if step.command in NOT_HERE or step.only_with:
                continue
            if step.command == "gate":
                self._passes(name, step.env, keys or {})
                continue
            done = self.kit(name, *step.arguments, keys=keys)
            if done.code:
                return done
            if step.command == "identity":
                keys = self._signed_in(name, done.said, step)
        return Done(0, self.said[-1])

    def _passes(self, name: str, env: str, keys: Mapping[str, str]) -> None:
        """Mark the image as passed with the rights of the job, as the evaluation would that is not run here."""
        variables = {**self.variables, **shell(self.server.address, None, ""), **keys}
        with chdir(self.folder / name), mock.patch.dict(os.environ, variables, clear=True):
            context = open_context(env)
            if context.manifest.kind != "Memory":
                images.mark_passed(context, images.find(context))

    def approve(self) -> None:
        """Do what an approver of the registry does with what waits."""
        for place in list(self.cloud.places.values()):
            for record in place.service("agent-registry-control").records.values():
                if record.status == "PENDING_APPROVAL":
                    record.status, record.approved = "APPROVED", dict(record.draft)

    def _signed_in(self, name: str, printed: str, step: Step) -> dict[str, str]:
        role = re.search(r"^role=(.+)$", printed, re.MULTILINE)
        assert role, printed
        with chdir(self.folder / name):
            claims = {"sub": subject(step.environment), "aud": AUDIENCE}
        key = self.cloud.iam.assume_with_token(role[1], "delivery", claims)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "testing"}

    def _answer(self, image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as the component whose image it is; commands run in other processes, so this one may change folder."""
        name = image.partition("@")[0].rpartition("/")[2]
        fake = {TOOL: tool_fakes.answer, AGENT: agent_fakes.answer}[name]
        with _ANSWERING, chdir(self.folder / name):
            return fake(image, headers, body)


_ANSWERING = threading.Lock()


@contextmanager
def organisation(folder: Path) -> Iterator[Organisation]:
    """Generate the repositories, and serve four accounts in which there is nothing."""
    for name, kind in KIND.items():
        made = generate(folder / "made" / name, kind, name=name)
        shutil.move(made, folder / name)
    before = list(EXTENSIONS)
    EXTENSIONS[:] = [memories.extend, tool_fakes._with_functions]
    with ExitStack() as stack:
        stack.callback(EXTENSIONS.__setitem__, slice(None), before)
        stack.callback(sys.path.__setitem__, slice(None), list(sys.path))
        sys.path.insert(0, str(folder / TOOL / "src"))  # its tools answer in this process
        server = stack.enter_context(serving(Cloud()))
        variables = with_docker(folder / "bin", dict(os.environ))
        workers = {name: stack.enter_context(_worker_of(folder / name)) for name in KIND}
        made_here = Organisation(server, folder, workers, variables)
        made_here.begin(Cloud())
        for name in KIND:
            made_here.git(name, "init", "--quiet", "--initial-branch", "main")
            made_here.commit(name, "Generated")
        yield made_here


@contextmanager
def _worker_of(home: Path) -> Iterator[Worker]:
    """Start what runs the commands of a repository: some modules are another thing in each kind of repository."""
    with ExitStack() as stack:
        with chdir(home):
            made = stack.enter_context(worker())
        yield made


def _merged(known: Any, changes: Any) -> Any:
    if isinstance(known, dict) and isinstance(changes, Mapping):
        return {**known, **{name: _merged(known.get(name), value) for name, value in changes.items()}}
    return changes
