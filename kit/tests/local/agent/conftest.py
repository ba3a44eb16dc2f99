"""What the tests of the agent's page in a browser share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.agent.scripted_agent import Scripted, scripted_page


@pytest.fixture
def scripted(repository: Path) -> Iterator[tuple[str, Scripted]]:
    """Serve the page before a scripted agent, in a copy of the repository."""
    assert repository == Path.cwd()
    with scripted_page() as served:
        yield served
