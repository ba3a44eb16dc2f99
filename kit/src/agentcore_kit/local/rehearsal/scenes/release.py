"""Releases of what AgentCore Runtime serves: a good one, a worse one, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import Responder, fakes
from agentcore_kit.local.rehearsal.scene import AGENT, TOOL, scene
from agentcore_kit.local.rehearsal.scenes.common import production
from agentcore_kit.local.rehearsal.stage import Stage, approve_record
from agentcore_kit.local.rehearsal.workflow import Step


@dataclass
class Listener:
    """Passes requests on to the component, and notes which command of the delivery asks what."""

    stage: Stage
    asked: dict[str, set[str]] = field(default_factory=dict)

    def answer(self, image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request."""
        self.asked.setdefault(self.stage.running, set()).add(fakes().question(body))
        return self.stage.component.answer(image, headers, body)

    def asked_by_the_gate(self) -> Set[str]:
        """Return what the evaluation asks, if possible without what smoke test and test dimensions ask before it."""
        of_gate = self.asked["gate"] - {""}
        before = self.asked.get("smoke", set()) | self.asked.get("dimensions", set())
        return (of_gate - before) or (of_gate - self.asked.get("smoke", set())) or of_gate


LISTENER: dict[int, Listener] = {}
"""What was heard in the first release, by the identity of its stage."""


def worse(component: Responder, digest: str, questions: Set[str]) -> Responder:
    """Return the same component, except that one image answers some questions wrongly.

    Args:
        component: What answers rightly.
        digest: The image, `sha256:…`.
        questions: What is answered wrongly.
    """

    def answer(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        status, kind, content, more = component(image, headers, body)
        if image.rpartition("@")[2] == digest and status == 200 and "json" in kind:
            content = fakes().distorted(content) if fakes().question(body) in questions else content
        return status, kind, content, more

    return answer


def first_release(it: Stage) -> None:
    """Bring a first release from build to production, with everything that the workflow runs."""
    listener = LISTENER[id(it)] = Listener(it)
    it.serve(listener.answer)
    it.commit("The first release")
    assert it.deliver(), "the first release does not reach production"
    approve_record(it)
    assert [it.live(name) for name in production()] == ["1"] * len(production())
    if repository_kind() == AGENT:  # the gate has left an evaluation, whose tokens tell what live will cost
        it.must("plan", "--requests-per-day", "1000", env=production()[0])


def first_release_without_tests(it: Stage) -> None:
    """Bring a first release to production without the tests of pre-production and the evaluation, which take long."""
    deliver_without_tests(it)
    assert [it.live(name) for name in production()] == ["1"] * len(production())


def deliver_without_tests(it: Stage) -> None:
    """Run the workflow of a first release, but for what takes long; its image counts as having passed."""
    digest = it.commit("The first release")
    left_out = ("environments", "dimensions", "gate", "compare", "notes", "status", "github-check")

    def passes(step: Step) -> None:
        if step.command == "promote":
            for environment in it.environments.values():
                images = it.cloud.at(str(environment.shared_account), environment.region).images
                for repository, known in images.repositories.items():
                    if digest in known:
                        images.push(repository, digest, it.passed_tag(digest))

    assert it.deliver(passes, without=left_out), "the first release does not reach production"
    approve_record(it)


@scene("worse-version", "A worse version (wrong answers) is stopped by its evaluation", AGENT, TOOL, real=True)
def worse_version(it: Stage) -> None:
    """Deliver a version that answers some questions of the evaluation wrongly: production is untouched."""
    bad = it.commit("A change that makes answers wrong")
    it.serve(worse(it.component.answer, bad, LISTENER[id(it)].asked_by_the_gate()))
    it.refusal_expected = True
    assert not it.deliver(), "a worse version reaches production"
    assert it.rows[-1].endswith((" dimensions refused", " gate refused")), it.rows[-1]
    assert it.live(production()[0]) == "1"


@scene("rollback", "A good release, and a rollback by hand: no build, the last good version", AGENT, TOOL, real=True)
def rollback(it: Stage) -> None:
    """Deliver a second release with everything that the workflow runs, and go back from it."""
    it.commit("A good release")
    assert it.deliver(), "a good release does not reach production"
    assert [it.live(name) for name in production()] == ["2"] * len(production())
    assert "## Evaluation" in it.said["notes"], "compared with the release before"
    builds = [row for row in it.rows if " build " in row]
    for name in production():
        it.must("rollback", env=name)
        assert it.live(name) == "1"
        it.must("status", env=name)
    assert builds == [row for row in it.rows if " build " in row]
