"""Answers that are Markdown, on the page in a real browser. Marked `integration`."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.local.agent.asking import ask
from tests.local.agent.scripted_agent import HOSTILE, MARKDOWN, NOISE, Scripted
from tests.local.browsers import PHONE, nameless, opened, width

pytestmark = pytest.mark.integration


def test_markdown_is_shown_as_what_it_means_and_as_it_came(
    context: BrowserContext, scripted: tuple[str, Scripted]
) -> None:
    tab = opened(context, scripted[0])
    turn = ask(tab, "markdown")
    answer = turn.get_by_test_id("answer")
    expect(answer.get_by_role("heading", level=4)).to_have_text("Revenue of EMEA")
    expect(answer.locator("strong").first).to_have_text("by 4.3 %")
    expect(answer.locator("p").first).to_contain_text("snake_case_name and 2 * 3 * 4")
    expect(answer.locator("p code")).to_have_text("total_revenue_usd")
    link = answer.get_by_role("link", name="the report")
    expect(link).to_have_attribute("href", "https://reports.example/q3")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(answer.locator("ul > li > ul > li")).to_have_text("nested bold")
    expect(answer.locator("ol")).to_have_attribute("start", "3")
    expect(answer.get_by_role("row")).to_have_text(["RegionMillion USD", "EMEA556.2", "APAC455.9"])
    expect(answer.locator("pre code")).to_have_text('print("<b>not bold</b>")')
    expect(answer.locator("blockquote")).to_have_text("quoted")
    assert nameless(tab) == []
    as_it_came = turn.get_by_role("button", name="As it came")
    as_it_came.press("Enter")
    expect(as_it_came).to_have_attribute("aria-pressed", "true")
    assert answer.text_content() == MARKDOWN
    as_it_came.press("Enter")
    expect(answer.locator("table")).to_have_count(1)
    turn.get_by_role("button", name="Add as evaluation row").click()
    expect(tab.get_by_test_id("row-figures")).to_have_value("4.3 %\n556.2\n455.9")
    tab.reload()
    expect(tab.get_by_test_id("answer").locator("table")).to_have_count(1)


def test_no_markup_comes_through_and_no_address_but_those_of_the_web(
    context: BrowserContext, scripted: tuple[str, Scripted]
) -> None:
    tab = opened(context, scripted[0])
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    answer = ask(tab, "hostile").get_by_test_id("answer")
    expect(answer.get_by_role("heading")).to_have_text("<script>document.title='taken'</script>")
    assert answer.locator("img, script, b, i, u, [onerror], [onmouseover]").count() == 0
    addresses = answer.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert addresses == ['https://ok.example/?a="onmouseover=1']
    assert not [url for url in asked if "elsewhere" in url]
    assert tab.title() == "example-agent"
    shown = str(answer.text_content())
    for written in ("![i](http://elsewhere.example/i.png)", "[run](javascript:", "[x](JAVASCRIPT:1)", "<b>b</b>"):
        assert written in HOSTILE
        assert written in shown


def test_whatever_an_answer_is_it_is_drawn_and_can_be_seen_as_it_came(
    context: BrowserContext, scripted: tuple[str, Scripted]
) -> None:
    turn = ask(opened(context, scripted[0]), "noise")
    turn.get_by_role("button", name="As it came").click()
    assert turn.get_by_test_id("answer").text_content() == NOISE


def test_a_wide_table_scrolls_by_itself_on_a_phone(browser: Browser, scripted: tuple[str, Scripted]) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    tab = opened(small, scripted[0])
    expect(ask(tab, "markdown").locator("table")).to_be_visible()
    assert width(tab) <= PHONE[0]
    small.close()
