"""What holds for the page of every kind: nobody else is told anything, and it loads nothing. Marked `integration`."""

from __future__ import annotations

import re

import httpx
import pytest

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.page.app import KEY_HEADER
from tests.local.page_server import Page

pytestmark = pytest.mark.integration

ASKED: dict[str, tuple[str, ...]] = {
    "Agent": ("agent", "report", "memory", "models", "sessions", f"sessions/{'s' * 33}", f"traces/{'7' * 32}"),
    "Tool": ("tools",),
    "Memory": ("memory",),
}
SENT: dict[str, tuple[str, ...]] = {
    "Agent": ("token", "rows", "branches", "memory/records", "models/check"),
    "Tool": ("token",),
    "Memory": (),
}
"""What the page asks below `/page/api/`, by GET and by POST, by kind."""

KIND = repository_kind()


@pytest.mark.parametrize("wrong", [{KEY_HEADER: ""}, {KEY_HEADER: "k" * 43}, {"Origin": "http://localhost:1"}])
def test_who_has_not_opened_the_printed_address_is_told_nothing(page: Page, wrong: dict[str, str]) -> None:
    answered = [page.get(path, **wrong) for path in ASKED[KIND]]
    answered += [page.post(path, {"user": "Kim"}, **wrong) for path in SENT[KIND]]
    assert {one.status_code for one in answered} == {403}
    assert all(set(one.json()) == {"error"} and "make dev" in one.json()["error"] for one in answered)
    assert not any("access-control-allow-origin" in one.headers for one in answered)


def test_every_part_of_the_page_is_there_and_may_load_nothing_from_elsewhere(page: Page) -> None:
    opened = httpx.get(page.address)
    assert opened.headers["content-type"].startswith("text/html")
    parts, seen = set(re.findall(r'(?:src|href)="/page/([^"]+)"', opened.text)), set[str]()
    assert parts
    while parts:
        seen.add(part := parts.pop())
        found = httpx.get(f"{page.address}/page/{part}")
        assert found.status_code == 200, part
        assert found.headers["content-type"].startswith(("text/css", "text/javascript"))
        parts |= set(re.findall(r'from "\./([^"]+)"', found.text)) - seen
    policy = opened.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.key not in opened.text


def test_it_says_which_component_this_is(page: Page) -> None:
    told = page.get(ASKED[KIND][0]).json()
    assert (told["name"], told["environment"]) == (page.home.name, "local")


NO_PARTS = ["app.py", "__init__.py", "..%2fapp.py", "%2e%2e/dev_server.py", "none.js", f"{'x' * 300}.js", ""]


@pytest.mark.parametrize("path", NO_PARTS)
def test_only_parts_of_the_page_are_files(page: Page, path: str) -> None:
    assert httpx.get(f"{page.address}/page/{path}").status_code == 404
