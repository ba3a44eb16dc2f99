"""Hold the conversations of the dataset with a memory, and compare what it kept with what it should have kept."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.evaluation.memory_dataset import Case, Session

EXTRACTION_SECONDS = float(os.environ.get("EXTRACTION_SECONDS") or 120)
"""How long AWS is given for each round of sessions. The local memory extracts as it writes."""

_CHANGES = {"contradiction": "newest", "correction": "newest", "forget": "forgotten", "personal data": "personalData"}
Result = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A memory: a client, its id and configuration, what extracts, and how long that takes."""

    client: Any
    memory_id: str
    spec: MemorySpec
    model: dict[str, Any]
    wait_seconds: float
    forget: Callable[[str], None]
    prefix: str = field(default_factory=lambda: f"eval-{uuid4().hex[:8]}-")


@contextmanager
def local(folder: Path) -> Iterator[Target]:
    """Serve a memory of its own in a folder, with the extractor that the environment file names."""
    import boto3

    from agentcore_kit.local.memory_server.server import build, serving
    from agentcore_kit.local.memory_server.settings import Settings

    settings = Settings.from_files()
    with serving(build(settings, folder, 0)) as server:
        client = boto3.client(
            "bedrock-agentcore", region_name=settings.region, endpoint_url=server.address,
            aws_access_key_id="evaluation", aws_secret_access_key="local",  # noqa: S106 - the local memory asks for none
        )  # fmt: skip
        chosen = settings.extractor
        rules = chosen.provider == "rules"
        model = {
            "provider": "offline" if rules else chosen.provider,
            "id": server.service.extractor.label,
            "label": None,
        }
        yield Target(client, settings.memory_id, settings.spec, model, 0.0, lambda _: None)


@contextmanager
def deployed(environment: str) -> Iterator[Target]:
    """Use the memory of an environment in AWS; every actor of the evaluation is forgotten in the end."""
    from agentcore_kit.delivery.context import open_context
    from agentcore_kit.delivery.errors import CommandError
    from agentcore_kit.delivery.memory.changes import deployed as deployed_memory
    from agentcore_kit.delivery.memory.forget import forget_actor
    from agentcore_kit.evaluation.runs import CannotRun

    try:
        place = open_context(environment)
        place.check_account()
        memory = deployed_memory(place)
    except CommandError as stop:
        raise CannotRun(f"{stop.message}; {stop.next_step}") from None
    client = place.client("bedrock-agentcore")

    def forget(actor: str) -> None:
        forget_actor(client, memory, actor)

    model = {"provider": "agentcore", "id": "the service's own", "label": None}
    yield Target(client, memory["id"], place.manifest.spec, model, EXTRACTION_SECONDS, forget)


def measure(cases: Sequence[Case], target: Target) -> Iterator[Result]:
    """Yield the result of each case. First sessions of all cases come before second ones, so AWS is waited for once."""
    turns: dict[str, list[Result]] = {case.scenario_id: [] for case in cases}
    failed: dict[str, str] = {}
    for number in range(max((len(case.sessions) for case in cases), default=0)):
        for case in cases:
            if number < len(case.sessions) and case.scenario_id not in failed:
                try:
                    turns[case.scenario_id] += _hold(case, case.sessions[number], target)
                except Exception as error:  # one case that cannot run is a result, not the end of the run
                    failed[case.scenario_id] = f"{type(error).__name__}: {error}"
        time.sleep(target.wait_seconds)
    for case in cases:
        began = perf_counter()
        try:
            kept = {} if case.scenario_id in failed else _kept(case, target)
        except Exception as error:
            failed[case.scenario_id] = f"{type(error).__name__}: {error}"
            kept = {}
        said = turns[case.scenario_id]
        seconds = perf_counter() - began + sum(turn["latencyMs"] for turn in said) / 1000
        yield _result(case, said, kept, failed.get(case.scenario_id), seconds, target)
        target.forget(_actor(case, target))


def _actor(case: Case, target: Target) -> str:
    return f"{target.prefix}{case.scenario_id}"


def _hold(case: Case, session: Session, target: Target) -> list[Result]:
    """Say everything of a session, one event a turn, and return how long each took."""
    done: list[Result] = []
    for turn in session.turns:
        began = perf_counter()
        target.client.create_event(
            memoryId=target.memory_id,
            actorId=_actor(case, target),
            sessionId=session.id,
            eventTimestamp=datetime.now(UTC) + timedelta(milliseconds=len(done)),
            payload=[{"conversational": {"role": turn.role, "content": {"text": turn.text}}}],
        )
        latency = (perf_counter() - began) * 1000
        done.append({
            "input": f"{turn.role.lower()}: {turn.text}" if turn.role != "USER" else turn.text, "answer": "",
            "calls": [], "expected": {"outcome": case.why, "calls": []}, "modelCalls": 0, "tokens": 0,
            "estimated": False, "latencyMs": round(latency, 3), "firstTokenMs": None, "stopReason": "end_turn",
            "inputTokens": 0, "outputTokens": 0,
        })  # fmt: skip
    return done


def _kept(case: Case, target: Target) -> dict[str, list[str]]:
    """Return the records of the case's actor, by strategy."""
    found: dict[str, list[str]] = {}
    for strategy in target.spec.strategies:
        place = strategy.namespace_template.partition("{actorId}")[0] + f"{_actor(case, target)}/"
        pages = target.client.get_paginator("list_memory_records").paginate(
            memoryId=target.memory_id, namespacePath=place
        )
        found[strategy.name] = [each["content"]["text"] for page in pages for each in page["memoryRecordSummaries"]]
    return found


def _result(
    case: Case, turns: list[Result], kept: dict[str, list[str]], error: str | None, seconds: float, target: Target
) -> Result:
    scores, reasons = ({}, {}) if error else _scores(case, kept, target.spec)
    if turns and not error:
        turns[-1]["answer"] = "\n".join(f"[{name}] {text}" for name, texts in kept.items() for text in texts)
    passed = "error" if error else "passed" if scores.get("complete") == 1 else "failed"
    return {
        "id": case.scenario_id, "category": case.group, "date": datetime.now(UTC).date().isoformat(), "tags": [],
        "status": passed, **({"error": error} if error else {}), "scores": scores, "reasons": reasons, "unjudged": {},
        "session": _actor(case, target), "seconds": round(seconds, 3), "turns": turns,
    }  # fmt: skip


def _scores(case: Case, kept: dict[str, list[str]], spec: MemorySpec) -> tuple[dict[str, float], dict[str, str]]:
    """Return the scores of a case, and why one is not the best."""
    scores: dict[str, float] = {}
    reasons: dict[str, str] = {}

    def put(metric: str, score: float, wrong: list[str], what: str) -> None:
        scores[metric] = score
        if wrong:
            reasons[metric] = f"{what}: {'; '.join(wrong)}"

    learned = [each.name for each in spec.strategies if each.kind in ("semantic", "userPreference")]
    records = [(name, readable(text)) for name in learned for text in kept[name]]
    wanted = [(name, words) for name in learned for words in case.expected.get(name, [])]
    missing = [(n, w) for n, w in wanted if not any(n == name and _says(text, w) for name, text in records)]
    more = [(n, t) for n, t in records if not any(n == name and _says(t, words) for name, words in wanted)]
    if wanted:
        put("recall", 1 - len(missing) / len(wanted), [f"{n}: {' + '.join(w)}" for n, w in missing], "not kept")
    if records:
        put("precision", 1 - len(more) / len(records), [f"{n}: {t}" for n, t in more], "kept, and not expected")
    for name in [each.name for each in spec.strategies if each.kind == "summary" and each.name in case.expected]:
        lists = case.expected[name]
        unsaid = [" + ".join(words) for words in lists if not any(_says(text, words) for text in kept[name])]
        put("summaries", 1 - len(unsaid) / len(lists), unsaid, "in no summary")
    if case.absent:
        # Summaries say what was asked, also what changed later; personal data may be nowhere.
        everywhere = case.group == "personal data"
        texts = [text for name in kept for text in kept[name]] if everywhere else [text for _, text in records]
        there = [each for each in case.absent if any(_says(text, [each]) for text in texts)]
        put(_CHANGES.get(case.group, "noise"), float(not there), there, "must not be kept")
    scores["complete"] = float(all(score == 1 for score in scores.values()))
    return scores, reasons


def readable(text: str) -> str:
    """Return what a record says: of a preference, which is JSON, the preference itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return str(found.get("preference", text)) if isinstance(found, dict) else text


def _says(text: str, words: list[str]) -> bool:
    return all(word.lower() in text.lower() for word in words)
