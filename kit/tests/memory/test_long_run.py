"""Many writers for long, a process that is killed meanwhile, and a person who is forgotten in the end.

MEMORY_MESSAGES=25000 makes it the long run, whose figures are printed with -s.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from agentcore_kit.delivery.memory.forget import forget_actor
from agentcore_kit.local.memory_server.repair import sound
from agentcore_kit.local.memory_server.settings import Settings
from tests.usage import usage_of

MESSAGES = int(os.environ.get("MEMORY_MESSAGES", "600"))
WRITERS = 20
FORGOTTEN = "quentin7"
SERVER = """
import sys
from pathlib import Path
from agentcore_kit.local.memory_server.server import build
from agentcore_kit.local.memory_server.settings import Settings
build(Settings.from_files(), Path(sys.argv[1]), int(sys.argv[2])).serve_forever()
"""
SAID = [
    "I'm working on the {who} project.", "I prefer figures in euros, says {who}.", "Show me the revenue of {who}{n}.",
    "When I say term{t}, I mean thing {n} of {who}.", "Forget what I said about term{t}.", "I no longer prefer euros.",
    "The deadline for {who} pack {t} is {t} March.", "Remember that {who} closes at {t}.",
]  # fmt: skip


class Server:
    """The server in a process of its own, which can be killed and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.process: subprocess.Popen[bytes] = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen([sys.executable, "-c", SERVER, str(self.folder), str(self.port)])
        while True:
            assert self.process.poll() is None, "the server has ended"
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self.process
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as the system does: at once, whatever it is doing."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self) -> Any:
        """Return a client that tries nothing again by itself."""
        return boto3.client(
            "bedrock-agentcore", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id="owner", aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}, max_pool_connections=1),
        )  # fmt: skip

    def uses(self) -> tuple[int, int]:
        """Return its memory in KiB, and how many files and sockets it has open."""
        used = usage_of(self.process.pid)
        return used.memory, used.descriptors


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    try:
        yield found
    finally:
        found.kill()


def test_nothing_is_lost_and_nothing_left_of_who_is_forgotten(server: Server, tmp_path: Path) -> None:
    memory_id, each = Settings.from_files().memory_id, MESSAGES // WRITERS
    kept: dict[str, list[str]] = {}
    uses: list[tuple[int, int]] = []
    done, lock = [0], Lock()

    def write(writer: int) -> None:
        actor, client = (FORGOTTEN if writer == 7 else f"actor{writer}"), server.client()
        for number in range(each):
            session, text = (
                f"s{number // 50}",
                SAID[number % len(SAID)].format(who=f"{actor}x", n=number, t=number % 40),
            )
            payload = [{"conversational": {"role": role, "content": {"text": said}}}
                       for role, said in (("USER", text), ("ASSISTANT", f"Done for {actor}: {number}."))]  # fmt: skip
            while True:
                try:
                    made = client.create_event(
                        memoryId=memory_id, actorId=actor, sessionId=session, eventTimestamp=1_790_000_000 + number,
                        payload=payload, clientToken=f"{actor}-{number:040d}",
                    )["event"]["eventId"]  # fmt: skip
                    break
                except (BotoCoreError, KeyError):  # no answer, or half of one: it was killed, so the same token again
                    time.sleep(0.05)
            with lock:
                kept.setdefault(f"{actor} {session}", []).append(made)
                done[0] += 1
                at = done[0]
            if at == MESSAGES // 2:
                server.kill()
                server.start()
            elif at % (MESSAGES // 10) == 0:
                uses.append(server.uses())

    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    took = time.monotonic() - began
    client = server.client()

    def events(name: str) -> list[str]:
        actor, session = name.split()
        pages = client.get_paginator("list_events").paginate(
            memoryId=memory_id, actorId=actor, sessionId=session, PaginationConfig={"PageSize": 100}
        )
        return [event["eventId"] for page in pages for event in page["events"]]

    assert sum(len(ids) for ids in kept.values()) == each * WRITERS
    for name, ids in kept.items():
        assert events(name) == ids[::-1], "each message once, in its order"
    began = time.monotonic()
    forget_actor(client, _described(server, memory_id), FORGOTTEN)
    forgot = time.monotonic() - began
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"actor8x" in files
    assert FORGOTTEN.encode() not in files
    for name, ids in kept.items():
        assert events(name) == ([] if name.startswith(FORGOTTEN) else ids[::-1])
    uses.append(server.uses())
    server.kill()
    assert sound(tmp_path / "memory.sqlite")
    server.start()
    others = sum(len(events(name)) for name in kept)
    assert others == each * (WRITERS - 1)
    size = (tmp_path / "memory.sqlite").stat().st_size
    print(f"\n{MESSAGES} messages in {took:.0f} s, one person forgotten in {forgot:.1f} s, {size >> 20} MiB")
    print("memory (KiB) and descriptors by tenth:", uses)
    resident, descriptors = [use[0] for use in uses[5:-1]], [use[1] for use in uses[:-1]]
    assert max(descriptors) - min(descriptors) <= 3 * WRITERS
    assert max(resident) < 1.5 * min(resident)


def _described(server: Server, memory_id: str) -> Any:
    control = boto3.client(
        "bedrock-agentcore-control", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{server.port}",
        aws_access_key_id="owner", aws_secret_access_key="any",
    )  # fmt: skip
    return control.get_memory(memoryId=memory_id)["memory"]
