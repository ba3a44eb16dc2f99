"""Answers that are Markdown, on the page in a real browser. Marked `integration`."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.local.agent.asking import ask
from tests.local.agent.scripted_agent import ANSWERS, HOSTILE, MARKDOWN, NOISE, Scripted, result, text
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


@pytest.fixture
def shown(context: BrowserContext, scripted: tuple[str, Scripted], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what has the agent answer a text, and returns that answer on the page."""

    def answer(written: str) -> Any:
        monkeypatch.setitem(ANSWERS, "written", [text(written), result(written)])
        return ask(opened(context, scripted[0]), "written").get_by_test_id("answer")

    return answer


def test_a_table_has_no_more_cells_than_are_written(shown: Any) -> None:
    columns = 20_000
    answer = shown(f"{'|a' * columns}|\n{'|-' * columns}|\n" + "|a\n" * 3000)
    expect(answer).to_contain_text("|-|-|")
    expect(answer.locator("table")).to_have_count(0)
    narrow = shown(f"{'|a' * 100}|\n{'|-' * 100}|\n" + "|b\n" * 1000)
    expect(narrow.locator("th")).to_have_count(100)
    expect(narrow.locator("td")).to_have_count(1000)


def test_what_is_indented_below_an_item_is_part_of_it(shown: Any) -> None:
    code = "def f():\n\n    return 1"
    written = "\n".join(f"   {line}" if line else "" for line in f"```python\n{code}\n```\n\nand then".split("\n"))
    answer = shown(f"1. Do\n   this:\n{written}\n   - one\n     - two\n2. Next\n\n- ```\n  x\n    y\n  ```\n\nEnd")
    expect(answer.locator("ol > li")).to_have_count(2)
    expect(answer.locator("ol > li").first).to_contain_text("Do\nthis:")
    assert answer.locator("ol > li > pre code").text_content() == code
    expect(answer.locator("ol > li > p")).to_have_text("and then")
    expect(answer.locator("ol > li > ul > li > ul > li")).to_have_text("two")
    assert answer.locator("ul > li > pre code").text_content() == "x\n  y"
    expect(answer.locator("> p")).to_have_text("End")
    expect(answer).not_to_contain_text("```")


def test_items_within_items_are_drawn_to_a_depth_and_text_beyond(shown: Any) -> None:
    answer = shown("- " * 20_000 + "<b>end</b>\n" + "".join(f"{'  ' * level}- {level}\n" for level in range(200)))
    expect(answer).to_contain_text("- <b>end</b>")
    expect(answer).to_contain_text("- 199")
    expect(answer.locator(" ".join(["li"] * 8)).first).to_be_attached()
    expect(answer.locator(" ".join(["li"] * 9))).to_have_count(0)


def test_three_signs_are_bold_within_emphasis(shown: Any) -> None:
    answer = shown("***both*** and ___both___, in***both***word, ***first* bold**, ***open")
    expect(answer.locator("em > strong")).to_have_text(["both", "both", "both"])
    expect(answer.locator("strong > em")).to_have_text("first")
    expect(answer).to_have_text("both and both, inbothword, first bold, ***open")
