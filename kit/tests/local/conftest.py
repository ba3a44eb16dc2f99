"""The page that tests ask: one server for the tests of a file, as none of them changes the agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.page_server import Page, page_of


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Serve an agent with its page."""
    with page_of(tmp_path_factory.mktemp("page")) as served:
        yield served
