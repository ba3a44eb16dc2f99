"""The page of tools in a real browser, with the starter's tools and some of the tests' own. Marked `integration`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.local.browsers import MARKUP, PHONE, nameless, opened, width
from tests.local.page_server import Page as Served
from tests.local.page_server import page_of
from tests.local.tool.tools import SOURCE

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the tools, and those of the tests."""
    with page_of(tmp_path_factory.mktemp("tools"), {"src/tool/tools.py": SOURCE}) as found:
        yield found


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    """Return the page, opened as it was printed."""
    return opened(context, served.opened)


def choose(page: Page, tool: str) -> None:
    page.locator(f'[data-tool="{tool}"]').click()


def call(page: Page, title: str) -> Locator:
    """Call the chosen tool, and return the result once it ended as the title says."""
    before = page.get_by_test_id("recent").count()
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("recent")).to_have_count(before + 1)
    result = page.get_by_test_id("result")
    expect(result.get_by_test_id("outcome")).to_have_text(title)
    return result


def sent(result: Locator) -> Any:
    """Return what the tool got, as its structured result tells."""
    return json.loads(str(result.get_by_test_id("structured").text_content()))["sent"]


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
def test_a_newcomer_takes_an_example_calls_and_sees_the_result(page: Page, revision: str) -> None:
    assert "key" not in page.url, "the key is not left in the address bar"
    page.get_by_test_id("example").first.click()
    page.get_by_test_id("revision").select_option(revision)
    result = call(page, "Answered")
    structured = json.loads(str(result.get_by_test_id("structured").text_content()))
    assert structured["region"] == "EMEA"
    assert json.loads(str(result.get_by_test_id("text").text_content())) == structured
    expect(result).to_contain_text("ms")
    result.get_by_test_id("raw").locator("summary").click()
    expect(result.get_by_test_id("raw")).to_contain_text('"jsonrpc"')


def test_values_of_every_kind_arrive_as_what_they_are(page: Page) -> None:
    choose(page, "echoArguments")
    page.get_by_test_id("field-words").fill('say "Grüße" \\ <b>')
    page.get_by_test_id("field-count").fill("7")
    page.get_by_test_id("field-ratio").fill("-0.25")
    page.get_by_test_id("field-flag").select_option("true")
    page.get_by_test_id("field-kind").select_option("b")
    page.get_by_test_id("field-tags").fill('["x", "y"]')
    got = sent(call(page, "Answered"))
    assert got == {
        "words": 'say "Grüße" \\ <b>', "count": 7, "ratio": -0.25, "flag": True, "kind": "b", "tags": ["x", "y"],
    }  # fmt: skip


def test_what_is_left_empty_is_left_out(page: Page) -> None:
    choose(page, "echoArguments")
    result = call(page, "Error 400, bad_request")
    expect(result.get_by_test_id("error")).to_contain_text("words: Field required")
    page.get_by_test_id("field-words").fill("w")
    got = sent(call(page, "Answered"))
    assert got == {"words": "w", "count": 1, "ratio": None, "flag": False, "kind": "a", "tags": None}


def test_arguments_as_json_go_as_they_are_written_and_fill_the_form(page: Page) -> None:
    choose(page, "echoArguments")
    page.get_by_text("Arguments as JSON").click()
    page.get_by_test_id("arguments").fill('{"words": "", "count": 9007199254740993}')
    expect(page.get_by_test_id("field-words")).to_have_value("")
    result = call(page, "Answered")
    result.get_by_test_id("raw").locator("summary").click()
    expect(result.get_by_test_id("raw")).to_contain_text("9007199254740993")
    page.get_by_test_id("arguments").fill('{"wrods": "x"}')
    expect(call(page, "Error 400, bad_request").get_by_test_id("error")).to_contain_text("wrods")


def test_a_field_changes_its_own_value_and_leaves_the_others_as_they_are_written(page: Page) -> None:
    other = r'"ratio": 1.10,|  "other": [{"a": "}, ,\""}]'.replace("|", "\n")
    choose(page, "echoArguments")
    page.get_by_text("Arguments as JSON").click()
    written = page.get_by_test_id("arguments")
    written.fill(f'{{"words": "", {other}, "count": 9007199254740993}}')
    page.get_by_test_id("field-tags").fill('["x"]')
    expect(written).to_have_value(f'{{\n  "words": "",\n  {other},\n  "count": 9007199254740993,\n  "tags": ["x"]\n}}')
    page.get_by_test_id("field-tags").fill("")
    page.get_by_test_id("field-count").fill("8")
    expect(written).to_have_value(f'{{\n  "words": "",\n  {other},\n  "count": 8\n}}')
    written.fill("{")
    page.get_by_test_id("field-words").fill("w")
    expect(written).to_have_value('{\n  "words": "w",\n  "count": 8,\n  "ratio": 1.1\n}')


@pytest.mark.parametrize(
    ("field", "value", "said"), [("count", "many", "count is not an integer"), ("tags", "[1", "tags is not JSON")]
)
def test_what_is_no_value_is_said_and_not_sent(page: Page, field: str, value: str, said: str) -> None:
    choose(page, "echoArguments")
    page.get_by_test_id(f"field-{field}").fill(value)
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("said")).to_contain_text(said)
    expect(page.get_by_test_id(f"field-{field}")).to_be_focused()
    expect(page.get_by_test_id("recent")).to_have_count(0)


def test_markup_of_a_tool_is_shown_and_never_run(page: Page) -> None:
    choose(page, "sayMarkup")
    expect(page.locator("#tool-title")).to_have_text(MARKUP)
    page.get_by_text("Description, as a model reads it").click()
    result = call(page, "Answered")
    assert sent(result) == {"found": MARKUP}
    choose(page, "failAlways")
    expect(call(page, "Error 409, conflict").get_by_test_id("error")).to_contain_text(MARKUP)
    assert page.locator("main img, main script, main strong, aside img").count() == 0
    assert page.title() == "example-tool"


@pytest.mark.parametrize(
    ("how", "title", "said"),
    [
        ("told", "Error 409, conflict", "would not help"),
        ("unavailable", "Error 503, unavailable", "may help"),
        ("broken", "Error 500, internal_error", "server's log"),
    ],
)
def test_a_failure_has_its_code_and_kind(page: Page, how: str, title: str, said: str) -> None:
    choose(page, "failAlways")
    page.get_by_test_id("field-how").select_option(f'"{how}"')
    expect(call(page, title).get_by_test_id("error")).to_contain_text(said, timeout=60_000)


def test_a_call_is_stopped_by_escape(page: Page) -> None:
    choose(page, "waitLong")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("outcome")).to_have_text("Stopped")
    expect(page.get_by_test_id("send")).to_be_enabled()


def test_a_large_result_is_drawn_in_part(page: Page) -> None:
    choose(page, "sayMuch")
    result = call(page, "Answered")
    expect(result.get_by_test_id("structured")).to_contain_text("more characters")
    assert len(str(result.text_content())) < 100_000
    result.get_by_test_id("structured").get_by_role("button").click()
    assert len(sent(result)["large"]) == 2_000_000


def test_calls_are_kept_until_the_page_is_closed_and_shown_again(page: Page) -> None:
    page.get_by_test_id("example").nth(0).click()
    call(page, "Answered")
    choose(page, "failAlways")
    call(page, "Error 409, conflict")
    page.get_by_test_id("recent").last.click()
    expect(page.get_by_test_id("outcome")).to_have_text("Answered")
    expect(page.locator("#tool-title")).to_have_text("Market data")
    expect(page.get_by_test_id("field-region")).to_have_value('"EMEA"')
    page.reload()
    expect(page.get_by_test_id("tool").first).to_be_visible()
    expect(page.get_by_test_id("recent")).to_have_count(0)


def test_users_have_their_own_rows_and_claims_that_are_none_are_said(page: Page) -> None:
    options = page.get_by_test_id("user").locator("option").count()
    for user, watched in (("ana", 1), ("ben", 0)):
        page.get_by_test_id("user").select_option(index=options - 1)
        page.get_by_test_id("other-user").fill(user)
        if watched:
            choose(page, "addWatchedMarket")
            page.get_by_test_id("example").first.click()
            call(page, "Answered")
        choose(page, "listWatchedMarkets")
        structured = call(page, "Answered").get_by_test_id("structured")
        assert len(json.loads(str(structured.text_content()))["watched"]) == watched
    page.get_by_text("Claims", exact=True).click()
    page.get_by_test_id("claims").fill("[1]")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("said")).to_contain_text("not a JSON object")


def test_what_the_documentation_lacks_is_said(page: Page) -> None:
    expect(page.locator('[data-tool="getMarketData"]')).to_contain_text("5 of 5 elements")
    choose(page, "echoArguments")
    expect(page.locator('[data-tool="echoArguments"]')).to_contain_text("1 of 5 elements")
    expect(page.get_by_test_id("elements")).to_contain_text("when to use is missing: say when to use it")


def test_a_change_of_the_tools_is_there_after_the_restart_with_the_form_as_it_was(
    context: BrowserContext, tmp_path: Path
) -> None:
    with page_of(tmp_path) as own:
        page = opened(context, own.opened)
        choose(page, "addWatchedMarket")
        page.get_by_test_id("field-region").select_option('"APAC"')
        with (own.home / "src" / "tool" / "tools.py").open("a", encoding="utf-8") as file:
            file.write(SOURCE)
        expect(page.get_by_test_id("tool")).to_have_count(4)
        while page.get_by_test_id("tool").count() == 4:  # as each time that a person comes back to the window
            page.evaluate("dispatchEvent(new Event('focus'))")
            page.wait_for_timeout(200)
        expect(page.locator("#tool-title")).to_have_text("Watch a market")
        expect(page.get_by_test_id("field-region")).to_have_value('"APAC"')


def test_a_fault_of_the_page_itself_is_told_to_who_looks_for_it(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.route("**/page/api/tools", lambda route: route.fulfill(json={"name": "no such server"}))
    with page.expect_event("pageerror") as told:
        page.goto(served.opened)
    assert "undefined" in str(told.value)


def test_without_the_key_it_says_what_to_open_and_shows_nothing(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.goto(served.address)
    expect(page.get_by_test_id("trouble")).to_contain_text("make dev")
    expect(page.get_by_test_id("tool")).to_have_count(0)
    expect(page.get_by_test_id("form")).to_be_hidden()


def test_on_a_phone_nothing_is_cut_off_and_the_keyboard_is_enough(browser: Browser, served: Served) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    page = opened(small, served.opened)
    page.get_by_role("button", name="Tools").press("Enter")
    expect(page.get_by_test_id("tool").first).to_be_focused()
    page.locator('[data-tool="echoArguments"]').press("Enter")
    page.get_by_test_id("field-words").fill("x" * 300)
    page.get_by_test_id("field-words").press("Enter")
    expect(page.get_by_test_id("outcome")).to_have_text("Answered")
    assert width(page) <= PHONE[0]
    assert nameless(page) == []
    small.close()
