"""The four dimensions: they pass for any configuration and dataset, and each finds the faults that it is there for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.memory import policies
from agentcore_kit.local.memory_server import access, namespaces, service, store
from agentcore_kit.local.memory_server.extraction import rules
from agentcore_kit.local.memory_server.store import DAY, Event, Record, Store

DIMENSIONS = "agentcore_kit.testing.dimensions.memory"

STRATEGIES = [
    {"type": "custom", "base": "semantic", "name": "diets", "description": "What guests eat.", "model": "m",
     "prompts": {"extraction": "prompts/diets.md"}, "namespaceTemplate": "/guests/{memoryStrategyId}/{actorId}/"},
    {"type": "episodic", "name": "visits", "description": "Visits.", "recordExpiryDays": 40,
     "namespaceTemplate": "/visits/{actorId}/{sessionId}/"},
    {"type": "semantic", "name": "house", "description": "The house.", "namespaceTemplate": "/house/", "shared": True,
     "reason": "The same for every guest."},
    {"type": "selfManaged", "name": "bills", "description": "Bills.", "namespaceTemplate": "/bills/{actorId}/",
     "selfManaged": {"topicArn": "arn:aws:sns:eu-central-1:123456789012:memory", "bucket": "memory-payloads"}},
]  # fmt: skip
CONSUMERS = [
    {"name": "waiter", "read": ["events", "diets", "house"], "write": ["events"]},
    {"name": "kitchen", "read": ["visits"], "write": ["house", "bills"]},
]
TABLE = "When I say the usual table, I mean the one {}."
ROWS: list[tuple[Any, ...]] = [
    ("order", {"diets": [["oat milk"]]}, [], "Remember that oat milk is what I take in coffee."),
    (
        "contradiction",
        {"diets": [["at the window"]]},
        ["garden"],
        TABLE.format("in the garden"),
        TABLE.format("at the window"),
    ),
    ("stay", {"visits": [["which table"]]}, [], "Which table did I have in May?", "assistant: Table four."),
    (
        "house rules",
        {"house": [["kitchen", "ten"]], "diets": [["ten"]]},
        [],
        "Remember that the kitchen closes at ten.",
    ),
    ("personal data", {}, ["0170"], "Remember that 0170 1234567 is where I am."),
]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return a repository whose team replaced strategies, consumers and dataset: a memory of guests of a restaurant."""
    folder = tmp_path / "other"
    ignored = shutil.ignore_patterns(".venv", ".local", ".git", "results", "__pycache__", ".*_cache", "tests")
    shutil.copytree(repository_root(), folder, ignore=ignored)
    (folder / "tests").mkdir()
    (folder / "prompts").mkdir()
    (folder / "prompts" / "diets.md").write_text(
        "What a guest eats and drinks, and where they sit.\n", encoding="utf-8"
    )
    path = folder / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    manifest["spec"] = {"eventExpiryDays": 30, "strategies": STRATEGIES, "consumers": CONSUMERS}
    path.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    rows = []
    for number, (group, expected, absent, *texts) in enumerate(ROWS):
        turns = [{"role": "ASSISTANT" if "assistant: " in text else "USER", "text": text.removeprefix("assistant: ")}
                 for text in texts]  # fmt: skip
        rows.append({
            "scenario_id": f"row-{number}", "group": group, "why": "of another domain", "expected": expected,
            "absent": absent, "sessions": [{"id": "s1", "turns": turns}],
        })  # fmt: skip
    thresholds = folder / "evals" / "thresholds.yaml"
    limits = yaml.safe_load(thresholds.read_text(encoding="utf-8"))
    limits["offline"]["latencyP95"]["max"] = 5000  # the machine may be busy with other things
    thresholds.write_text(yaml.safe_dump(limits), encoding="utf-8")
    dataset = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "evals" / "dataset.jsonl").write_text(dataset, encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python in a repository."""
    return subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_all_commands_work_for_another_configuration_and_dataset(other: Path) -> None:
    for command in ("manifest", "dataset", "render", "eval"):
        done = run(other, "agentcore_kit", command)
        assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    page = (other / ".local" / "configuration.md").read_text(encoding="utf-8")
    assert "shared: The same for every guest." in page
    done = run(other, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "[diets]" not in done.stdout
    assert " skipped" not in done.stdout


class Failures:
    """A plugin that notes which tests failed."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.passed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one."""
        if report.failed:
            self.names.append(report.nodeid.rpartition("::")[2])
        self.passed += report.passed and report.when == "call"


def failures(*arguments: str) -> Failures:
    """Run tests in this process, so that what was patched holds for them."""
    found = Failures()
    pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments], plugins=[found])
    return found


def dimension(name: str, test: str) -> Failures:
    """Run one test of a dimension, for each strategy of the manifest that it is about."""
    return failures("-k", test, "--pyargs", f"{DIMENSIONS}.test_{name}")


Fault = Callable[[pytest.MonkeyPatch], None]


def events_never_expire(patch: pytest.MonkeyPatch) -> None:
    known = Store.events
    patch.setattr(Store, "events", lambda self, actor, session, _, **more: known(self, actor, session, 0, **more))


def records_never_expire(patch: pytest.MonkeyPatch) -> None:
    known = Store.records
    patch.setattr(Store, "records", lambda self, path, _, **more: known(self, path, 0, **more))


def records_expire_early(patch: pytest.MonkeyPatch) -> None:
    known = Store.put_record

    def put(store: Store, record: Record) -> None:
        record.expires = record.created + DAY
        known(store, record)

    patch.setattr(Store, "put_record", put)


def nothing_is_stored(patch: pytest.MonkeyPatch) -> None:
    known = Store.__init__
    patch.setattr(Store, "__init__", lambda self, _: known(self, ":memory:"))


def what_is_deleted_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "delete_event", lambda *_: None)


def all_actors_share(patch: pytest.MonkeyPatch) -> None:
    known = namespaces.resolve
    patch.setattr(service, "resolve", lambda template, _, *more: known(template, "everybody", *more))


def all_actors_share_one_path(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service, "as_path", lambda text: f"/{text.split('/')[1]}/")


def a_path_reaches_whatever_begins_with_it(patch: pytest.MonkeyPatch) -> None:
    known = Store.records
    patch.setattr(service, "as_path", lambda text: f"/{text.strip('/')}/")
    patch.setattr(store, "_range", lambda path: [path.rstrip("/"), f"{path.rstrip('/')}~"])
    patch.setattr(Store, "records", known)


def all_sessions_share(patch: pytest.MonkeyPatch) -> None:
    known = namespaces.resolve
    patch.setattr(service, "resolve", lambda template, actor, _, key: known(template, actor, "s1", key))


def events_of_all_actors(patch: pytest.MonkeyPatch) -> None:
    known = Store._events

    def events(store: Store, where: str, *values: object) -> list[Event]:
        return known(store, where.replace("actor = ?", "(actor = ? OR 1)"), *values)

    patch.setattr(Store, "_events", events)


def events_of_all_sessions(patch: pytest.MonkeyPatch) -> None:
    known = Store._events

    def events(store: Store, where: str, *values: object) -> list[Event]:
        return known(store, where.replace("session = ?", "(session = ? OR 1)"), *values)

    patch.setattr(Store, "_events", events)


def consumers_may_do_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(access, "allowed", lambda *_: True)


def consumers_may_write_what_they_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(policies, "READ_RECORDS", (*policies.READ_RECORDS, *policies.WRITE_RECORDS))


def a_search_finds_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "search", lambda *_, **__: [])


def a_search_ranks_the_worst_first(patch: pytest.MonkeyPatch) -> None:
    known = Store.search
    patch.setattr(Store, "search", lambda *given, **more: known(*given, **more)[::-1])


def personal_data_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "is_personal", lambda _: False)


def the_older_statement_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "about", lambda *_: None)


def nothing_is_learned(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules.Rules, "extract", lambda *_: [])


@pytest.mark.parametrize(
    ("name", "test", "fault"),
    [
        ("persistence", "survives_a_restart", nothing_is_stored),
        ("persistence", "events_are_there_until_they_expire", events_never_expire),
        ("persistence", "records_are_there_until_they_expire", records_never_expire),
        ("persistence", "records_are_there_until_they_expire", records_expire_early),
        ("persistence", "what_was_deleted_stays_deleted", what_is_deleted_stays),
        ("persistence", "who_is_forgotten", what_is_deleted_stays),
        ("isolation", "reaches_what_another_said", events_of_all_actors),
        ("isolation", "sessions_of_an_actor_are_kept_apart", events_of_all_sessions),
        ("isolation", "reaches_what_was_learned_of_another", all_actors_share_one_path),
        ("isolation", "a_path_reaches_whole_parts_only", a_path_reaches_whatever_begins_with_it),
        ("isolation", "records_of_a_session_are_kept_apart", all_sessions_share),
        ("isolation", "no_consumer_reaches_all_actors_at_once", consumers_may_do_anything),
        ("isolation", "every_consumer_may_do_what_the_manifest_says", consumers_may_write_what_they_read),
        ("retrieval", "a_later_session_finds", a_search_finds_nothing),
        ("retrieval", "a_later_session_finds", all_actors_share),
        ("retrieval", "a_later_session_finds", a_search_ranks_the_worst_first),
        ("retrieval", "nobody_else_finds_it", all_actors_share_one_path),
        ("extraction", "personal_data_is_never_kept", personal_data_is_kept),
        ("extraction", "meet_their_thresholds", the_older_statement_wins),
        ("extraction", "meet_their_thresholds", nothing_is_learned),
    ],
)
def test_each_dimension_finds_its_faults(monkeypatch: pytest.MonkeyPatch, name: str, test: str, fault: Fault) -> None:
    fault(monkeypatch)
    found = dimension(name, test)
    assert found.names, f"{found.passed} passed"


def test_no_promise_is_broken_unseen(tmp_path: Path) -> None:
    shutil.copytree(repository_root() / "tests", tmp_path / "tests")
    text = (repository_root() / "manifest.yaml").read_text(encoding="utf-8")
    changes = {"eventExpiryDays: 90": "eventExpiryDays: 30", "/facts/{actorId}/": "/known/{actorId}/",
               "read: [summaries]": "read: [summaries, facts]"}  # fmt: skip
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "manifest.yaml").write_text(text, encoding="utf-8")
    done = run(tmp_path, "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "tests/test_promises.py")
    assert "3 failed" in done.stdout, done.stdout
