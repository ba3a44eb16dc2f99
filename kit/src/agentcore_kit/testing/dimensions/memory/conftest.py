"""What the four dimensions of a memory share: the memory under test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentcore_kit.testing.dimensions.memory.targets import Memory, deployed, local
from agentcore_kit.testing.options import dimension_options

MARKERS = (
    *(f"{name}: a dimension of a memory" for name in ("persistence", "extraction", "isolation", "retrieval")),
    "local_only: not about a memory in AWS, which can neither be restarted nor wait for days",
)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about a local memory only, where the memory is a deployed one."""
    if not dimension_options(config).is_local:
        left_out = [item for item in items if item.get_closest_marker("local_only")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture
def memory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """Yield the memory under test."""
    chosen = dimension_options(request.config)
    with local(tmp_path_factory.mktemp("memory")) if chosen.is_local else deployed(chosen.target) as found:
        yield found
