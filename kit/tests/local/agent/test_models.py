"""Choosing a model on the page, and two side by side. Marked `integration`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from playwright.sync_api import Page as Tab

from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.local.page.agent.models import MODEL_HEADER, Models
from agentcore_kit.local.page.app import KEY_HEADER
from agentcore_kit.serving.app import OTHER_SETTINGS
from agentcore_kit.serving.settings import AgentSettings
from tests.homes import free_port
from tests.local.agent.asking import ask
from tests.local.agent.two_models import ONE, OTHER, Endpoint, agent_with, endpoint
from tests.local.browsers import PHONE, nameless, opened, width
from tests.local.page_server import Page, new_session

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Endpoint, Page]]:
    """Serve an agent with two models, where nobody is signed in to AWS."""
    folder = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, str(folder / "none"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with endpoint() as models, agent_with(folder, models.address) as page:
            yield models, page


@pytest.fixture
def models(two: tuple[Endpoint, Page]) -> Iterator[Endpoint]:
    """Return the endpoint, which was asked nothing yet."""
    two[0].asked.clear()
    yield two[0]
    two[0].together = None


def asked_with(page: Page, model: str, session: str, **changed: str) -> httpx.Response:
    headers = page.headers("kim", session) | {MODEL_HEADER: quote(model)} | changed
    return httpx.post(f"{page.address}/invocations", json={"prompt": "Hello?"}, headers=headers, timeout=60)


def name_of(models: Endpoint, model: str) -> str:
    return f"{model} at {models.address}"


def test_the_models_of_the_environment_files_can_be_asked_and_what_they_cost_is_known(
    models: Endpoint, two: tuple[Endpoint, Page]
) -> None:
    told = two[1].get("models").json()["models"]
    assert told[0]["name"] == name_of(models, ONE)
    by_id = {one["id"]: one for one in told}
    assert (by_id[OTHER]["environments"], by_id[OTHER]["price"]["output"]) == (["local"], 20.0)
    assert by_id["offline"]["label"], "that it is no LLM must be shown"
    assert {"dev", "prod"} <= {name for one in told if one["provider"] == "bedrock" for name in one["environments"]}


def test_a_session_is_asked_with_the_model_it_began_with(models: Endpoint, two: tuple[Endpoint, Page]) -> None:
    page, session = two[1], new_session()
    first = asked_with(page, name_of(models, OTHER), session).json()
    assert (first["model"]["id"], first["answer"]) == (OTHER, f"Begun by {OTHER}, done.")
    assert asked_with(page, "offline", session).json()["model"]["id"] == OTHER
    assert asked_with(page, "", session).json()["model"]["id"] == OTHER
    kept = page.get(f"sessions/{session}").json()["turns"]
    assert [turn["model"] for turn in kept] == [name_of(models, OTHER)] * 3
    assert asked_with(page, "", new_session()).json()["model"]["id"] == ONE
    refused = asked_with(page, "none such", new_session())
    assert (refused.status_code, "none such" in refused.json()["error"]) == (400, True)


def test_only_the_page_chooses(models: Endpoint, two: tuple[Endpoint, Page]) -> None:
    answered = asked_with(two[1], name_of(models, OTHER), new_session(), **{KEY_HEADER: ""})
    assert (answered.status_code, answered.json()["model"]["id"]) == (200, ONE), "as if the header were not there"


def test_a_model_that_cannot_be_reached_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with agent_with(tmp_path, address := f"http://127.0.0.1:{free_port()}/v1") as page:
        refused = page.post("models/check", {"model": f"{OTHER} at {address}"})
        assert (refused.status_code, OTHER in refused.json()["error"], "another" in refused.json()["next"]) == (
            400, True, True,
        )  # fmt: skip
        assert page.post("models/check", {"model": "offline"}).json() == {"model": "offline"}
        assert page.post("models/check", {"model": 7}).status_code == 400


@pytest.fixture
def differing(repository: Path) -> Models:
    """Return the choices of an agent with the same model everywhere, but for production with settings of its own."""
    production = repository / "environments/prod.yaml"
    text = production.read_text(encoding="utf-8")
    production.write_text(text.replace("temperature: 0.2", "temperature: 0.9"), encoding="utf-8")
    local = repository / "environments/local.yaml"
    text = local.read_text(encoding="utf-8")
    local.write_text(text.replace("provider: offline", "provider: offline\n  temperature: 0.7"), encoding="utf-8")
    return Models(AgentSettings.from_files, Conversations(repository / "kept"))


def test_the_same_model_with_other_settings_is_another_choice_that_says_whose_they_are(differing: Models) -> None:
    told = {one["name"]: (one["id"], one["environments"]) for one in differing.all()["models"]}
    model = next(model for model, environments in told.values() if "prod" in environments)
    assert told == {
        "offline": ("offline", ("local",)),  # once, as it answers alike whatever its settings are
        f"{model} as in dev": (model, ("dev", "preprod")),
        f"{model} as in prod": (model, ("prod",)),
    }


@pytest.mark.parametrize(("environment", "temperature"), [("dev", 0.2), ("prod", 0.9)])
def test_a_model_is_asked_with_the_settings_that_were_chosen(
    differing: Models, environment: str, temperature: float
) -> None:
    found: list[AgentSettings] = []

    async def agent(scope: Any, *_: Any) -> None:
        found.append(scope[OTHER_SETTINGS])

    (name,) = [one["name"] for one in differing.all()["models"] if environment in one["environments"]]
    scope = {"type": "http", "headers": [(MODEL_HEADER.lower().encode(), quote(name).encode())]}
    asyncio.run(differing.asked(lambda app, *_: app)(agent)(scope, None, None))  # type: ignore[arg-type]
    assert found[0].environment.model.temperature == temperature


def choose(tab: Tab, select: str, name: str) -> None:
    tab.get_by_test_id(select).select_option(name)


def column(tab: Tab) -> Any:
    """Return the second conversation."""
    return tab.get_by_test_id("second")


def test_two_models_answer_beside_each_other_and_neither_knows_of_the_other(
    context: BrowserContext, models: Endpoint, two: tuple[Endpoint, Page]
) -> None:
    tab = opened(context, two[1].opened)
    expect(column(tab)).to_be_hidden()
    choose(tab, "second-choice", name_of(models, OTHER))
    expect(column(tab).get_by_role("heading", level=2)).to_contain_text(OTHER)
    models.together = Barrier(3)
    tab.get_by_test_id("input").fill("Side by side?")
    tab.get_by_test_id("input").press("Enter")
    first = tab.locator("#turns")
    expect(first).to_contain_text(f"Begun by {ONE}")
    expect(column(tab)).to_contain_text(f"Begun by {OTHER}")  # both have begun, and neither has ended
    assert tab.get_by_test_id("footer").count() == 0
    models.together.wait(timeout=30)
    expect(first.get_by_test_id("footer")).to_contain_text("USD 0.002")
    expect(column(tab).get_by_test_id("footer")).to_contain_text("USD 0.004")
    for part in ("1,000 in", "1 model call", " ms"):
        expect(column(tab).get_by_test_id("footer")).to_contain_text(part)
    models.together = None
    tab.get_by_test_id("input").fill("And now?")
    tab.get_by_test_id("input").press("Enter")
    expect(tab.get_by_test_id("footer")).to_have_count(4)
    for model, other in ((ONE, OTHER), (OTHER, ONE)):
        told = models.said_to(model)[-1]
        assert (f"Begun by {model}" in told, f"Begun by {other}" in told) == (True, False)
    kept = tab.get_by_test_id("session").filter(has_text="Side by side?")
    expect(kept).to_have_count(2)
    assert nameless(tab) == []
    listed = [one for one in two[1].get("sessions").json()["sessions"] if one["title"] == "Side by side?"]
    assert {one["model"]: one["usd"] for one in listed} == {
        name_of(models, ONE): pytest.approx(0.004), name_of(models, OTHER): pytest.approx(0.008),
    }  # fmt: skip
    choose(tab, "model", "offline")
    expect(tab.get_by_role("heading", level=2, name="offline")).to_be_visible()
    expect(tab.get_by_test_id("turn")).to_have_count(0)
    choose(tab, "model", name_of(models, OTHER))
    expect(column(tab)).to_be_hidden()  # no model is compared with itself
    expect(tab.get_by_test_id("totals")).to_contain_text("New session")
    kept.filter(has_text=OTHER).click()
    expect(tab.get_by_test_id("model")).to_have_value(name_of(models, OTHER))
    expect(tab.get_by_test_id("turn").last).to_contain_text(f"Begun by {OTHER}")


def test_another_model_is_asked_in_a_new_session(
    context: BrowserContext, models: Endpoint, two: tuple[Endpoint, Page]
) -> None:
    tab = opened(context, two[1].opened)
    ask(tab, "Hello?")
    choose(tab, "model", name_of(models, OTHER))
    expect(tab.get_by_test_id("turn")).to_have_count(0)
    expect(ask(tab, "Hello?").get_by_test_id("answer")).to_have_text(f"Begun by {OTHER}, done.")
    assert [body["model"] for body in models.asked] == [ONE, OTHER]


def test_escape_stops_both(context: BrowserContext, models: Endpoint, two: tuple[Endpoint, Page]) -> None:
    tab = opened(context, two[1].opened)
    choose(tab, "second-choice", name_of(models, OTHER))
    expect(column(tab)).to_be_visible()
    models.together = Barrier(3)
    tab.get_by_test_id("input").fill("Hello?")
    tab.get_by_test_id("input").press("Enter")
    expect(column(tab)).to_contain_text("Begun by")
    expect(tab.locator("#turns")).to_contain_text("Begun by")
    tab.keyboard.press("Escape")
    expect(tab.get_by_test_id("notice").filter(has_text="Stopped")).to_have_count(2)
    expect(tab.get_by_test_id("send")).to_be_enabled()
    models.together.abort()


def test_on_a_phone_they_are_one_below_the_other_and_who_is_not_there_is_said(
    browser: Browser, models: Endpoint, two: tuple[Endpoint, Page]
) -> None:
    small = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, color_scheme="dark")
    tab = opened(small, two[1].opened)
    bedrock = next(one for one in two[1].get("models").json()["models"] if one["provider"] == "bedrock")["name"]
    choose(tab, "second-choice", bedrock)
    expect(tab.get_by_test_id("said")).to_contain_text("no AWS credentials – sign in")
    expect(tab.get_by_test_id("second-choice")).to_have_value("")
    expect(column(tab)).to_be_hidden()
    choose(tab, "second-choice", "offline")
    expect(column(tab)).to_contain_text("not an LLM")
    ask(tab, "Hello?")
    expect(column(tab).get_by_test_id("footer")).to_be_visible()
    above, below = tab.locator("#log").bounding_box(), column(tab).bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"] + 1
    assert above["height"] > 80
    assert width(tab) <= PHONE[0]
    small.close()
