"""`kit rehearse`: the deliver workflow on this machine, failures included, with memories in the stand-in for AWS."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from agentcore_kit.local.aws_emulator.world import environments
from agentcore_kit.local.rehearsal.stage import Stage, scene, stage, steps


def memory(it: Stage, env: str) -> dict[str, Any]:
    """Return the memory of an environment as the service has it; empty when there is none."""
    environment = environments()[env]
    context = it.cloud.at(str(environment.account), environment.region)
    return next(iter(context.service("bedrock-agentcore-control").memories.values()), {})


def change(it: Stage, old: str, new: str, text: str) -> None:
    """Change the manifest, render what follows from it, and commit."""
    path = it.home / "manifest.yaml"
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ops", "render"], cwd=it.home, check=True, capture_output=True)
    it.commit(text)


def rehearse() -> None:
    """Run all scenes. Raises AssertionError when one does not end as it should."""
    print("deliver.yml: " + " → ".join(f"{step.job}:{step.command}" for step in steps()))
    with stage() as it:
        scene("1. A first configuration goes through pre-production and its tests to production")
        it.commit("The first configuration")
        assert it.deliver()
        it.approve_record()
        assert memory(it, "prod")["eventExpiryDuration"] == 90

        scene("2. A change that would lose what people said is stopped before anything happens")
        change(it, "eventExpiryDays: 90", "eventExpiryDays: 30", "Keep conversations for a month")
        assert not it.deliver()
        assert it.rows[-1] == "preprod deploy FAIL"
        assert memory(it, "preprod")["eventExpiryDuration"] == 90

        scene("3. A change that loses nothing and learns the wrong things is stopped by the tests")
        change(it, "eventExpiryDays: 30", "eventExpiryDays: 90", "Keep conversations for 90 days again")
        change(it, "- type: semantic", "- type: userPreference", "Facts are preferences, are they not?")
        assert not it.deliver()
        assert it.rows[-1] == "preprod retrieval FAIL"
        assert memory(it, "prod")["strategies"][0]["type"] == "SEMANTIC"
        change(it, "- type: userPreference\n      name: facts", "- type: semantic\n      name: facts", "They are not")

        scene("4. A good change, and the configuration before it brought back by hand; what was learned stays")
        change(it, "wants figures and answers", "wants figures, answers and reports", "Preferences on reports too")
        assert it.deliver()
        assert "reports" in memory(it, "prod")["strategies"][1]["description"]
        assert it.kit("rollback", env="prod")
        assert "reports" not in memory(it, "prod")["strategies"][1]["description"]

        scene("5. Somebody changes production by hand: the scheduled job says so")
        change(it, "wants figures, answers and reports", "wants figures and answers", "As production has it")
        assert it.kit("drift", env="prod", job="monitor")
        memory(it, "prod")["strategies"][0]["namespaceTemplates"] = ["/everybody/"]
        assert not it.kit("drift", env="prod", job="monitor")
        assert it.kit("status", env="prod")
        seconds = time.monotonic() - it.began
    print(f"\nrehearsed in {seconds:.0f} s: {len(it.rows)} commands, {len(it.cloud.calls)} calls, none left this machine")


if __name__ == "__main__":
    rehearse()
