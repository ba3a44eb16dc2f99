"""The page of an agent in a real browser. Marked `integration`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.runtime.settings import STATE
from agentcore_kit.runtime.telemetry import SPAN_FILE
from tests.local.agent.asking import ask
from tests.local.agent.scripted_agent import HUGE, USAGE, Scripted, result
from tests.local.browsers import MARKUP, PHONE, Held, nameless, opened, width
from tests.local.page_server import page_of

pytestmark = pytest.mark.integration


@pytest.fixture
def page(context: BrowserContext, scripted: tuple[str, Scripted]) -> Page:
    """Return the page, opened as it was printed; a script that fails in it fails the test."""
    return opened(context, scripted[0])


def test_a_newcomer_asks_and_sees_answer_call_and_trace(context: BrowserContext, tmp_path: Path) -> None:
    with page_of(tmp_path) as served:
        page = opened(context, served.opened)
        assert "key" not in page.url, "the key is not left in the address bar"
        example = page.get_by_role("button", name=re.compile(r"\?$")).first
        asked = str(example.text_content())
        example.click()
        turn = page.get_by_test_id("turn").first
        expect(turn.get_by_test_id("footer")).to_contain_text("model call")
        expect(turn).to_contain_text(asked)
        call = turn.get_by_test_id("call").first
        call.locator("summary").click()
        expect(call).to_contain_text("Parameters")
        expect(call).to_contain_text("Result")
        turn.get_by_role("button", name="Trace").click()
        rows = page.get_by_test_id("span-row")
        expect(rows.first).to_contain_text("POST /invocations")
        expect(page.get_by_test_id("trace")).to_contain_text("execute_tool")
        expect(page.get_by_test_id("session")).to_have_count(1)
        page.reload()
        expect(page.get_by_test_id("turn").first).to_contain_text(asked)


def test_markup_of_an_answer_and_of_a_tool_is_shown_and_never_run(page: Page) -> None:
    turn = ask(page, "markup")
    expect(turn.get_by_test_id("answer")).to_have_text(MARKUP.replace("*", ""))
    turn.get_by_test_id("call").locator("summary").click()
    expect(turn.get_by_test_id("call")).to_contain_text("onerror")
    assert page.locator("#turns img, #turns script").count() == 0
    assert page.title() == "example-agent"
    page.reload()
    expect(page.get_by_test_id("answer")).to_have_text(MARKUP.replace("*", ""))
    assert page.title() == "example-agent"


def test_a_turn_is_stopped_by_escape_and_kept_as_stopped(page: Page, scripted: tuple[str, Scripted]) -> None:
    page.get_by_test_id("input").fill("slow")
    page.get_by_test_id("input").press("Enter")
    expect(page.get_by_test_id("turn")).to_contain_text("First words.")
    expect(page.get_by_test_id("stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("notice")).to_contain_text("Stopped")
    expect(page.get_by_test_id("session")).to_have_count(1)
    assert scripted[1].left.is_set(), "the agent was not told that nobody waits"
    page.reload()
    expect(page.get_by_test_id("turn")).to_contain_text("First words.")
    expect(page.get_by_test_id("notice")).to_contain_text("Stopped")


@pytest.mark.parametrize(
    ("question", "where", "said"),
    [
        ("refuse", "refusal", "only on weekdays"),
        ("error", "error", "the model is not there"),
        ("fails", "notice", "The result was cut."),
        ("retry", "notice", "asked again"),
        ("blocked", "notice", "guardrail"),
        ("confirm", "notice", "waits for your yes"),
    ],
)
def test_what_went_otherwise_is_shown_as_what_it_is(page: Page, question: str, where: str, said: str) -> None:
    turn = ask(page, question)
    expect(turn.get_by_test_id(where).filter(has_text=said)).not_to_have_count(0)
    page.reload()
    expect(page.get_by_test_id("turn").get_by_test_id("footer")).to_be_visible()


def test_a_failed_call_is_marked(page: Page) -> None:
    turn = ask(page, "fails")
    expect(turn.get_by_test_id("call")).to_have_attribute("data-status", "error")
    turn.get_by_test_id("call").locator("summary").click()
    expect(turn.get_by_test_id("call")).to_contain_text("Error 503")


def test_ten_megabytes_are_taken(page: Page) -> None:
    turn = ask(page, "huge")
    assert turn.get_by_test_id("answer").evaluate("one => one.textContent.length") == HUGE
    turn.get_by_test_id("call").locator("summary").click()
    expect(turn.get_by_test_id("call")).to_contain_text("more characters")
    ask(page, "anything")


def test_two_users_in_two_windows_have_their_own_sessions(browser: Browser, scripted: tuple[str, Scripted]) -> None:
    windows = [browser.new_context() for _ in range(2)]
    pages = [opened(window, scripted[0]) for window in windows]
    for page, user in zip(pages, ("ana", "ben"), strict=True):
        page.get_by_test_id("user").select_option(index=page.get_by_test_id("user").locator("option").count() - 1)
        page.get_by_test_id("other-user").fill(user)
        ask(page, f"I am {user}")
    names = {item["headers"][b"x-amzn-bedrock-agentcore-runtime-session-id"] for item in scripted[1].asked}
    assert len(names) == 2
    for window in windows:
        window.close()


def test_without_the_key_it_says_what_to_open_and_shows_nothing(context: BrowserContext, scripted: Any) -> None:
    page = context.new_page()
    page.goto(scripted[0].partition("#")[0])
    expect(page.get_by_test_id("trouble")).to_contain_text("make dev")
    expect(page.get_by_role("heading", level=1)).to_have_text("Agent")
    expect(page.get_by_test_id("send")).to_be_disabled()


def test_another_origin_can_neither_read_nor_frame_it(context: BrowserContext, scripted: Any) -> None:
    address, _, fragment = scripted[0].partition("#")
    other = address.replace("127.0.0.1", "localhost")
    page = context.new_page()
    page.goto(other)
    key = fragment.removeprefix("key=")
    read = """async ([url, key]) => {
        try { return (await fetch(url, {headers: {"X-Page-Key": key}})).status } catch { return "refused" }
    }"""
    assert page.evaluate(read, [f"{address}page/api/sessions", key]) == "refused"


def test_a_trace_of_5000_spans_draws_what_is_in_view(page: Page) -> None:
    turn = ask(page, "anything")
    session = page.evaluate("sessionStorage.getItem('session')")
    trace_id = page.evaluate(
        """async (id) => (await (await fetch('/page/api/sessions/' + id,
           {headers: {'X-Page-Key': sessionStorage.getItem('page-key') ?? sessionStorage.getItem('key')}})).json())
           .turns[0].traceId""",
        session,
    )
    path = STATE / SPAN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(span(trace_id, number))}\n" for number in range(5000)))
    turn.get_by_role("button", name="Trace").click()
    rows = page.get_by_test_id("span-row")
    expect(rows.first).to_contain_text("POST /invocations")
    assert rows.count() < 300
    page.get_by_role("treegrid").press("End")
    expect(page.get_by_role("treegrid")).to_contain_text("step 4094")  # the last one of the tree
    expect(rows.last).to_be_visible()


def span(trace_id: str, number: int) -> dict[str, Any]:
    return {
        "name": f"step {number}" if number else "POST /invocations",
        "context": {"span_id": f"0x{number:016x}", "trace_id": f"0x{trace_id}"},
        "parent_id": f"0x{max(0, number - 1) // 2:016x}" if number else None,
        "start_time": f"2026-11-28T10:00:{number // 100:02}.{number % 100:02}0000Z",
        "end_time": "2026-11-28T10:01:00.000000Z",
        "status": {"status_code": "ERROR" if number % 1000 == 999 else "UNSET"},
        "attributes": {"session.id": MARKUP},
        "events": [],
    }


def test_the_session_that_was_chosen_last_is_the_one_that_is_shown(page: Page) -> None:
    for question in ("markup", "fails"):
        ask(page, question)
        page.locator("#new-session").click()
    newest, oldest = page.get_by_test_id("session").nth(0), page.get_by_test_id("session").nth(1)
    held = Held(page, f"**/page/api/sessions/{oldest.get_attribute('data-session')}")
    oldest.click()
    held.wait()
    newest.click()
    expect(page.get_by_test_id("turn")).to_contain_text("fails")
    held.release()
    expect(page.get_by_test_id("turn")).to_contain_text("fails")
    expect(newest).to_have_attribute("aria-current", "true")
    page.route("**/page/api/sessions/*", lambda route: route.fulfill(status=404, json={"error": "it is not there"}))
    oldest.click()
    expect(page.get_by_test_id("said")).to_have_text("it is not there")


@pytest.mark.parametrize(("usd", "said"), [(1.5, "USD 1.50"), (None, "")])
def test_a_turn_costs_what_it_did_when_it_was_asked(
    usd: float | None, said: str, context: BrowserContext, scripted: tuple[str, Scripted], repository: Path
) -> None:
    with (repository / "environments" / "local.yaml").open("a") as file:
        file.write("\nprices:\n  offline: {input: 3.0, output: 15.0}\n")
    turn = {"question": "How?", "user": "kim", "at": "", "traceId": "", "usd": usd, "last": result("So.", usage=USAGE)}
    Conversations(STATE / "page").append("s" * 33, turn)
    page = opened(context, scripted[0])
    page.get_by_test_id("session").click()
    footer = page.get_by_test_id("footer").locator(".facts")
    expect(footer).to_contain_text("1,200 in")
    for place in (footer, page.locator("#totals"), page.get_by_test_id("session")):
        expect(place).to_contain_text(said or "1,2")
        assert said or "USD" not in str(place.text_content())


def test_a_row_of_the_ground_truth_is_shown_before_it_is_written(page: Page, repository: Path) -> None:
    dataset = repository / "evals" / "dataset.jsonl"
    before = dataset.read_text()
    turn = ask(page, "Is this asked nowhere else?")
    turn.get_by_role("button", name="Add as evaluation row").click()
    dialog = page.get_by_test_id("row-dialog")
    dialog.get_by_test_id("row-outcome").select_option("decline")
    expect(dialog.get_by_test_id("row-write")).to_be_hidden()
    dialog.get_by_test_id("row-show").click()
    expect(dialog.get_by_test_id("row-difference")).to_contain_text("Is this asked nowhere else?")
    assert dataset.read_text() == before
    dialog.get_by_test_id("row-write").click()
    expect(dialog.get_by_test_id("row-said")).to_contain_text("Written", timeout=60_000)
    assert dataset.read_text().count("Is this asked nowhere else?") == 1
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_last_report_is_shown_as_it_is_meant_to_look(page: Page, repository: Path) -> None:
    folder = repository / "evals" / "results" / "first"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"run": "first", "started": "2026-11-28T10:00:00.000+00:00"}')
    script = "<script>document.body.textContent = 'taken'</script>"
    (folder / "report.html").write_text(f"<style>p {{ color: rgb(1, 2, 3) }}</style><p>done</p>{script}")
    page.get_by_test_id("report").click()
    shown = page.frame_locator("iframe").locator("p")
    expect(shown).to_have_text("done")
    expect(shown).to_have_css("color", "rgb(1, 2, 3)")


def test_on_a_phone_nothing_is_cut_off(browser: Browser, scripted: tuple[str, Scripted]) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    page = opened(small, scripted[0])
    turn = ask(page, "markup")
    assert width(page) <= PHONE[0]
    turn.get_by_role("button", name="Trace").click()
    expect(page.get_by_test_id("trace")).to_be_visible()
    assert width(page) <= PHONE[0]
    page.get_by_role("button", name="Sessions").click()
    expect(page.get_by_test_id("session")).to_be_visible()
    small.close()


def test_every_control_has_a_name(page: Page) -> None:
    ask(page, "markup")
    assert nameless(page) == []
