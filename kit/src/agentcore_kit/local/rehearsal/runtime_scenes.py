"""`kit rehearse`: the deliver workflow on this machine, failures included: a real component, a stand-in for AWS."""

from __future__ import annotations

import time

from agentcore_kit.delivery import names
from agentcore_kit.local.aws_emulator.world import environments
from agentcore_kit.local.rehearsal.agent_fakes import worse
from agentcore_kit.local.rehearsal.stage import Stage, Step, scene, stage, steps


def live(it: Stage, env: str) -> str | None:
    """Return the version that callers of an environment get, as the service has it."""
    environment = environments()[env]
    runtimes = list(it.cloud.at(str(environment.account), environment.region).runtimes.runtimes.values())
    endpoint = runtimes[0].endpoints.get(names.LIVE) if runtimes else None
    return endpoint.live if endpoint else None


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
        assert live(it, "prod") == "1"

        scene("2. A worse version (wrong figures) is stopped by its evaluation: production is untouched")
        bad = it.commit("A change that makes figures wrong")
        it.cloud.agent = worse(agent, bad)
        assert not it.deliver()
        it.cloud.agent = agent
        assert it.rows[-1] == "preprod gate FAIL"
        assert live(it, "prod") == "1"

        scene("3. What passed pre-production fails its smoke test in production: the version before is put back")
        broken = it.commit("A change that production does not bear")

        def breaks(step: Step) -> None:
            if step.job == "prod":
                it.cloud.broken_images.add(broken)

        assert not it.deliver(breaks)
        assert it.rows[-1] == "prod promote FAIL"
        assert live(it, "prod") == "1"

        scene("4. A good release, and a rollback by hand: no build, the last good version")
        it.commit("A good release")
        assert it.deliver()
        newest = live(it, "prod")
        assert newest == "3"
        assert "## Evaluation" in it.said["notes"], "compared with the release before"
        assert it.type(Step("by hand", "rollback", "prod", {}))
        assert live(it, "prod") == "1"
        assert it.type(Step("by hand", "status", "prod", {}))
        seconds = time.monotonic() - it.began
    print(f"\nrehearsed in {seconds:.0f} s: {len(it.rows)} verbs, {len(it.cloud.calls)} calls, none left this machine")


if __name__ == "__main__":
    rehearse()
