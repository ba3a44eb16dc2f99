"""Measures the page of `kit dev` in a headless Chromium; part of `make bench`, which leaves it out where there is none.

How long it takes to open, as soon as the server listens and later; from the server's first text until it is shown; to
open a session of 500 turns and a trace of 5,000 spans; and the longest time that the page does not react while a person
scrolls through either.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from run import free_port, say, set_up_repository

SERVER = Path(__file__).with_name("page_server.py")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPENED, QUESTIONS, TURNS, SPANS = 10, 20, 500, 5000
SESSION = "button[data-testid=session]"

WATCH = """
    window.blocked = 0;
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) window.blocked = Math.max(window.blocked, one.duration);
    }).observe({type: "longtask", buffered: true});
    new MutationObserver(() => {
        if (!window.named && document.querySelector("h1")?.textContent !== "Agent") window.named = performance.now();
        for (const one of document.querySelectorAll("[data-testid=answer]:not([data-seen])"))
            if (one.textContent) one.dataset.seen = performance.timeOrigin + performance.now();
    }).observe(document, {childList: true, subtree: true, characterData: true});
"""
"""Notes when the agent is named, when each answer has its first text, and the longest task of the page's thread."""

SCROLL = """async (selector) => {
    const box = document.querySelector(selector);
    window.blocked = 0;
    for (let at = 0; at <= 60; at += 1) {
        box.scrollTop = box.scrollHeight * (at % 30) / 30;
        await new Promise(requestAnimationFrame);
    }
    await new Promise((done) => setTimeout(done, 200));
    return window.blocked;
}"""


def main() -> None:
    """Measure, and print a line each."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        say(f"the page is not measured: none of {', '.join(NAMES)} is on PATH")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        repository = set_up_repository(Path(folder), "agent")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        browser.new_context().new_page().goto("about:blank")  # what a browser does once is none of the page's time
        command = [repository / ".venv" / "bin" / "python", SERVER, str(free_port()), str(TURNS), str(SPANS)]
        with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout
                measure(server.stdout.readline().strip(), browser)
            finally:
                server.terminate()
        browser.close()


def measure(address: str, browser: Browser) -> None:
    """Open the page at an address in a browser, and print what was measured."""
    opened = []
    for _ in range(OPENED):
        context = browser.new_context()
        page = context.new_page()
        page.add_init_script(WATCH)
        reach(page, address)
        page.locator("h1:not(:text-is('Agent'))").wait_for()
        opened.append(page.evaluate("window.named"))
        if len(opened) < OPENED:
            context.close()
    at_once, *later = opened
    say(f"page opened as soon as the server listens, the agent named: {at_once:.0f} ms")
    say(f"page opened later, the agent named: median {statistics.median(later):.0f} ms, most {max(later):.0f} ms")
    first = [ask(page, number) for number in range(QUESTIONS)]
    say(f"first text shown after it was sent: median {statistics.median(first):.1f} ms, most {max(first):.1f} ms")
    began = time.perf_counter()
    page.locator(SESSION, has_text=f"{TURNS} turns").click()
    page.get_by_test_id("turn").nth(TURNS - 1).wait_for()
    took = (time.perf_counter() - began) * 1000
    blocked = page.evaluate(SCROLL, "#log")
    say(f"session of {TURNS} turns: {took:.0f} ms to open, longest block in scrolling {blocked:.0f} ms")
    began = time.perf_counter()
    page.locator("[data-testid=show-trace]").last.click()
    page.locator("[data-testid=span-row]").first.wait_for()
    took = (time.perf_counter() - began) * 1000
    blocked = page.evaluate(SCROLL, "#trace-rows")
    say(f"trace of {SPANS} spans: {took:.0f} ms to open, longest block in scrolling {blocked:.0f} ms")


def reach(page: Page, address: str) -> None:
    """Open an address as soon as its server listens."""
    while True:
        try:
            page.goto(address)
            return
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            time.sleep(0.1)


def ask(page: Page, number: int) -> float:
    """Ask a question; return the milliseconds from the sending of the first text until it is in the page."""
    page.get_by_test_id("input").fill(f"Question {number}?")
    page.get_by_test_id("input").press("Enter")
    page.get_by_test_id("footer").nth(number).wait_for()
    page.get_by_test_id("send").wait_for()  # which it is again once the turn is kept
    answer = page.get_by_test_id("answer").nth(number)
    sent = float(str(answer.text_content()).split()[0])
    return float(str(answer.get_attribute("data-seen"))) - sent


if __name__ == "__main__":
    sys.exit(main())
