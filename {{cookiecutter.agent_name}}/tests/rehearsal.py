"""`make rehearse`: the deliver workflow on this machine, failures included, with a real agent and a stand-in for AWS.

The verbs and their order are read from .github/workflows/deliver.yml, and typed as the workflow types them: `make VERB`
in a copy of this repository with commits of its own, signed in to the account of the step's environment.
"""

from __future__ import annotations

import json
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

import httpx
import yaml

from ops.delivery import names
from ops.document import ROOT
from tests.client import Client, local_agent
from tests.standin.cloud import Answer, Cloud
from tests.standin.docker import digest_of
from tests.standin.server import serving
from tests.standin.world import environments, prepared, shell, with_docker

WORKFLOW = ROOT / ".github" / "workflows" / "deliver.yml"
DATE = "2026-11-16"
"""The date of the local agent, which stands still."""

Agent = Callable[[str, Mapping[str, str], bytes], Answer]

MAKE, GIT = (shutil.which(name) or name for name in ("make", "git"))

_PREPARING = {"setup", "identity"}
_FIGURE = re.compile(r"\d[\d,.]*\d|\d")


@dataclass(frozen=True)
class Step:
    """A verb that the workflow types: in which job and environment, with which variables."""

    job: str
    verb: str
    env: str
    variables: Mapping[str, str]
    approval: str | None = None


def steps(workflow: Path = WORKFLOW) -> list[Step]:
    """Return the verbs of the workflow, in the order in which its jobs need each other."""
    jobs: dict[str, Any] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for name in _in_order(jobs) for step in _of_job(name, jobs[name])]


def _in_order(jobs: Mapping[str, Any]) -> list[str]:
    done: list[str] = []
    while len(done) < len(jobs):
        done += [name for name, job in jobs.items() if name not in done and {*_many(job.get("needs"))} <= {*done}]
    return done


def _many(needs: Any) -> list[str]:
    return needs if isinstance(needs, list) else [needs] if needs else []


def _of_job(name: str, job: Mapping[str, Any]) -> Iterator[Step]:
    approval = job.get("environment")
    for step in job["steps"]:
        verb = re.match(r"make ([a-z-]+)", step.get("run", ""))
        if verb and verb[1] not in _PREPARING:
            variables = {key: str(value) for key, value in step.get("env", {}).items()}
            yield Step(name, verb[1], job["env"]["ENV"], variables, approval)


@dataclass
class Stage:
    """A copy of the repository, the stand-in, and what happened so far."""

    cloud: Cloud
    home: Path
    address: str
    token: str
    began: float = field(default_factory=time.monotonic)
    rows: list[str] = field(default_factory=list)

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
        signed_in = shell(self.address, account, self.token) | {"ENV": step.env, "DATE": DATE, **step.variables}
        variables = with_docker(self.home.parent / "bin", os.environ | signed_in)
        started = time.monotonic()
        done = subprocess.run(
            [MAKE, "--no-print-directory", step.verb, f"PY={sys.executable}", "READY="],
            cwd=self.home, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self._show(step, done, time.monotonic() - started)
        return done.returncode == 0

    def deliver(self, before: Callable[[Step], None] = lambda _: None) -> bool:
        """Run the workflow until a step fails; return whether none did."""
        for step in steps():
            before(step)
            if not self.type(step):
                print(f"{'':8}stopped here; what the workflow had after it did not run")
                return False
        return True

    def live(self, env: str) -> str | None:
        """Return the version that callers of an environment get, as the service has it."""
        environment = environments()[env]
        runtimes = list(self.cloud.at(str(environment.account), environment.region).runtimes.runtimes.values())
        endpoint = runtimes[0].endpoints.get(names.LIVE) if runtimes else None
        return endpoint.live if endpoint else None

    def approve_record(self) -> None:
        """Do what an approver of the organisation's registry does."""
        shared = environments()["prod"]
        registry = self.cloud.at(str(shared.shared_account), shared.region).service("agent-registry-control")
        for record in registry.records.values():
            if record.status == "PENDING_APPROVAL":
                record.status, record.approved = "APPROVED", dict(record.draft)

    def _show(self, step: Step, done: subprocess.CompletedProcess[str], seconds: float) -> None:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        last = next((line for line in reversed(said) if line.startswith("= ")), said[-1] if said else "")
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
        home = folder / ROOT.name
        ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, home, ignore=ignored)
        agent_home = folder / "agent"
        shutil.copytree(home, agent_home)
        agent = stack.enter_context(local_agent(agent_home))
        cloud = Cloud()
        cloud.agent = forward(agent)
        prepared(cloud)
        address = stack.enter_context(serving(cloud)).address
        _allow_fewer_rows(home / "evals" / "thresholds.yaml")
        made = Stage(cloud, home, address, agent.token)
        made._git("init", "--quiet")
        yield made


def _allow_fewer_rows(thresholds: Path) -> None:
    """Loosen the offline ratchet: it is exact for all rows asked in process, and not all can be asked behind a network.

    Latency is loosened more: what is rehearsed is the machinery, on a machine that may be busy with other things.
    """
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    for metric, limit in limits["offline"].items():
        if "min" in limit:
            limit["min"] = round(limit["min"] * 0.9, 3)
        elif "latency" in metric.lower():
            limit["max"] *= 10
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")


def forward(agent: Client) -> Agent:
    """Return what stands for a container: the real agent."""

    def answer(_: str, headers: Mapping[str, str], body: bytes) -> Answer:
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        reply = httpx.post(agent.url, content=body, headers=kept, timeout=60)
        return reply.status_code, reply.headers.get("content-type", "application/json"), reply.content, {}

    return answer


def distorting(agent: Agent, digest: str) -> Agent:
    """Return the same agent, except that one image has wrong figures wherever EMEA is not what was asked for.

    The tests ask for EMEA, so they pass: it takes the evaluation to find this.
    """

    def answer(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        status, kind, content, more = agent(image, headers, body)
        fine = b"EMEA" in body or b"all regions" in body or "json" not in kind
        if image.rpartition("@")[2] == digest and status == 200 and not fine:
            said = json.loads(content)
            content = json.dumps({**said, "answer": _FIGURE.sub("987.6", said["answer"])}).encode()
        return status, kind, content, more

    return answer


def scene(title: str) -> None:
    """Announce what follows."""
    print(f"\n--- {title}", flush=True)


def rehearse() -> None:
    """Run all scenes. Raises AssertionError when one does not end as it should."""
    order = " → ".join(f"{step.job}:{step.verb}" for step in steps())
    print(f"deliver.yml: {order}")
    with stage() as it:
        agent = it.cloud.agent
        assert agent is not None
        scene("1. A first release goes from build to production")
        it.commit("The first release")
        assert it.deliver()
        it.approve_record()
        assert it.live("prod") == "1"

        scene("2. A worse agent (wrong figures) is stopped by its evaluation: production is untouched")
        worse = it.commit("A change that makes figures wrong")
        it.cloud.agent = distorting(agent, worse)
        assert not it.deliver()
        it.cloud.agent = agent
        assert it.rows[-1] == "preprod gate FAIL"
        assert it.live("prod") == "1"

        scene("3. What passed pre-production fails its smoke test in production: the version before is put back")
        broken = it.commit("A change that production does not bear")

        def breaks(step: Step) -> None:
            if step.job == "prod":
                it.cloud.broken_images.add(broken)

        assert not it.deliver(breaks)
        assert it.rows[-1] == "prod promote FAIL"
        assert it.live("prod") == "1"

        scene("4. A good release, and a rollback by hand: no build, the last good version")
        it.commit("A good release")
        assert it.deliver()
        newest = it.live("prod")
        assert newest == "3"
        assert it.type(Step("by hand", "rollback", "prod", {}))
        assert it.live("prod") == "1"
        assert it.type(Step("by hand", "status", "prod", {}))
        seconds = time.monotonic() - it.began
    print(f"\nrehearsed in {seconds:.0f} s: {len(it.rows)} verbs, {len(it.cloud.calls)} calls, none left this machine")


if __name__ == "__main__":
    rehearse()
