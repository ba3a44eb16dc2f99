"""The delivery of what AgentCore Runtime serves, failures included: a real component, an emulated AWS."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.aws_emulator.world import environments
from agentcore_kit.local.rehearsal.component import Responder, fakes
from agentcore_kit.local.rehearsal.stage import Stage, Step, scene, stage, steps


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


def live(it: Stage, env: str) -> str | None:
    """Return the version that callers of an environment get, as the service has it."""
    environment = environments()[env]
    runtimes = list(it.cloud.at(str(environment.account), environment.region).runtimes.runtimes.values())
    endpoint = runtimes[0].endpoints.get(names.LIVE) if runtimes else None
    return endpoint.live if endpoint else None


def rehearse() -> None:
    """Run all scenes. Raises AssertionError when one does not end as it should."""
    first, *later = load_manifest().delivery.production
    print("deliver.yml: " + " → ".join(f"{step.job}:{step.command}" for step in steps()))
    with stage() as it:
        listener = Listener(it)
        it.cloud.agent = listener.answer
        scene("1. A first release goes from build to production")
        it.commit("The first release")
        assert it.deliver()
        it.approve_record()
        assert [live(it, name) for name in (first, *later)] == ["1"] * (1 + len(later))

        scene("2. A worse version (wrong answers) is stopped by its evaluation: production is untouched")
        bad = it.commit("A change that makes answers wrong")
        it.cloud.agent = worse(it.component.answer, bad, listener.asked_by_the_gate())
        assert not it.deliver()
        it.cloud.agent = it.component.answer
        assert it.rows[-1].endswith((" dimensions FAIL", " gate FAIL")), it.rows[-1]
        assert live(it, first) == "1"

        scene("3. What passed pre-production fails its smoke test in production: the version before is put back")
        broken = it.commit("A change that production does not bear")

        def breaks(step: Step) -> None:
            if step.env == first and step.command == "deploy":
                it.cloud.broken_images.add(broken)

        assert not it.deliver(breaks)
        assert it.rows[-1].endswith(" promote FAIL"), it.rows[-1]
        assert [live(it, name) for name in (first, *later)] == ["1"] * (1 + len(later))

        scene("4. A good release, and a rollback by hand: no build, the last good version")
        it.commit("A good release")
        assert it.deliver()
        assert live(it, first) == "3"
        assert [live(it, name) for name in later] == ["2"] * len(later), "one less: scene 3 did not reach them"
        assert "## Evaluation" in it.said["notes"], "compared with the release before"
        for name in (first, *later):
            assert it.kit("rollback", env=name)
            assert live(it, name) == "1"
            assert it.kit("status", env=name)
        it.summarise()
