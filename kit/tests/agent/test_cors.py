"""Called from a page in a browser: only from origins that the environment file names, exactly as it names them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.environment import load_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.settings import AgentSettings
from tests.agent.test_server import Server, running
from tests.domains import Domain
from tests.homes import home_in

ORIGIN = "https://app.example.com"
OTHERS = ["https://evil.example.com", f"{ORIGIN}.evil.com", "http://app.example.com", "null", f"{ORIGIN}/"]
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": f"authorization,content-type,{SESSION_HEADER.lower()},traceparent",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = home_in(tmp_path_factory.mktemp("cors") / "home")
    with (home / "environments/local.yaml").open("a") as file:
        file.write(f"\ncors:\n  origins: [{ORIGIN}]\n")
    with running(home) as found:
        yield found


def granted(headers: object) -> set[str]:
    return {name for name in headers if name.lower().startswith("access-control-")}  # type: ignore[attr-defined]


@pytest.mark.integration
def test_the_preflight_of_a_named_origin_needs_no_token(server: Server) -> None:
    response = server.client.options("/invocations", headers={"Origin": ORIGIN, **PREFLIGHT})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    allowed = response.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", SESSION_HEADER.lower(), "traceparent"} <= set(allowed)
    assert "x-amzn-bedrock-agentcore-runtime-request-id" in allowed
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers, "the token is a header, no cookie"


@pytest.mark.integration
@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_is_granted_nothing(server: Server, origin: str) -> None:
    preflight = server.client.options("/invocations", headers={"Origin": origin, **PREFLIGHT})
    assert preflight.status_code == 405
    assert not granted(preflight.headers)
    assert not granted(server.client.get("/ping", headers={"Origin": origin}).headers)


@pytest.mark.integration
def test_answers_streams_refusals_and_pings_can_be_read_by_the_page(server: Server, domain: Domain) -> None:
    answer = server.post({"prompt": domain.asked.question}, Origin=ORIGIN)
    assert domain.figure in answer.json()["answer"]
    streamed = server.post({"prompt": domain.asked.question, "stream": True}, Origin=ORIGIN)
    events = [json.loads(line.removeprefix("data: ")) for line in streamed.text.splitlines() if line]
    assert events[-1]["type"] == "result"
    refused = server.client.post("/invocations", json={"prompt": "hi"}, headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    wrong = server.post({}, Origin=ORIGIN)
    assert wrong.status_code == 400
    ping = server.client.get("/ping", headers={"Origin": ORIGIN})
    for response in (answer, streamed, refused, wrong, ping):
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert response.headers["access-control-expose-headers"].lower() == SESSION_HEADER.lower()
        assert "origin" in response.headers["vary"].lower()
    for response in (answer, streamed):
        assert response.headers[SESSION_HEADER].startswith("one-")


@pytest.mark.integration
def test_without_the_setting_nobody_is_granted_anything(tmp_path: Path) -> None:
    with running(home_in(tmp_path / "home")) as found:
        preflight = found.client.options("/invocations", headers={"Origin": ORIGIN, **PREFLIGHT})
        assert preflight.status_code == 405
        assert not granted(preflight.headers)


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("*", "scheme and host"),
        ("https://app.example.com/", "scheme and host"),
        ("https://*.example.com", "scheme and host"),
        ("app.example.com", "scheme and host"),
        ("https://App.example.com", "lower case"),
        ("null", "scheme and host"),
    ],
)
def test_what_is_no_origin_is_refused(settings: AgentSettings, tmp_path: Path, origin: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        with_origin(settings, tmp_path, "local", origin)


def test_deployed_agents_take_https_only(settings: AgentSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="https"):
        with_origin(settings, tmp_path, "dev", "http://app.example.com")
    assert with_origin(settings, tmp_path, "local", "http://localhost:3000").cors.origins == ["http://localhost:3000"]
    assert with_origin(settings, tmp_path, "dev", ORIGIN).cors.origins == [ORIGIN]


def with_origin(settings: AgentSettings, folder: Path, name: str, origin: str) -> AgentEnvironment:
    """Return an environment of a copy of the repository, with that origin."""
    home = home_in(folder / f"copy{len(list(folder.iterdir()))}")
    with (home / f"environments/{name}.yaml").open("a") as file:
        file.write(f'\ncors:\n  origins: ["{origin}"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        found = load_environment(settings.manifest, {"AGENT_ENV": name})
    assert isinstance(found, AgentEnvironment)
    return found
