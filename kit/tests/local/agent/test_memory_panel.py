"""What the page says of the agent's memory, by its server and in a real browser. Marked `integration`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from agentcore_kit.local.memory_server.server import MemoryServer, _Handler
from tests.local.agent.asking import ask
from tests.local.agent.with_memory import agent_of, remembering
from tests.local.browsers import MARKUP, PHONE, nameless, opened, width
from tests.local.page_server import Page, new_session

pytestmark = pytest.mark.integration

KIM, BEN = "I prefer figures in EUR.", f"I prefer {MARKUP}"


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MemoryServer, Page]]:
    """Serve the agent with a memory to which two users have said something."""
    folder = tmp_path_factory.mktemp("remembered")
    with remembering(folder / "memory") as memory, agent_of(folder, memory.address) as page:
        for user, said in (("kim", KIM), ("ben", BEN)):
            page.ask(said, user)
        yield memory, page


def read(page: Page, user: str, strategy: str = "", **body: Any) -> httpx.Response:
    headers = {"Authorization": page.headers(user, new_session())["Authorization"]}
    if not strategy:
        return page.get("memory", **headers)
    return page.post("memory/records", {"strategy": strategy, **body}, **headers)


def texts(answered: httpx.Response) -> list[str]:
    return [one["content"]["text"] for one in answered.json()["memoryRecordSummaries"]]


def test_each_user_is_told_their_own_records_and_what_the_agent_may_not_read(remembered: Any) -> None:
    _, page = remembered
    told = read(page, "kim").json()
    assert (told["id"], told["actor"]) == ("customers-localstore", "kim")
    assert [one["name"] for one in told["strategies"]] == ["facts", "preferences", "summaries"]
    found = {user: texts(read(page, user, "preferences-localstore")) for user in ("kim", "ben", "eve")}
    assert "EUR" in str(found["kim"])
    assert "onerror" in str(found["ben"])
    assert "EUR" not in str(found["ben"])
    assert found["eve"] == []
    assert "not authorized" in read(page, "kim", "summaries-localstore").json()["refused"]


@pytest.mark.parametrize("path", ["/preferences/ben/", "/"])
def test_no_path_leads_to_another_user(remembered: Any, path: str) -> None:
    _, page = remembered
    found = read(page, "kim", "preferences-localstore", namespacePath=path, namespace=path, actor="ben")
    assert "onerror" not in found.text
    assert page.get("memory").status_code == page.post("memory/records", {"strategy": "x"}).status_code == 401
    assert read(page, "kim", "none").status_code == 400


def test_a_memory_that_is_down_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Handler, "protocol_version", "HTTP/1.0")  # no connection outlives its server
    with ExitStack() as running:
        memory = running.enter_context(remembering(tmp_path / "memory"))
        with agent_of(tmp_path, memory.address) as page:
            running.close()
            told = read(page, "kim")
    assert (told.status_code, "memory" in told.json()["error"], "make dev" in told.json()["next"]) == (400, True, True)


def test_the_panel_shows_who_is_chosen_and_what_a_turn_adds(context: BrowserContext, remembered: Any) -> None:
    _, page = remembered
    tab = opened(context, page.opened)
    tab.get_by_test_id("user").select_option(index=tab.get_by_test_id("user").locator("option").count() - 1)
    tab.get_by_test_id("other-user").fill("ben")
    tab.get_by_test_id("memory").press("Enter")
    panel = tab.get_by_test_id("memory-panel")
    expect(tab.get_by_role("heading", name="Memory of ben")).to_be_focused()
    expect(panel.get_by_test_id("strategy-preferences").get_by_test_id("record")).to_contain_text("onerror")
    expect(panel.get_by_test_id("strategy-summaries").get_by_test_id("refusal")).to_contain_text("not authorized")
    assert (panel.locator("img, script, strong").count(), tab.title()) == (0, "example-agent")
    tab.get_by_test_id("other-user").fill("dan")
    tab.get_by_test_id("other-user").press("Tab")
    expect(tab.get_by_role("heading", name="Memory of dan")).to_be_visible()
    expect(panel.get_by_test_id("record")).to_have_count(0)
    ask(tab, "I prefer short answers.")
    expect(panel.get_by_test_id("strategy-preferences").get_by_test_id("record")).to_contain_text("short answers")
    expect(panel).not_to_contain_text("onerror")
    assert nameless(tab) == []
    tab.get_by_role("button", name="Trace").first.click()
    expect(panel).to_be_hidden()
    tab.get_by_role("button", name="Close the trace").click()
    expect(tab.get_by_role("button", name="Trace").first).to_be_focused()
    tab.get_by_role("button", name="Trace").first.click()
    tab.get_by_test_id("memory").click()
    expect(tab.get_by_test_id("trace")).to_be_hidden()
    tab.get_by_role("button", name="Close the memory").click()
    expect(panel).to_be_hidden()
    expect(tab.get_by_test_id("memory")).to_be_focused()


def test_an_agent_without_a_memory_says_so(browser: Browser, page: Page) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    tab = opened(small, page.opened)
    tab.get_by_test_id("memory").click()
    expect(tab.get_by_test_id("memory-panel")).to_contain_text("This agent has no memory")
    expect(tab.get_by_test_id("memory-panel")).to_contain_text("kit add memory")
    assert width(tab) <= PHONE[0]
    small.close()
