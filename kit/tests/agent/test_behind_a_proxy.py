"""`kit ask` where every connection is told to go by a proxy: gateway, memory and model on this machine are reached."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from agentcore_kit.local.recorded_gateway import Recording, recording_path
from agentcore_kit.local.surroundings import surroundings
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.providers import FAMILIES, serving
from tests.agent.test_surroundings import FOUND, TOOL, with_surroundings
from tests.domains import Exchange
from tests.homes import environment_of, home_in

NOWHERE = "http://127.0.0.1:9"
QUESTION = "Where is the key of the boathouse?"


@pytest.fixture
def _recorded() -> Iterator[None]:
    recording = Recording("desk", [TOOL])
    recording.note("desk___findKey", {"building": "boathouse"}, {}, FOUND)
    recording.write()
    yield
    recording_path("desk").unlink(missing_ok=True)


def told_to_use_all_three(home: Path) -> None:
    """Let the files name a gateway and a memory; where these are is said by variables."""
    for name in ("manifest.yaml", "environments/local.yaml"):
        path = home / name
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if name == "manifest.yaml":
            document["spec"] |= {"tools": {"gateways": ["desk"]}, "memory": "customers"}
        else:
            document |= {
                "gateways": {"desk": f"{NOWHERE}/mcp"},
                "memory": {"id": "customers-localstore", "endpoint": NOWHERE},
                "limits": {"gateways": {"connectSeconds": 60}},  # a busy machine is no reason to go without its tools
            }
        path.write_text(yaml.safe_dump(document), encoding="utf-8")


@pytest.mark.integration
@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_gateway_memory_and_model_are_reached_on_this_machine(
    settings: AgentSettings, tmp_path: Path, spell: Callable[[str], str]
) -> None:
    home = home_in(tmp_path / "home")
    told_to_use_all_three(home)
    around = with_surroundings(settings, NOWHERE, "desk", at=NOWHERE)
    family = FAMILIES["openai"]
    exchange = Exchange(QUESTION, {"building": "boathouse"})
    with (
        surroundings(around.manifest, around.environment) as found,
        serving(family, "desk___findKey", (exchange,)) as model,
    ):
        assert {"AGENT_MEMORY_ENDPOINT", "AGENT_GATEWAY_DESK"} <= set(found.variables)
        chosen = {"PROVIDER": "openai-compatible", "BASE_URL": model.url, "ID": family.model}
        variables = {name: value for name, value in environment_of(home).items() if not name.lower().endswith("_proxy")}
        variables |= found.variables | {f"AGENT_MODEL_{name}": value for name, value in chosen.items()}
        variables |= dict.fromkeys(map(spell, ("http_proxy", "https_proxy", "all_proxy")), NOWHERE)
        answers = [
            subprocess.run(
                [sys.executable, "-m", "agentcore_kit", "ask", "--json", "--session", "a" * 40, "--", QUESTION],
                cwd=home, env=variables | {"OPENAI_API_KEY": "any"}, capture_output=True, text=True, check=False,
            )
            for _ in range(2)
        ]  # fmt: skip
    assert [answer.returncode for answer in answers] == [0, 0], answers[0].stderr
    said = json.loads(answers[0].stdout)
    assert said["notices"] == []
    assert [(call["name"], call["status"]) for call in said["toolCalls"]][:1] == [("desk___findKey", "success")]
    asked = [message for message in model.requests[-1]["messages"] if QUESTION in str(message["content"])]
    assert len(asked) == 2, "the second process has the conversation of the first from the memory"
