"""The page of a memory, beside the service's own API. Marked `integration`: `kit dev` serves it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agentcore_kit.local.memory_server.extraction.rules import Rules
from agentcore_kit.local.page.app import KEY_HEADER
from agentcore_kit.testing.dimensions.memory.targets import local
from tests.local.page_server import Page

pytestmark = pytest.mark.integration


def test_it_says_what_is_kept_how_long_and_who_may_see_it(page: Page) -> None:
    told = page.get("memory").json()
    assert (told["id"], told["eventExpiryDays"]) == ("example_memory-localstore", 90)
    assert [(one["name"], one["recordExpiryDays"]) for one in told["strategies"]] == [
        ("facts", 365), ("preferences", None), ("summaries", 90),
    ]  # fmt: skip
    assert told["consumers"] == ["assistant", "curator", "reporting"]
    assert told["extractor"] == Rules.label, "that it is no LLM must be shown"


@pytest.mark.parametrize("header", ["Host", "Origin"])
def test_a_page_of_the_web_gets_nothing_even_with_the_key(page: Page, header: str) -> None:
    evil = "http://evil.example" if header == "Origin" else "evil.example"
    for path in ("/", "/page/main.js", "/page/api/memory"):
        refused = httpx.get(f"{page.address}{path}", headers={KEY_HEADER: page.key, header: evil})
        assert (refused.status_code, refused.json()["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_files_are_only_read(page: Page, method: str) -> None:
    assert httpx.request(method, f"{page.address}/page/main.js", headers={KEY_HEADER: page.key}).status_code == 405


def test_without_kit_dev_there_is_no_page(tmp_path: Path) -> None:
    with local(tmp_path) as memory:
        assert memory.server
        address = memory.server.address
        assert [httpx.get(f"{address}{path}").status_code for path in ("/", "/page/api/memory")] == [403, 403]
