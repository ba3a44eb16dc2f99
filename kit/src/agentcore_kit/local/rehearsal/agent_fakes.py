"""What is behind the stand-in for AWS: answers as an agent gives them, the agent itself, and one that is worse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import Behind, Real, forwarded_to
from agentcore_kit.local.rehearsal.loosened_thresholds import loosen
from agentcore_kit.testing.agent_client import local_agent

__all__ = ["Behind", "Real", "answer", "loosen", "real", "worse"]

_CALLS_A_TOOL = b'{"answer": "556.2", "toolCalls": [{"name": "getQuarterlyRevenue", "status": "success"}]}'
_DECLINES = b'{"answer": "I cannot share that.", "toolCalls": []}'
_FIGURE = re.compile(r"\d[\d,.]*\d|\d")


def answer(_: str, __: Mapping[str, str], body: bytes) -> Answer:
    """Answer the smoke questions as the starter does; the real one is behind the stand-in in the rehearsal."""
    return 200, "application/json", _CALLS_A_TOOL if b"revenue" in body else _DECLINES, {}


@contextmanager
def real(home: Path) -> Iterator[Real]:
    """Start the agent in a folder with this repository's files. Its date stands still."""
    with local_agent(home) as agent:
        yield Real(forwarded_to(agent.url), agent.token, {"DATE": "2026-11-16"})


def worse(agent: Behind, digest: str) -> Behind:
    """Return the same agent, except that one image has wrong figures wherever EMEA is not what was asked for.

    The tests ask for EMEA, so they pass: it takes the evaluation to find this.
    """

    def distorted(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        status, kind, content, more = agent(image, headers, body)
        fine = b"EMEA" in body or b"all regions" in body or "json" not in kind
        if image.rpartition("@")[2] == digest and status == 200 and not fine:
            said = json.loads(content)
            content = json.dumps({**said, "answer": _FIGURE.sub("987.6", said["answer"])}).encode()
        return status, kind, content, more

    return distorted
