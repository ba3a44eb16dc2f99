"""What the page of tools is told by its server. Marked `integration`: `kit dev` serves it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agentcore_kit.testing.server_process import copy_of_repository, running
from agentcore_kit.tool_contract.definitions import offered
from agentcore_kit.tool_contract.documentation import ELEMENTS
from tests.local.page_server import Page, page_of
from tests.local.tool.tools import SOURCE

pytestmark = pytest.mark.integration


def test_it_says_what_the_tools_are_as_a_client_lists_them(page: Page) -> None:
    told = page.get("tools").json()
    assert (told["name"], told["environment"], told["users"][0]) == ("example-tool", "local", "developer")
    listed = {one["name"]: one for one in offered()}
    assert [one["name"] for one in told["tools"]] == list(listed)
    for one in told["tools"]:
        assert {
            key: listed[one["name"]][key] for key in ("description", "inputSchema", "outputSchema")
        }.items() <= one.items()
        assert one["seenAs"] == f"example-tool___{one['name']}"
        assert [(each["name"], each["lacks"]) for each in one["elements"]] == [(name, "") for name in ELEMENTS]


def test_examples_are_calls_that_the_tools_accept(page: Page) -> None:
    headers = {"Authorization": f"Bearer {page.post('token', {'user': 'kim'}).json()['token']}"}
    called = 0
    for tool in page.get("tools").json()["tools"]:
        assert tool["examples"]
        for arguments in tool["examples"]:
            params = {"name": tool["name"], "arguments": arguments}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            accept = {"Accept": "application/json, text/event-stream"}
            answer = httpx.post(f"{page.address}/mcp", json=message, headers=headers | accept, timeout=60)
            assert not answer.json()["result"]["isError"], (tool["name"], answer.text)
            called += 1
    assert called >= len(offered())


def test_what_documentation_lacks_is_told_as_make_check_does(tmp_path: Path) -> None:
    with page_of(tmp_path, {"src/tool/tools.py": SOURCE}) as served:
        told = served.get("tools").json()
    (bad,) = [one for one in told["tools"] if one["name"] == "echoArguments"]
    lacks = {each["name"]: each["lacks"] for each in bad["elements"]}
    assert lacks["name"] == ""
    assert "words needs a description" in lacks["parameters"]
    assert "Use when" in lacks["when to use"]
    assert bad["examples"] == [{"words": "text"}], "no row of the ground truth calls it, so its schema says one"


def test_a_wrong_ground_truth_costs_only_its_examples(tmp_path: Path) -> None:
    with page_of(tmp_path, {"evals/dataset.jsonl": "{no row\n"}) as served:
        told = served.get("tools").json()
    assert all(one["examples"] for one in told["tools"] if one["inputs"]), "those of the schema"


def test_without_kit_dev_there_is_no_page(tmp_path: Path) -> None:
    with running(copy_of_repository(tmp_path), "tool.app:app") as address:
        assert [httpx.get(f"{address}{path}").status_code for path in ("/", "/page/api/tools")] == [401, 401]
