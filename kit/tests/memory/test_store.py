"""The store: nothing in it grows with use, a damaged file loses no row that can be read, deleted texts are gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pytest

from agentcore_kit.delivery.memory.forget import forget_actor
from agentcore_kit.local.memory_server.repair import StoreInUse, sound
from agentcore_kit.local.memory_server.store import Event, Record, Store
from agentcore_kit.testing.dimensions.memory.targets import Memory, local
from tests.memory.configuration import SPEC

NOW = 1_790_000_000.0
LATER = NOW + 86_400
PEOPLE = 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "memory.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with closing(Store(file)) as found:
        yield found


def record(number: int, text: str) -> Record:
    return Record(f"mem-{number}", "facts", f"/facts/actor{number % PEOPLE}/", text, NOW, NOW + number)


def event(number: int, text: str) -> Event:
    said = [{"conversational": {"role": "USER", "content": {"text": text}}}]
    return Event(f"{number:019d}#0a", f"actor{number % PEOPLE}", "s1", NOW + number, said)


def fill(store: Store, count: int) -> None:
    with store.transaction():
        for number in range(count):
            store.add_event(event(number, f"I'm working on the p{number} project."), LATER)
            store.put_record(record(number, f"Works on the p{number} project"))


def damage(file: Path, name: str) -> None:
    """Overwrite all pages of a table or an index by hand, as a failing disk would."""
    with closing(sqlite3.connect(file)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute("PRAGMA wal_checkpoint (TRUNCATE)")
        pages = [row[0] for row in db.execute("SELECT pageno FROM dbstat WHERE name = ?", (name,))]
    with file.open("r+b") as data:
        for page in pages:
            data.seek((page - 1) * size)
            data.write(b"\xff" * size)


def test_ten_thousand_replacing_transactions_leave_the_store_as_it_was(store: Store, file: Path) -> None:
    """In a full store; neither a transaction's time nor the file grows with those before it."""
    fill(store, 2_000)
    took: list[float] = []
    sizes: list[int] = []
    for turn in range(10):
        began = perf_counter()
        for number in range(1_000):
            store.put_record(record(number % 40, f"Works on the q{turn * 1_000 + number} project"))
        took.append(perf_counter() - began)
        sizes.append(file.stat().st_size)
    assert min(took[-3:]) < 2 * min(took[:3]), took
    assert sizes[-1] <= sizes[0] * 1.1, sizes
    assert store.search("q9999", "/facts/actor19/", NOW, 1, below=True)[0].text == "Works on the q9999 project"
    assert sound(file)


def test_deleted_and_replaced_texts_are_in_no_file(store: Store, file: Path) -> None:
    """Also where a table was rearranged: texts that grew, and rows that went from between others."""
    fill(store, 3_000)
    with store.transaction():
        for number in range(0, 3_000, 7):
            store.put_record(record(number, f"Works on the p{number} project " + "secret " * (number % 60)))
    with store.transaction():
        for number in range(0, 3_000, 7):
            store.put_record(record(number, "Works"))
        for number in range(0, 3_000, PEOPLE):  # everything of actor0
            store.delete_event(event(number, "").id)
            store.delete_record(f"mem-{number}")
    store.wipe()
    kept = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"actor1" in kept
    assert b"the p1 project" in kept
    assert b"secret" not in kept
    left = [number for number in range(0, 3_000, PEOPLE) if f"the p{number} project".encode() in kept]
    assert not left
    assert b"actor0" not in kept


def test_what_is_deleted_costs_the_same_after_many(store: Store) -> None:
    fill(store, 4_000)
    took: list[float] = []
    for start in range(0, 4_000, 500):
        began = perf_counter()
        for number in range(start, start + 500):
            store.delete_record(f"mem-{number}")
        took.append(perf_counter() - began)
    assert min(took[-2:]) < 2 * min(took[:2]), took


INDEXES = ["events_of", "events_end", "records_in", "records_about", "sqlite_autoindex_events_1",
           "sqlite_autoindex_events_2", "sqlite_autoindex_records_1"]  # fmt: skip


@pytest.mark.parametrize("index", INDEXES)
def test_a_broken_index_is_written_anew_at_the_start(store: Store, file: Path, index: str) -> None:
    fill(store, 1_000)
    store.close()
    damage(file, index)
    assert not sound(file)
    with closing(Store(file)) as again:
        assert sound(file)
        assert len(again.events("actor3", "s1", NOW)) == 1_000 / PEOPLE
        assert len(again.records("/facts/", NOW, below=True)) == 1_000
        assert "p603" in again.search("p603", "/facts/actor3/", NOW, 1, below=True)[0].text
    assert [each.name for each in file.parent.iterdir()] == [file.name], "nothing was lost, so nothing is kept beside"


@pytest.mark.parametrize("change", ["DELETE FROM {} WHERE seq % 3 = 0", "UPDATE {} SET at = at + 1"])
def test_an_index_that_only_says_something_else_is_found_too(store: Store, file: Path, change: str) -> None:
    """The table is changed while SQLite does not know of its indexes: whole pages, and they disagree."""
    fill(store, 900)
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        kept = db.execute("SELECT * FROM sqlite_schema WHERE type = 'index'").fetchall()
        db.execute("PRAGMA writable_schema = ON")
        db.execute("DELETE FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite%'")
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for table in ("events", "records"):
            db.execute(change.format(table))
        db.execute("PRAGMA writable_schema = ON")
        for row in kept:
            if not row[1].startswith("sqlite"):
                db.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", row)
    assert not sound(file)
    with closing(Store(file)) as again:
        assert sound(file)
        left = 600 if change.startswith("DELETE") else 900
        assert len(again.records("/facts/", NOW, below=True)) == left


@pytest.mark.parametrize("index", INDEXES)
def test_an_index_that_breaks_while_serving_takes_no_call_along(tmp_path: Path, index: str) -> None:
    with local(tmp_path, SPEC) as memory:
        assert memory.server
        for number in range(60):
            memory.say(f"actor{number % 3}", f"s{number}", f"I'm working on the p{number} project.")
        db = memory.server.service.store._db
        db.execute("PRAGMA shrink_memory")
        damage(tmp_path / "memory.sqlite", index)
        memory.say("actor1", "s100", "I'm working on the p100 project.")
        assert len(memory.events("actor1", "s1")) == 1
        assert "p100" in memory.search("p100", "/facts/actor1/")[0]["content"]["text"]
        forget_actor(memory.client(), memory.described(), "actor1")
        assert memory.records("/facts/actor1/") == {}
        assert len(memory.client().list_sessions(memoryId=memory.memory_id, actorId="actor2")["sessionSummaries"]) == 20
        memory.restart()
        assert len(memory.records("/summaries/actor2/")) == 20
        assert sound(tmp_path / "memory.sqlite")
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"actor2" in kept
        assert b"actor1" not in kept


def test_a_damaged_table_keeps_its_other_rows_and_the_file(
    store: Store, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store, 2_000)
    store.close()
    with closing(sqlite3.connect(file)) as db:
        pages = [row[0] for row in db.execute("SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf'")]
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as data:
        data.seek((pages[len(pages) // 2] - 1) * size)
        data.write(b"\xff" * size)
    before = file.read_bytes()
    with closing(Store(file)) as again:
        assert len(again.records("/facts/", NOW, below=True)) >= 2_000 * (1 - 2 / len(pages))
        assert sum(len(again.events(f"actor{number}", "s1", NOW)) for number in range(PEOPLE)) == 2_000
    kept = file.with_name(f"{file.name}.damaged")
    assert kept.read_bytes() == before
    assert str(kept) in capsys.readouterr().err


def test_a_file_that_is_no_store_is_kept_beside_a_new_one(file: Path) -> None:
    file.write_bytes(b"no store at all " * 1000)
    with closing(Store(file)) as store:
        store.put_record(record(1, "Works"))
        assert len(store.records("/", NOW, below=True)) == 1
    assert file.with_name(f"{file.name}.damaged").read_bytes().startswith(b"no store")


def test_a_store_of_an_earlier_release_is_taken_over_without_its_index(store: Store, file: Path) -> None:
    """With the full-text index that it had, in the state in which no write succeeded any more."""
    fill(store, 300)
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("CREATE VIRTUAL TABLE words USING fts5 (scope, body, tokenize = 'porter unicode61')")
        db.execute("INSERT INTO words (rowid, scope, body) SELECT seq, 'p', text || ' forgottenword' FROM records")
        db.execute("UPDATE words_data SET block = zeroblob (9000) WHERE id = 10")
        with pytest.raises(sqlite3.DatabaseError):
            db.execute("DELETE FROM words WHERE rowid = 1")
    with closing(Store(file)) as again:
        assert len(again.records("/facts/", NOW, below=True)) == 300
        assert "p41" in again.search("p41", "/facts/actor1/", NOW, 1, below=True)[0].text
        assert again.delete_record("mem-41")
    assert b"forgottenword" not in file.read_bytes()


def test_a_file_that_somebody_else_has_open_is_not_replaced(store: Store, file: Path) -> None:
    fill(store, 100)
    store.events("actor1", "s1", NOW)
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE words (body TEXT)")
        other.execute("INSERT INTO words VALUES ('x')")
        other.commit()
        before = file.stat().st_ino
        with pytest.raises(StoreInUse):
            Store(file)
    assert file.stat().st_ino == before
    assert len(store.events("actor1", "s1", NOW)) == 5


def test_a_killed_repair_is_begun_anew(store: Store, file: Path) -> None:
    fill(store, 100)
    store.close()
    damage(file, "records_in")
    file.with_name(f"{file.name}.new").write_bytes(b"half of a repair")
    with closing(Store(file)) as again:
        assert len(again.records("/facts/", NOW, below=True)) == 100


def test_pages_of_a_session_read_no_more_than_they_show(memory: Memory) -> None:
    """The time to write to a session, and to list a page of it, does not grow with it."""
    assert memory.server
    service = memory.server.service
    times: dict[int, list[float]] = {}
    for size in (100, 3_000):
        with service.store.transaction():
            for number in range(size):
                one = event(number, f"Line {number}. " + "x" * 200)
                one.id, one.actor, one.session = f"{number:019d}#{size:x}", "a", f"s{size}"
                service.store.add_event(one, service.clock() + 86_400)
        where = {"actorId": "a", "sessionId": f"s{size}"}
        said = [{"conversational": {"role": "ASSISTANT", "content": {"text": "Yes."}}}]
        for turn in range(9):
            began = perf_counter()
            service.create_event({**where, "eventTimestamp": NOW + 10_000 + turn, "payload": said})
            service.list_events({**where, "maxResults": 5})
            service.list_sessions({"actorId": "b"})
            times.setdefault(size, []).append(perf_counter() - began)
    assert min(times[3_000]) < 4 * min(times[100]), times
