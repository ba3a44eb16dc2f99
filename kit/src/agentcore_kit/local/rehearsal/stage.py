"""The copy of the repository, the emulated AWS, and the commands that are run there as the pipeline or a person would.

Commands are processes of their own, in a copy of this repository with commits of its own. Those of the workflow are
signed in as its jobs are: to the role that the job's `kit identity` names. A person is an administrator of the
environment's account; one who works on a platform sits at a terminal, as some of it is done by people only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery import images, names
from agentcore_kit.delivery.contract import PLATFORM
from agentcore_kit.local.aws_emulator.cloud import AccountRegion, Answer, Cloud
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.aws_emulator.server import Server, serving
from agentcore_kit.local.aws_emulator.world import environments, prepared, shell, with_docker
from agentcore_kit.local.rehearsal.callers import Callers, Got, answered, live_of, place_of, summary
from agentcore_kit.local.rehearsal.component import Component, Responder, fakes
from agentcore_kit.local.rehearsal.reader import Told, untrue
from agentcore_kit.local.rehearsal.saved import Saved, copied, save
from agentcore_kit.local.rehearsal.signing_in import signed_in
from agentcore_kit.local.rehearsal.timeline import show
from agentcore_kit.local.rehearsal.worker import Worker, worker
from agentcore_kit.local.rehearsal.workflow import Step, steps

GIT = shutil.which("git") or "git"

WHO_COMMITS = {"user.name": "rehearsal", "user.email": "rehearsal@example.com", "commit.gpgsign": "false"}
"""Settings of the rehearsed repository: a machine need not know who its user is, and the user's key signs nothing."""

BY_HAND = "by hand"
"""The job of what a person types."""

RESULTS, BEFORE = "evals/results", ".local/before"
"""Where evaluations are, and where the workflow puts that of the delivery before."""

_OF_GITHUB = ("GITHUB_ACTIONS", "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_EVENT_PATH")


@dataclass
class Stage:
    """A copy of the repository, the emulated AWS, and what happened so far.

    Attributes:
        server: What serves the emulated AWS.
        home: The copy of the repository.
        component: What answers where a container would run.
        worker: What runs commands.
        callers: Who asks what is live while commands run.
        variables: What commands find in their environment besides.
        refusal_expected: Whether the next command that does not succeed is to be refused, as the scene has it.
        errors_expected: Why callers may get errors in this scene, and of which version; None where they may not.
        rows: Job, command, and ok, refused or FAIL of each step so far.
        said: What each command printed last, standard output and standard error together.
        wrong: What was wrong so far: a line that is not so, or that no sentence knows; an error that callers got.
        running: The command that runs at the moment.
        answer: What a person types when a command of a platform asks; empty for what it asks for.
        commands: How many commands were run, calls of the emulated AWS not counted.
    """

    server: Server
    home: Path
    component: Component
    worker: Worker
    callers: Callers
    variables: dict[str, str] = field(default_factory=dict)
    refusal_expected: bool = False
    errors_expected: tuple[str, str] | None = None
    rows: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    running: str = ""
    answer: str = ""
    commands: int = 0
    began: float = field(default_factory=time.monotonic)
    _signed_in: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began

    @property
    def cloud(self) -> Cloud:
        """The emulated AWS as it is now."""
        return self.server.cloud

    def at(self, env: str) -> AccountRegion:
        """Return the account and region of an environment."""
        return place_of(self.cloud, self.environments[env])

    @property
    def environments(self) -> Mapping[str, Environment]:
        """The environments of the repository in the order in which a version reaches them."""
        return self.callers.environments

    def live(self, env: str, endpoint: str = "live") -> str | None:
        """Return the version that callers of an environment get, as the service has it."""
        return live_of(self.at(env), endpoint)

    def serve(self, component: Responder) -> None:
        """Let something else answer behind the emulated AWS; callers of the rehearsal are answered at once."""

        def answer(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
            return answered(headers) or component(image, headers, body)

        self.cloud.agent = answer

    def begin_anew(self) -> None:
        """Let the accounts have what the platform makes in them, and nothing of this repository."""
        self.server.cloud = Cloud(address=self.server.address)
        if repository_kind() != PLATFORM:
            prepared(self.cloud)
        self.serve(self.component.answer)

    def restore(self, saved: Saved) -> None:
        """Go back to a moment: the emulated AWS and the repository are what they were then."""
        self.server.cloud = copied(saved.cloud)
        self.serve(self.component.answer)
        shutil.rmtree(self.home)
        shutil.copytree(saved.home, self.home, symlinks=True)
        self.callers.environments = environments()
        self.variables, self.errors_expected, self.answer = {}, None, ""
        self.wrong, self._signed_in = [], {}

    def save(self, folder: Path) -> Saved:
        """Save this moment, to go back to."""
        return save(self.cloud, self.home, folder)

    # What a team does

    def commit(self, text: str) -> str:
        """Make a commit and return the digest that its image will have."""
        (self.home / "CHANGES.md").write_text(f"{text}\n", encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", text)
        return digest_of(self.git("rev-parse", "HEAD"))

    def ready(self, text: str) -> str:
        """Make a commit whose image has been built and has passed pre-production, without running that.

        Returns:
            The digest of the image.
        """
        digest = self.commit(text)
        revision, tag = self.git("rev-parse", "HEAD"), self.passed_tag(digest)
        for environment in self.environments.values():
            registry = self.cloud.at(str(environment.shared_account), environment.region).images
            for repository in registry.repositories:
                registry.push(repository, digest, revision)
                registry.push(repository, digest, tag)
        return digest

    def passed_tag(self, digest: str) -> str:
        """Return the tag of an image that has passed pre-production with the repository's dataset."""
        with chdir(self.home):
            return names.passed_tag(images.dataset_version(), digest)

    def git(self, *arguments: str) -> str:
        """Run git in the repository and return what it prints."""
        done = subprocess.run([GIT, *arguments], cwd=self.home, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def kit(self, *arguments: str, env: str = "", job: str = BY_HAND) -> bool:
        """Run a command as somebody who is signed in to an environment, by hand; return whether it succeeded."""
        return self.run(Step(job, (*arguments, *(["--env", env] if env else [])), env))

    def must(self, *arguments: str, env: str = "", job: str = BY_HAND) -> str:
        """Run a command by hand that must succeed; return what it printed."""
        assert self.kit(*arguments, env=env, job=job), f"kit {' '.join(arguments)} of {env or 'this repository'} failed"
        return self.said[arguments[0]]

    def refused(self, *arguments: str, env: str = "", job: str = BY_HAND, because: str = "") -> str:
        """Run a command by hand that must not succeed.

        Args:
            arguments: What is typed.
            env: The environment.
            job: Who types it.
            because: What it must say.

        Returns:
            What it printed.
        """
        typed = f"kit {' '.join(arguments)} --env {env}"
        self.refusal_expected = True
        assert not self.kit(*arguments, env=env, job=job), f"{typed} should have been refused"
        said = self.said[arguments[0]]
        assert because in said, f"{typed} was refused, but does not say {because!r}: {said}"
        return said

    # What the pipeline does

    def deliver(self, before: Callable[[Step], None] = lambda _: None, without: Collection[str] = ()) -> bool:
        """Run the workflow until a step fails; return whether none did. Its evaluation is kept for the next one.

        Args:
            before: Called before each step.
            without: Commands that are left out.
        """
        shutil.rmtree(self.home / RESULTS, ignore_errors=True)
        for step in self.steps():
            before(step)
            if step.command in without or (step.only_with and not any(self.home.glob(step.only_with))):
                continue
            if not self.run(step):
                print(f"{'':8}stopped here; what the workflow had after it did not run")
                return False
        if (self.home / RESULTS).is_dir():
            shutil.copytree(self.home / RESULTS, self.home / BEFORE, dirs_exist_ok=True)
        return True

    def steps(self, *jobs: str, workflow: str = "deliver") -> list[Step]:
        """Return the commands of a workflow; with names of jobs only theirs, one of a matrix without its value."""
        found = steps(self.home / ".github" / "workflows" / f"{workflow}.yml")
        return [step for step in found if not jobs or step.job.partition(" ")[0] in jobs]

    def job(self, name: str, without: Collection[str] = ()) -> bool:
        """Run one job of the workflow, as "re-run failed jobs" does; return whether none of its steps failed."""
        return all(self.run(step) for step in self.steps(name) if step.command not in without and not step.only_with)

    def run(self, step: Step) -> bool:
        """Run a step, show it in the timeline, and return if it succeeded.

        What it prints is compared with what is so, and what callers got meanwhile with what they may get: `wrong`.
        """
        before, got, calls = self._snapshot(), Counter(self.callers.got), len(self.cloud.calls)
        started, self.running = time.monotonic(), step.command
        with self.callers.asking(self.cloud, self.server.address):
            done = self._process(step)
        self.running = ""
        if step.command == "identity" and done.returncode == 0:
            self._signed_in = {step.job: signed_in(self.cloud, done.stdout, step)}
        self.said[step.command] = done.stdout + done.stderr
        self.rows.append(show(step, done, self.seconds, time.monotonic() - started, is_expected=self.refusal_expected))
        self.refusal_expected &= done.returncode == 0
        self.commands += 1
        environment = self.environments.get(step.env)
        told = Told(
            step.command, step.arguments, environment, done.returncode, before, self.cloud, self.environments,
            self.cloud.calls[calls:],
        )  # fmt: skip
        found = [*untrue(done.stdout + done.stderr, told), *self._errors(Counter(self.callers.got) - got, step)]
        for line in found:
            print(f"{'':15}WRONG: {line}", flush=True)
        self.wrong += found
        return done.returncode == 0

    def _process(self, step: Step) -> subprocess.CompletedProcess[str]:
        known = self._signed_in.get(step.job)
        account = None
        if step.env and known is None:
            environment = self.environments[step.env]
            account = environment.shared_account if step.shared else environment.account
        variables = {name: value for name, value in os.environ.items() if name not in _OF_GITHUB}
        variables |= shell(self.server.address, account, self.component.token) | (known or {})
        variables = with_docker(self.home.parent / "bin", {**variables, **self.component.variables, **self.variables})
        more = self.component.options.get(step.command, ())
        typed = self._typed(step)
        if typed:
            del variables["CI"]
        return self.worker.run([*step.arguments, *more], self.home, variables, typed)

    def _typed(self, step: Step) -> str:
        """Return what a person types when a command asks; empty where everything runs as in the pipeline."""
        if repository_kind() != PLATFORM or step.job != BY_HAND:
            return ""
        return self.answer or (step.env if step.command == "destroy" else load_manifest().metadata.name)

    def _snapshot(self) -> Cloud:
        with self.server.lock:
            return copied(self.cloud)

    def _errors(self, got: Mapping[Got, int], step: Step) -> list[str]:
        """Return the errors that callers got while a command ran, but for those that are expected."""
        why, version = self.errors_expected or ("", "")
        wrong = {one: count for one, count in got.items() if one.failed and not (why and one.version == version)}
        return [f"during kit {' '.join(step.arguments)}, {line}" for line in summary(wrong)]


@contextmanager
def stage(*, real: bool) -> Iterator[Stage]:
    """Set everything up: a copy of the repository, what answers for the component, the emulated AWS in front of it.

    Args:
        real: Start the component itself. Without it requests of smoke tests are answered as they should be, in this
            process.
    """
    kind = fakes()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        home = folder / repository_root().name
        ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache")
        shutil.copytree(repository_root(), home, ignore=ignored)
        component = Component(kind.answer, "a.b.c")
        if real:
            served = folder / "served"
            shutil.copytree(home, served)
            component = stack.enter_context(kind.real(served))
        server = stack.enter_context(serving(Cloud()))
        kind.loosen(home)
        made = Stage(server, home, component, stack.enter_context(worker()), Callers(environments(), component.token))
        made.begin_anew()
        made.git("init", "--quiet", "--initial-branch", "main")
        for setting, value in WHO_COMMITS.items():
            made.git("config", setting, value)
        yield made


def approve_record(it: Stage) -> None:
    """Do what an approver of the organisation's registry does."""
    for place in list(it.cloud.places.values()):
        for record in place.service("agent-registry-control").records.values():
            if record.status == "PENDING_APPROVAL":
                record.status, record.approved = "APPROVED", dict(record.draft)
