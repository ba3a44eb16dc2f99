"""A request to the local memory is part of its caller's trace, and `kit trace` shows it there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest

from agentcore_kit.local.spans import read_traces
from agentcore_kit.local.traces import trace

TRACE, PARENT, SESSION = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "a-session-of-thirty-three-characters"
SPANS = Path(".local/traces/spans.jsonl")


@pytest.mark.integration
def test_a_request_belongs_to_the_trace_and_session_of_its_caller() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "agentcore_kit", "dev", "--port", str(port)], env={**os.environ})
    try:
        _wait(f"http://127.0.0.1:{port}/ping", server)
        client = boto3.client(
            "bedrock-agentcore", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="local", aws_secret_access_key="local",
        )  # fmt: skip
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": f"session.id={SESSION}"}
        client.meta.events.register("before-sign", lambda request, **_: _add(request.headers, headers))
        memory = f"{Path.cwd().name.replace('-', '_')}-localstore"
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.list_actors(memoryId="another-0123456789")
        client.list_actors(memoryId=memory)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(120) == 0
    found = [json.loads(line) for line in SPANS.read_text().splitlines()]
    ours = [span for span in found if span["context"]["trace_id"].endswith(TRACE)]
    assert [span["name"] for span in ours] == ["ListActors", "ListActors"]
    assert [span["status"]["status_code"] for span in ours] == ["ERROR", "UNSET"]
    for span in ours:
        assert span["parent_id"].endswith(PARENT)
        assert span["attributes"]["session.id"] == SESSION


def _recorded(folder: Path, *names: str) -> dict[str, Path]:
    """Record a span in each of two repositories, the second within the first; return the files by their names."""
    moment = "2026-11-27T12:00:0{}.000000Z"
    files = {}
    for number, (name, parent) in enumerate(zip(names, (None, "0x0000000000000000"), strict=True)):
        files[name] = folder / name / SPANS
        files[name].parent.mkdir(parents=True)
        span: dict[str, Any] = {
            "name": name, "parent_id": parent, "start_time": moment.format(number), "end_time": moment.format(number),
            "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{number:016x}"},
            "status": {"status_code": "UNSET"}, "attributes": {}, "events": [],
        }  # fmt: skip
        files[name].write_text(json.dumps(span) + "\n")
    return files


def test_spans_of_several_repositories_become_one_tree(tmp_path: Path) -> None:
    ((root,),) = read_traces(_recorded(tmp_path, "agent", "memory")).values()
    assert (root.name, root.source) == ("agent", "agent")
    assert [(span.name, span.source) for span in root.children] == [("memory", "memory")]


def test_repositories_of_one_name_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _recorded(tmp_path, "one/market", "other/market")
    monkeypatch.chdir(tmp_path / "one/market")
    monkeypatch.setattr("agentcore_kit.runtime.settings.STATE", Path(".local"))
    trace(also=[Path("../../other/market")])
    said = "".join(capsys.readouterr().out.split())
    assert f"{tmp_path}/one/market" in said
    assert f"{tmp_path}/other/market" in said


def _add(to: Any, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        to[name] = value


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            urlopen(url).close()  # noqa: S310 - a server on this machine
            return
        except OSError:
            assert server.poll() is None, "the server ended"
            time.sleep(0.05)
