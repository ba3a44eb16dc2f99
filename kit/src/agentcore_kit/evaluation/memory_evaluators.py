"""Hold the conversations of the dataset with a memory, and compare what it kept with what it should have kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.delivery.memory.forget import actor_paths, forget_actor
from agentcore_kit.delivery.memory.state import namespace_template
from agentcore_kit.evaluation.memory_dataset import PERSONAL_DATA, Case, Session
from agentcore_kit.evaluation.results import CaseResult

_CHANGES = {"contradiction": "newest", "correction": "newest", "forget": "forgotten", PERSONAL_DATA: "personalData"}
"""What the metric of `absent` is called, by group; of every other group it is noise."""

_LEARNED = ("semantic", "userPreference")
"""The kinds of strategies whose records are each expected, so that any other one is one too many."""

Turn = dict[str, Any]
"""One of the turns of a CaseResult."""


@dataclass(frozen=True)
class Target:
    """A memory under evaluation."""

    client: Any
    """Of the data plane."""
    memory: Mapping[str, Any]
    """As GetMemory describes it."""
    spec: MemorySpec
    model: dict[str, Any]
    """What extracts: its `provider` and `id`."""
    wait_seconds: float
    """How long extraction may take after each round of conversations."""
    forgets: bool
    """Whether the actors of the evaluation are forgotten afterwards."""
    prefix: str = field(default_factory=lambda: f"eval-{uuid4().hex[:8]}-")
    """What the ids of its actors begin with."""


@contextmanager
def local(folder: Path) -> Iterator[Target]:
    """Serve a memory of its own in a folder, with the extractor that environments/local.yaml names."""
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
        provider = "offline" if chosen.provider == "rules" else chosen.provider
        model = {"provider": provider, "id": server.service.extractor.label, "label": None}
        yield Target(client, server.service.get_memory({})["memory"], settings.spec, model, 0.0, forgets=False)


@contextmanager
def deployed(environment: str) -> Iterator[Target]:
    """Use the memory of an environment in AWS; every actor of the evaluation is forgotten in the end.

    Raises:
        CannotRun: When it cannot be reached, or nothing is deployed.
    """
    from agentcore_kit.delivery.context import open_context
    from agentcore_kit.delivery.errors import CommandError
    from agentcore_kit.delivery.memory.changes import deployed as deployed_memory
    from agentcore_kit.evaluation.runs import CannotRun

    try:
        context = open_context(environment)
        context.check_account()
        memory = deployed_memory(context)
    except CommandError as error:
        raise CannotRun(f"{error.message}; {error.next_step}") from None
    model = {"provider": "agentcore", "id": "the service's own", "label": None}
    client, seconds = context.client("bedrock-agentcore"), context.environment.extraction_seconds
    yield Target(client, memory, context.manifest.spec, model, seconds, forgets=True)


def measure(cases: Sequence[Case], target: Target) -> Iterator[CaseResult]:
    """Yield the result of each case. First sessions of all cases come before second ones, so AWS is waited for once."""
    turns: dict[str, list[Turn]] = {case.scenario_id: [] for case in cases}
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
        if target.forgets:
            forget_actor(target.client, target.memory, _actor(case, target))


def _actor(case: Case, target: Target) -> str:
    return f"{target.prefix}{case.scenario_id}"


def _hold(case: Case, session: Session, target: Target) -> list[Turn]:
    """Say everything of a session, one event a turn, and return how long each took."""
    done: list[Turn] = []
    for turn in session.turns:
        began = perf_counter()
        target.client.create_event(
            memoryId=target.memory["id"],
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
    """Return the records of the case's actor, by strategy; of one that actors share, those of all of them."""
    paths = {
        strategy["name"]: namespace_template(strategy).replace("{memoryStrategyId}", strategy["strategyId"])
        for strategy in target.memory["strategies"]
    }
    paths = {name: path.partition("{")[0] for name, path in paths.items()} | actor_paths(
        target.memory, _actor(case, target)
    )
    found: dict[str, list[str]] = {}
    for name in [each.name for each in target.spec.strategies if each.name in paths]:
        pages = target.client.get_paginator("list_memory_records").paginate(
            memoryId=target.memory["id"], namespacePath=paths[name]
        )
        found[name] = [each["content"]["text"] for page in pages for each in page["memoryRecordSummaries"]]
    return found


def _result(
    case: Case, turns: list[Turn], kept: dict[str, list[str]], error: str | None, seconds: float, target: Target
) -> CaseResult:
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

    learned = [each.name for each in spec.strategies if each.kind in _LEARNED]
    own = [each.name for each in spec.strategies if each.kind in _LEARNED and not each.shared]
    told = [
        each.name for each in spec.strategies if each.kind in ("summary", "episodic") and case.expected.get(each.name)
    ]
    records = {name: [readable(text) for text in texts] for name, texts in kept.items()}

    def missing(names: Sequence[str]) -> list[str]:
        wanted = [(name, words) for name in names for words in case.expected.get(name, [])]
        return [f"{n}: {' + '.join(w)}" for n, w in wanted if not any(_says(text, w) for text in records.get(n, []))]

    for metric, names, what in (("recall", learned, "not kept"), ("summaries", told, "in no summary")):
        if count := sum(len(case.expected.get(name, [])) for name in names):
            put(metric, 1 - len(missing(names)) / count, missing(names), what)
    mine = [(name, text) for name in own for text in records.get(name, [])]
    more = [(n, t) for n, t in mine if not any(_says(t, words) for words in case.expected.get(n, []))]
    if mine:
        put("precision", 1 - len(more) / len(mine), [f"{n}: {t}" for n, t in more], "kept, and not expected")
    if case.absent:
        # Summaries say what was asked, also what changed later; personal data may be nowhere.
        everywhere = [text for texts in records.values() for text in texts]
        texts = everywhere if case.group == PERSONAL_DATA else [text for _, text in mine]
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
