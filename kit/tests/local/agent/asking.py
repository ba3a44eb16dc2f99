"""Asking the agent on its page, as a person does."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect


def ask(page: Page, question: str) -> Any:
    """Ask by the keyboard, wait for the end of the turn, and return it."""
    turns = page.get_by_test_id("turn").count()
    page.get_by_test_id("input").fill(question)
    page.get_by_test_id("input").press("Enter")
    turn = page.get_by_test_id("turn").nth(turns)
    expect(turn.get_by_test_id("footer")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("send")).to_be_visible(timeout=60_000)  # which it is again once the turn is kept
    return turn
