"""What a caller may send beside the question: tokens, identifiers; and what is left on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from agentcore_kit.runtime import identity
from agentcore_kit.runtime.identity import Unauthenticated, authenticate, issue_development_token
from tests.agent.test_server import Server, running
from tests.homes import home_in

SECRET_FILE = "development-secret"


def signed(token: str, state: Path) -> str:
    return authenticate({"Authorization": f"Bearer {token}"}, "development", state).user_id


@pytest.mark.parametrize("written", ["", "short", "z" * 64, "é" * 32, "0" * 63])
def test_a_secret_that_is_none_is_renewed(tmp_path: Path, written: str) -> None:
    (tmp_path / SECRET_FILE).write_text(written, encoding="utf-8")
    token = issue_development_token("alice", tmp_path)
    assert len((tmp_path / SECRET_FILE).read_text()) == 64
    assert signed(token, tmp_path) == "alice"
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]


def test_a_token_signed_with_an_empty_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / SECRET_FILE).write_text("")
    with monkeypatch.context() as patch:
        patch.setattr("agentcore_kit.runtime.identity._secret", lambda _: "")
        forged = issue_development_token("mallory", tmp_path)
    with pytest.raises(Unauthenticated, match="not signed"):
        signed(forged, tmp_path)


@pytest.mark.parametrize("before", [None, "cut"])
def test_tokens_that_are_made_at_once_are_signed_with_one_secret(tmp_path: Path, before: str | None) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            state = tmp_path / str(number)
            state.mkdir()
            if before:
                (state / SECRET_FILE).write_text(before)
            together = Barrier(8)

            def make(user: int, state: Path = state, together: Barrier = together) -> str:
                together.wait()
                return issue_development_token(f"user-{user}", state)

            tokens = list(pool.map(make, range(8)))
            assert [signed(token, state) for token in tokens] == [f"user-{user}" for user in range(8)]


def test_a_secret_that_was_removed_comes_back(tmp_path: Path) -> None:
    old = issue_development_token("alice", tmp_path)
    assert signed(old, tmp_path) == "alice"
    (tmp_path / SECRET_FILE).unlink()
    with pytest.raises(Unauthenticated, match="not signed"):
        signed(old, tmp_path)
    assert signed(issue_development_token("alice", tmp_path), tmp_path) == "alice"


@pytest.mark.parametrize("subject", ["half \ud83d", "\udc00"])
def test_a_subject_with_half_a_character_is_refused(tmp_path: Path, subject: str) -> None:
    with pytest.raises(Unauthenticated, match="sub"):
        signed(issue_development_token(subject, tmp_path), tmp_path)


@pytest.mark.parametrize(
    "claims",
    ["[" * 30_000, '{"sub": "alice", "exp": 1' + "0" * 400 + "}", '{"sub": "alice", "exp": NaN}', "[]", "\ud83d"],
    ids=["nested", "an expiry that is no float", "an expiry that is no number", "a list", "half a character"],
)
def test_a_signed_token_that_says_nothing_usable_is_refused(tmp_path: Path, claims: str) -> None:
    said = [identity._base64(part.encode("utf-8", "surrogatepass")) for part in ("{}", claims)]
    token = ".".join([*said, identity._signature(".".join(said), tmp_path)])
    with pytest.raises(Unauthenticated, match="expir"):
        signed(token, tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(home_in(tmp_path_factory.mktemp("edges") / "home")) as found:
        yield found


@pytest.mark.integration
def test_two_tokens_are_refused(server: Server) -> None:
    headers = server.headers("alice", "one")
    for other in (server.headers("bob", "one"), headers):
        both = [*headers.items(), ("Authorization", other["Authorization"])]
        response = server.client.post("/invocations", json={"prompt": "What can you do?"}, headers=both)
        assert response.status_code == 401
        assert "more than one" in response.json()["error"]


@pytest.mark.integration
@pytest.mark.parametrize("sent", ["x" * 10_000, "with space", "é"])
def test_an_odd_request_id_is_replaced(server: Server, sent: str) -> None:
    name = b"X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"
    headers = [(key.encode(), value.encode()) for key, value in server.headers("alice", "one").items()]
    payload = {"prompt": "What can you do?"}
    odd = server.client.post("/invocations", json=payload, headers=[*headers, (name, sent.encode("latin-1"))]).json()
    assert len(odd["requestId"]) == 36
    plain = server.client.post("/invocations", json=payload, headers=[*headers, (name, b"a-b-1")]).json()
    assert plain["requestId"] == "a-b-1"
    assert sent not in (server.home / "server.log").read_text()


@pytest.mark.integration
def test_what_is_kept_is_for_its_owner_only(server: Server) -> None:
    server.ask("What can you do?")
    state = server.home / ".local"
    assert {path.name for path in state.iterdir()} >= {"sessions", SECRET_FILE}
    assert state.stat().st_mode & 0o077 == 0


def test_warnings_and_what_nobody_can_raise_are_lines_of_json() -> None:
    code = (
        "import sys, warnings\n"
        "from agentcore_kit.runtime.logging import configure_logging\n"
        "configure_logging(lambda: {})\n"
        "warnings.warn('this will go')\n"
        "class Odd:\n"
        "    def __del__(self):\n"
        "        raise ValueError('while it was forgotten')\n"
        "Odd()\n"
        "raise KeyError('nobody caught it')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    for line, said in zip(lines, ("this will go", "while it was forgotten", "nobody caught it"), strict=True):
        assert said in json.dumps(line)
    assert [line["level"] for line in lines] == ["WARNING", "ERROR", "CRITICAL"]
