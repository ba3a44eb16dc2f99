"""What takes callers back by itself, and what must not: odd samples, alarms that are repeated or of something else."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from agentcore_kit.delivery import names
from agentcore_kit.local.rehearsal.scene import AGENT, TOOL, scene
from agentcore_kit.local.rehearsal.scenes.common import (
    component,
    edit,
    moved_earlier,
    now,
    production,
    release,
    runtime,
)
from agentcore_kit.local.rehearsal.stage import Stage


def alarm(it: Stage, env: str, **changes: Any) -> str:
    """Write the event of an alarm, as GitHub gives it to the rollback workflow; return the file's path."""
    environment = it.environments[env]
    payload = {
        "environment": env,
        "alarm": f"{names.snake(component(), env)}-errors",
        "state": "ALARM",
        "at": now(),
        "region": environment.region,
        "account": str(environment.account),
        **changes,
    }
    path = it.home.parent / "event.json"
    path.write_text(json.dumps({"action": "alarm", "client_payload": payload}), encoding="utf-8")
    return str(path)


def judged(it: Stage, env: str, scores: list[float]) -> None:
    """Let online evaluation have judged sessions of what is live, some minutes ago."""
    found, evaluator = runtime(it, env), it.environments[env].online_evaluation.evaluators[0]  # type: ignore[attr-defined]
    at = int((datetime.now(UTC) - timedelta(minutes=5)).timestamp() * 1000)
    events = it.at(env).logs.events.setdefault(f"/agentops/evaluations/{found.id}", [])
    for number, score in enumerate(scores):
        about = {
            "gen_ai.evaluation.name": evaluator,
            "gen_ai.evaluation.score.value": score,
            "session.id": f"session-{number}",
        }
        events.append((at, json.dumps({"attributes": about})))


@scene(
    "alarms",
    "An alarm takes callers back once; repeated, late or solved it moves nothing",
    AGENT,
    TOOL,
)
def alarms(it: Stage) -> None:
    """Let alarms ask for a rollback, after two releases."""
    first = production()[0]
    release(it, "A second version", first)
    release(it, "A third version", first)
    time.sleep(1)
    for changes in (
        {"state": "OK"},
        {"environment": "preprod"},
        {"alarm": f"{names.snake(component(), first)}-throttles"},
        {"at": now(-timedelta(hours=3))},
    ):
        it.must("rollback", "--alarm", alarm(it, first, **changes), env=first, job="rollback")
        assert it.live(first) == "3", f"an alarm moves live that must not: {changes}"
    it.must("rollback", "--alarm", alarm(it, first), env=first, job="rollback")
    assert it.live(first) == "2", "an alarm soon after a promotion takes callers back"
    time.sleep(1)
    it.must("rollback", "--alarm", alarm(it, first), env=first, job="rollback")
    assert it.live(first) == "2", "a repeated alarm walks production back"
    it.must("status", env=first)
    it.must("rollback", env=first)
    assert it.live(first) == "1", "a person goes on"


@scene("good-for-weeks", "A version that has been good for weeks is not left for an alarm", AGENT, TOOL)
def good_for_weeks(it: Stage) -> None:
    """Let an alarm ask for a rollback of a version that was promoted a month ago."""
    first = production()[0]
    release(it, "A second version", first)
    moved_earlier(it, first, timedelta(days=30))
    it.must("rollback", "--alarm", alarm(it, first), env=first, job="rollback")
    assert it.live(first) == "2", "callers are taken from a version that was good for weeks"


@scene("odd-sample", "One odd sample moves nobody; scores that are too low by more than chance do, once", AGENT)
def odd_sample(it: Stage) -> None:
    """Let online evaluation judge sessions, and the scheduled job look at them."""
    first = production()[0]
    edit(it.home / "manifest.yaml", {"spec": {"rollbackOnDrift": True}})
    release(it, "A second version", first)
    release(it, "A third version", first)
    moved_earlier(it, first, timedelta(hours=3))
    judged(it, first, [0.0])
    it.must("monitor", env=first, job="monitor")
    assert it.live(first) == "3", "one odd sample moves live"
    judged(it, first, [0.1, 0.2, 0.0, 0.1] * 10)
    it.refused("monitor", env=first, job="monitor")
    assert it.live(first) == "2", "scores that are far too low take callers back"
    moved_earlier(it, first, timedelta(hours=3))
    it.refused("monitor", env=first, job="monitor")
    assert it.live(first) == "2", "no second step without a person"
