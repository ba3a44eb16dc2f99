"""The local memory, with a configuration of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.testing.dimensions.memory.targets import Memory, local
from tests.memory.configuration import SPEC


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """Serve the local memory, which extracts by rules."""
    with local(tmp_path, SPEC, Rules()) as found:
        yield found
