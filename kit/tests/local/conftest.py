"""The page that tests ask: one server for the tests of a file, as none of them changes the component; and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.local.browsers import DESK, chromium
from tests.local.page_server import Page, page_of


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Serve the component of this repository with its page."""
    with page_of(tmp_path_factory.mktemp("page")) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser without a past."""
    made = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]})
    made.set_default_timeout(60_000)
    yield made
    made.close()
