"""The files of spans: several processes write at once, the files stay small, and every line stays whole."""

from __future__ import annotations

import errno
import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from opentelemetry.sdk.trace import TracerProvider

from agentcore_kit.local.spans import read_traces
from agentcore_kit.runtime import span_file, telemetry
from agentcore_kit.runtime.settings import Settings

WRITER = """
import json, sys
from pathlib import Path
from agentcore_kit.runtime import span_file
span_file.MAX_BYTES = 20_000
name, path = sys.argv[1], Path(sys.argv[2])
for number in range(60):
    span_file.append(path, [json.dumps({"of": name, "number": number, "text": "x" * 300})] * 3)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the newest file."""
    return tmp_path / "traces" / "spans.jsonl"


def test_processes_that_write_at_once_tear_no_line_and_lose_none_of_the_newest(path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(name), str(path)]) for name in range(4)]
    while any(writer.poll() is None for writer in writers):
        span_file.read(path)  # as kit trace does meanwhile
    assert [writer.returncode for writer in writers] == [0] * 4
    files = list(path.parent.iterdir())
    assert len(files) == span_file.FILES, "written until the oldest were deleted"
    assert max(file.stat().st_size for file in files) <= 20_000
    lines = [json.loads(line) for line in span_file.read(path)]
    assert all(len(line["text"]) == 300 for line in lines)
    assert len(lines) > 200
    for name in {line["of"] for line in lines}:
        numbers = [line["number"] for line in lines if line["of"] == name]
        assert numbers == sorted(numbers), "the oldest first"
        assert set(numbers) == set(range(numbers[0], 60)), "none between is lost"


def provider_of(settings: Settings) -> TracerProvider:
    provider = TracerProvider()
    telemetry._export_to_file(provider, settings)
    return provider


def names(settings: Settings) -> list[str]:
    traces = read_traces(settings.state / telemetry.SPAN_FILE)
    return [root.name for roots in traces.values() for root in roots]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with state in a folder of the test's own."""
    return replace(Settings.from_files(), state=tmp_path / "state")


def test_one_process_rotates_and_the_other_goes_on_in_the_newest_file(settings: Settings) -> None:
    first, second = provider_of(settings), provider_of(settings)
    written = []
    with patch.object(span_file, "MAX_BYTES", 4_000):
        for number in range(8):
            for which, provider in (("first", first), ("second", second)):
                provider.get_tracer("t").start_span(f"{which} {number}").end()
                provider.force_flush()
                written.append(f"{which} {number}")
    first.shutdown()
    second.shutdown()
    assert len(list((settings.state / "traces").iterdir())) > 1, "it was rotated"
    assert names(settings) == written


@pytest.mark.parametrize("end", ['{"name": "cut of', '{"name": "cut off"}'])
def test_a_line_that_a_killed_process_cut_off_spoils_no_other(path: Path, end: str) -> None:
    path.parent.mkdir()
    path.write_text('{"a": 1}\n' + end)
    span_file.append(path, ['{"b": 2}', '{"c": 3}'])
    assert span_file.read(path) == ['{"a": 1}', end, '{"b": 2}', '{"c": 3}']


def test_a_span_larger_than_a_file_is_kept_alone(path: Path) -> None:
    with patch.object(span_file, "MAX_BYTES", 100):
        span_file.append(path, ["a" * 10, "b" * 200, "c" * 10])
    assert [len(line) for line in span_file.read(path)] == [10, 200, 10]


def test_what_cannot_be_encoded_is_no_failure(path: Path) -> None:
    span_file.append(path, ["half \ud83d"])
    assert span_file.read(path) == ["half ?"]


def test_a_full_disk_is_told_once_and_ends_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    provider = provider_of(settings)
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch.object(span_file, "append", side_effect=full), caplog.at_level(logging.WARNING):
        for number in range(3):
            provider.get_tracer("t").start_span(str(number)).end()
            provider.force_flush()
    provider.get_tracer("t").start_span("there is room again").end()
    provider.shutdown()
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["No space left on device"]
    assert names(settings) == ["there is room again"]


def modes(folder: Path) -> dict[str, str]:
    return {str(each.relative_to(folder)): oct(each.stat().st_mode & 0o777) for each in folder.rglob("*")}


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize("older", [False, True])
def test_spans_are_the_owners_alone(settings: Settings, older: bool) -> None:
    traces = settings.state / "traces"
    if older:
        traces.mkdir(parents=True, mode=0o755)
        settings.state.chmod(0o755)
        for name in ("spans.jsonl", "spans.1.jsonl"):
            (traces / name).write_text("")
            (traces / name).chmod(0o644)
    provider = provider_of(settings)
    provider.get_tracer("t").start_span("a").end()
    provider.shutdown()
    assert oct(settings.state.stat().st_mode & 0o777) == "0o700"
    assert oct(traces.stat().st_mode & 0o777) == "0o700"
    assert modes(traces)["spans.jsonl"] == "0o600"
