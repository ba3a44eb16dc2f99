"""The page loads beside the component: by itself, after its start, and without holding up its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from agentcore_kit.local.page.app import Page
from agentcore_kit.local.page.parts import Parts
from agentcore_kit.local.served_app import served
from tests.homes import free_port


async def healthy(scope: Any, receive: Any, send: Any) -> None:
    """Answer as a component does that is up: 204 to everything."""
    message = await receive()
    if scope["type"] == "lifespan":
        await send({"type": f"{message['type']}.complete"})
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def page_after(tmp_path: Path) -> Callable[[Callable[[], object]], Page]:
    """Return what makes a page that does something while it is loaded."""
    (tmp_path / "page.html.jinja").write_text("<h1>Here</h1>")

    def made(first: Callable[[], object]) -> Page:
        def parts() -> Parts:
            first()
            return Parts(folder=tmp_path, settings=lambda: None, get={}, post={})

        return Page(healthy, parts)

    return made


def test_who_opens_the_page_while_it_loads_holds_up_nobody_else(page_after: Any) -> None:
    others, waited = Event(), list[bool]()
    page = page_after(lambda: waited.append(others.wait(10)))

    async def opened() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://127.0.0.1") as client:
            first, second = (asyncio.create_task(client.get("/")) for _ in range(2))
            await asyncio.sleep(0)
            health = await client.get("/ping")
            others.set()
            return [health.status_code, (await first).status_code, (await second).status_code]

    assert asyncio.run(opened()) == [204, 200, 200]
    assert waited == [True], "it is loaded once"


@pytest.mark.integration
def test_it_loads_by_itself_once_the_component_answers(page_after: Any) -> None:
    port, answered, loaded = free_port(), list[int](), Event()

    def first() -> None:
        answered.append(httpx.get(f"http://127.0.0.1:{port}/ping").status_code)
        loaded.set()

    with served(page_after(first), "page", port):
        assert loaded.wait(20), "nobody has asked for it"
    assert answered == [204]
