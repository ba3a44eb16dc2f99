"""A real browser, headless, for tests of the pages. Where there is no Chromium, they say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from agentcore_kit.config.manifest import load_manifest

PHONE, DESK = (360, 740), (1280, 800)
MARKUP = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> **bold**"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, summary')].filter(one =>
   !(one.textContent.trim() || one.labels?.length || one.ariaLabel || one.title)).map(one => one.outerHTML)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip(f"no Chromium here: none of {', '.join(_NAMES)} is on PATH; the page is not tried in a browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


def opened(context: BrowserContext, address: str) -> Page:
    """Open a page as it was printed, and wait until it is there; a script that fails in it fails the test."""
    page = context.new_page()
    page.on("pageerror", _fail)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(load_manifest().metadata.name)
    return page


class Held:
    """A request whose answer comes only when a test lets it."""

    def __init__(self, page: Page, address: str) -> None:
        """Hold the next request for an address, which is a pattern as Playwright has them."""
        self._page = page
        self._routes: list[Route] = []
        page.route(address, lambda route: self._routes.append(route), times=1)  # it takes no method of a list

    def wait(self) -> None:
        """Wait until it was sent."""
        while not self._routes:
            self._page.wait_for_timeout(10)

    def release(self) -> None:
        """Let the answer come, and wait until the page has drawn what it makes of it."""
        (route,) = self._routes
        with self._page.expect_response(route.request.url) as answered:
            route.continue_()
        answered.value.finished()
        self._page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def nameless(page: Page) -> list[str]:
    """Return the controls that a screen reader has no name for."""
    found: list[str] = page.evaluate(_NAMELESS)
    return found


def width(page: Page) -> int:
    """Return how wide the page is drawn, which on a phone must be no more than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def _fail(error: Any) -> None:
    raise AssertionError(error)
