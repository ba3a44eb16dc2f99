"""Branching a session on the page, in a real browser. Marked `integration`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.local.agent.asking import ask
from tests.local.agent.scripted_agent import Scripted, scripted_page
from tests.local.agent.test_branches import FIRST, OWN, SECOND
from tests.local.browsers import PHONE, nameless, opened, width
from tests.local.page_server import Page

pytestmark = pytest.mark.integration


def test_a_branch_begins_with_the_turns_before_and_goes_on_by_itself(context: BrowserContext, page: Page) -> None:
    tab = opened(context, page.opened)
    first = ask(tab, FIRST)
    ask(tab, SECOND)
    first.get_by_role("button", name="Branch from here").press("Enter")
    expect(tab.get_by_test_id("turn")).to_have_count(1)
    expect(tab.get_by_test_id("turn")).to_contain_text("copied from another session")
    expect(tab.get_by_test_id("input")).to_be_focused()
    expect(tab.get_by_test_id("totals")).to_contain_text("begins with 1 turn of another")
    own = ask(tab, OWN)
    expect(own.get_by_test_id("answer")).to_contain_text("AMER, 2026-Q1")
    expect(own).not_to_contain_text("copied from another")
    expect(tab.get_by_test_id("totals")).to_contain_text("1 own turn")
    sessions = tab.get_by_test_id("session")
    expect(sessions).to_have_count(2)
    expect(sessions.first).to_contain_text("branch")
    assert nameless(tab) == []
    tab.reload()
    expect(tab.get_by_test_id("turn")).to_have_count(2)
    sessions.last.click()
    expect(tab.get_by_test_id("turn")).to_have_count(2)
    expect(tab.get_by_test_id("turn").last).to_contain_text(SECOND)
    expect(tab.get_by_test_id("totals")).to_contain_text("This session: 2 turns")


@pytest.fixture
def scripted(repository: Any) -> Iterator[tuple[str, Scripted]]:
    """Serve the page before a scripted agent, which keeps no conversation, in a copy of the repository."""
    with scripted_page() as served:
        yield served


def test_why_there_is_no_branch_is_said_and_the_session_stays(browser: Browser, scripted: tuple[str, Scripted]) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    tab = opened(small, scripted[0])
    ask(tab, "anything").get_by_test_id("branch").click()
    expect(tab.get_by_test_id("said")).to_contain_text("branch from another turn")
    expect(tab.get_by_test_id("turn")).to_have_count(1)
    assert width(tab) <= PHONE[0]
    expect(ask(tab, "refuse").get_by_test_id("branch")).to_have_count(0)
    small.close()
