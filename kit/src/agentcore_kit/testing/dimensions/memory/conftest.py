"""The memory that the four tests are about: TARGET=local (default), dev, preprod or prod."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentcore_kit.testing.dimensions.memory.targets import LOCAL, TARGET, Memory, deployed, local


@pytest.fixture
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """Yield the memory under test."""
    with local(tmp_path_factory.mktemp("memory")) if LOCAL else deployed(TARGET) as found:
        yield found
