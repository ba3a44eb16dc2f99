"""The page of a memory in a real browser: what was said through boto3 is seen on it. Marked `integration`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.local.browsers import MARKUP, PHONE, Held, nameless, opened, width
from tests.local.page_server import Page as Served
from tests.local.page_server import page_of

pytestmark = pytest.mark.integration

MEMORY = "example_memory-localstore"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the memory, in which some people have said something."""
    with page_of(tmp_path_factory.mktemp("memory")) as found:
        say(found, "alice", "monday", "I prefer amounts in euros. I'm working on the Atlas project.")
        say(found, "bob", "monday", "I'm working on the Borealis project.")
        say(found, "mallory", "monday", MARKUP)
        for number in range(25):
            say(found, "carol", "long", f"Line {number}.", timedelta(minutes=30 - number))
        say(found, "carol", "old", "I said this long ago.", 89 * DAY)
        yield found


def say(served: Served, actor: str, session: str, text: str, ago: timedelta = timedelta(0)) -> None:
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    client: Any = boto3.client("bedrock-agentcore", region_name="eu-central-1", endpoint_url=served.address, **keys)
    payload = [{"conversational": {"content": {"text": text}, "role": "USER"}}]
    at = datetime.now(UTC) - ago
    client.create_event(memoryId=MEMORY, actorId=actor, sessionId=session, eventTimestamp=at, payload=payload)


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    """Return the page, opened as it was printed."""
    return opened(context, served.opened)


def choose(page: Page, actor: str) -> None:
    page.locator(f'[data-actor="{actor}"]').click()
    expect(page.locator("#actor-title")).to_have_text(actor)


def test_a_newcomer_sees_what_an_actor_said_and_what_was_taken_from_it(page: Page) -> None:
    choose(page, "alice")
    expect(page.get_by_test_id("event")).to_contain_text("I prefer amounts in euros.")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("Works on the Atlas project")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("/facts/alice/")
    expect(page.get_by_test_id("strategy-preferences")).to_contain_text("Prefers amounts in euros")
    choose(page, "bob")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("Borealis")
    expect(page.locator("main")).not_to_contain_text("Atlas")


def test_a_search_finds_the_nearest_records_below_a_path(page: Page) -> None:
    choose(page, "alice")
    page.get_by_test_id("where").fill("/facts/")
    page.get_by_test_id("query").fill("Borealis project")
    page.get_by_test_id("look").click()
    found = page.locator("#found").get_by_test_id("record")
    expect(found).to_have_count(2)
    expect(found.first).to_contain_text("/facts/bob/")
    expect(found.first).to_contain_text("score")
    page.get_by_test_id("where").fill("/facts/*")
    page.get_by_test_id("look").click()
    expect(page.get_by_test_id("said")).to_contain_text("ValidationException")


def test_markup_of_an_event_and_of_a_record_is_shown_and_never_run(page: Page) -> None:
    choose(page, "mallory")
    expect(page.get_by_test_id("event")).to_contain_text(MARKUP)
    expect(page.get_by_test_id("strategy-summaries")).to_contain_text("onerror")
    assert page.locator("main img, main script, main strong").count() == 0
    assert page.title() == "example-memory"


def test_a_consumer_sees_what_its_policy_allows_and_nothing_that_was_seen_before(page: Page) -> None:
    choose(page, "alice")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("Atlas")
    page.get_by_test_id("caller").select_option("reporting")
    expect(page.get_by_test_id("said")).to_contain_text("reporting is not authorized to perform")
    expect(page.get_by_test_id("refusal")).to_have_count(2)
    expect(page.get_by_test_id("event")).to_have_count(0)
    expect(page.get_by_test_id("strategy-facts")).not_to_contain_text("Atlas")
    expect(page.get_by_test_id("strategy-summaries")).to_contain_text("Atlas")


def test_an_answer_that_comes_late_is_not_shown_for_another_actor(page: Page) -> None:
    held = Held(page, "**/actor/alice/sessions")
    page.locator('[data-actor="alice"]').click()
    held.wait()
    choose(page, "bob")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("Borealis")
    held.release()
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("/facts/bob/")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("Borealis")
    expect(page.get_by_test_id("event")).to_contain_text("Borealis")


def test_an_answer_that_comes_late_is_not_shown_to_another_consumer(page: Page) -> None:
    choose(page, "alice")
    expect(page.get_by_test_id("event")).to_contain_text("euros")
    held = Held(page, "**/actor/alice/sessions")
    page.locator("#again").click()
    held.wait()
    page.get_by_test_id("caller").select_option("reporting")
    expect(page.get_by_test_id("said")).to_contain_text("reporting is not authorized to perform")
    expect(page.get_by_test_id("strategy-summaries")).to_contain_text("Atlas")
    held.release()
    expect(page.get_by_test_id("session")).to_have_count(0)


def test_a_click_that_fails_says_why(page: Page) -> None:
    choose(page, "carol")
    expect(page.get_by_test_id("event")).to_have_count(20)
    fault = {"__type": "ServiceException", "message": "not now"}
    page.route("**/actor/carol/sessions/*", lambda route: route.fulfill(status=500, json=fault))
    more = page.locator("#events").get_by_test_id("more")
    more.click()
    expect(page.get_by_test_id("said")).to_have_text("ServiceException: not now")
    page.unroute("**/actor/carol/sessions/*")
    more.click()
    expect(page.get_by_test_id("event")).to_have_count(25)
    expect(page.get_by_test_id("said")).to_be_empty()
    page.route("**/actor/carol/sessions/*", lambda route: route.fulfill(status=500, json=fault))
    page.locator('[data-session="old"]').click()
    expect(page.get_by_test_id("said")).to_have_text("ServiceException: not now")


def test_long_conversations_come_by_the_page(page: Page) -> None:
    choose(page, "carol")
    expect(page.get_by_test_id("event")).to_have_count(20)
    expect(page.get_by_test_id("event").first).to_contain_text("Line 24.")
    page.locator("#events").get_by_test_id("more").click()
    expect(page.get_by_test_id("event")).to_have_count(25)
    expect(page.locator("#events").get_by_test_id("more")).to_have_count(0)


def test_what_will_be_forgotten_is_said_and_the_oldest_event_goes_first(page: Page) -> None:
    choose(page, "carol")
    expect(page.locator("#rules")).to_contain_text("Events: 90 days")
    expect(page.locator("#rules")).to_contain_text("Records of preferences: never by themselves")
    page.get_by_test_id("next-forgotten").click()
    first = page.get_by_test_id("forgotten").locator("li").first
    expect(first).to_contain_text("in old")
    tomorrow: str = page.evaluate(
        "at => new Date(at).toLocaleString([], {dateStyle: 'medium'})", (datetime.now(UTC) + DAY).timestamp() * 1000
    )
    expect(first).to_contain_text(tomorrow)
    expect(page.get_by_test_id("forgotten")).to_contain_text("and 6 later ones")


def test_an_event_that_is_added_teaches_the_memory(page: Page) -> None:
    page.get_by_test_id("other-actor").fill("dora")
    page.get_by_test_id("other-actor").press("Enter")
    expect(page.locator("#actor-title")).to_have_text("dora")
    page.get_by_test_id("words").fill("I'm working on the Corona project.")
    page.get_by_test_id("add").click()
    expect(page.get_by_test_id("event")).to_contain_text("Corona")
    expect(page.get_by_test_id("strategy-facts")).to_contain_text("Works on the Corona project")
    expect(page.locator('[data-actor="dora"]')).to_be_visible()
    page.get_by_test_id("words").fill("And more.")
    page.get_by_test_id("add").click()
    expect(page.get_by_test_id("event")).to_have_count(2)
    expect(page.get_by_test_id("session")).to_have_count(2)  # with the one that is not begun yet
    page.get_by_test_id("caller").select_option("reporting")
    page.get_by_test_id("words").fill("I may not.")
    page.get_by_test_id("add").click()
    expect(page.get_by_test_id("said")).to_contain_text("not authorized to perform bedrock-agentcore:CreateEvent")
    expect(page.get_by_test_id("words")).to_have_value("I may not.")


def test_without_the_key_it_says_what_to_open_and_shows_nothing(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(served.address)
    expect(page.get_by_test_id("trouble")).to_contain_text("make dev")
    expect(page.get_by_test_id("actor")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Memory")


def test_on_a_phone_nothing_is_cut_off_and_the_keyboard_is_enough(browser: Browser, served: Served) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    page = opened(small, served.opened)
    page.get_by_role("button", name="Actors").press("Enter")
    expect(page.get_by_test_id("actor").first).to_be_focused()
    page.locator('[data-actor="bob"]').press("Enter")
    expect(page.get_by_test_id("event")).to_contain_text("Borealis")
    assert width(page) <= PHONE[0]
    assert nameless(page) == []
    small.close()
