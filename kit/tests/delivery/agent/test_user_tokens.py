"""Test users of a deployed agent: signed in with what a secret has, so that rows are asked as who they name."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qsl
from urllib.request import Request

import boto3
import pytest
from botocore.stub import Stubber

from agentcore_kit.delivery import access_token
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.delivery.user_tokens import user_tokens
from agentcore_kit.evaluation.users import TOKENS
from agentcore_kit.local.aws_emulator.cloud import Answer
from agentcore_kit.local.rehearsal.component import fakes
from tests.delivery.agent.test_smoke import DECLINED, ROW, rows, write
from tests.delivery.runtime_world import COMMIT, World
from tests.delivery.shell import refused

__all__ = ["rows"]

SECRET = "agents/test-users"
OAUTH = {
    "tokenUrl": "https://login.example.com/token",
    "clientId": "tester",
    "clientSecret": "of-tests",
    "users": {
        "Kim": {"username": "kim@example.com", "password": "of-kim"},
        "Robin": {"refreshToken": "of-robin"},
        "Sam": {"username": "sam@example.com", "password": "wrong"},
    },
}


def jwt(**claims: Any) -> str:
    part = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.signature"


def named(row: dict[str, Any], user: str) -> dict[str, Any]:
    return {**row, "metadata": {**row["metadata"], "user": user}}


def test_smoke_rows_are_asked_as_the_users_whom_they_name(world: World, rows: Path) -> None:
    asked: list[dict[str, str]] = []
    heard: dict[str, str] = {}

    def signs_in(request: Request, timeout: float) -> BytesIO:
        form = dict(parse_qsl(bytes(request.data or b"").decode()))  # type: ignore[arg-type]
        asked.append(form)
        if form.get("password") == "wrong":
            raise URLError("invalid_grant")
        name = "Kim" if form.get("username") == "kim@example.com" else "Robin"
        return BytesIO(json.dumps({"access_token": jwt(given_name=name)}).encode())

    def listens(image: str, headers: Mapping[str, str], body: bytes) -> Answer:
        heard[json.loads(body)["prompt"]] = headers["Authorization"]
        return fakes().answer(image, headers, body)

    other = {**ROW, "scenario_id": "sams", "turns": [{"input": "Where is my key?"}]}
    write(rows, named(ROW, "Kim"), named(DECLINED, "Robin"), named(other, "Sam"))
    world.with_environment("dev", test_users=SECRET)
    world.at("dev").secrets.values[SECRET] = json.dumps(OAUTH)
    world.monkeypatch.setattr(access_token, "urlopen", signs_in)
    world.release(COMMIT, "dev")
    world.cloud.agent = listens

    said = world.must("smoke", "dev").out

    assert heard == {
        ROW["turns"][0]["input"]: f"Bearer {jwt(given_name='Kim')}",
        DECLINED["turns"][0]["input"]: f"Bearer {jwt(given_name='Robin')}",
    }
    assert {"grant_type": "password", "username": "kim@example.com", "password": "of-kim"} in asked
    assert {"grant_type": "refresh_token", "refresh_token": "of-robin"} in asked
    assert "test user Sam cannot sign in: https://login.example.com/token gave no token" in said
    assert "left out row sams: nobody is signed in as Sam" in said
    assert "of-kim" not in said
    assert "of-robin" not in said


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (None, "there is no secret agents/test-users, which testUsers of environments/dev.yaml names"),
        ("{", "all of it: Invalid JSON"),
        (json.dumps({"clientId": "x", "users": {"Kim": {"pass": "of-kim"}}}), "users.Kim.pass: Extra inputs"),
    ],
)
def test_a_secret_that_is_not_right_is_told_without_what_is_in_it(world: World, value: str | None, wrong: str) -> None:
    world.with_environment("dev", test_users=SECRET)
    if value is not None:
        world.at("dev").secrets.values[SECRET] = value
    world.ready(COMMIT)
    world.must("deploy", "dev")
    typed = world.type("smoke", "dev", "--endpoint", "DEFAULT")
    refused(typed, wrong)
    assert "of-kim" not in typed.err + typed.out


def test_the_gate_hands_the_tokens_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKENS, json.dumps({"Kim": "by-hand"}))
    given: dict[str, Any] = {}

    def run(_: Any, **options: Any) -> Any:
        given.update(options["env"])
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("agentcore_kit.kinds.base.subprocess.run", run)
    world.ready(COMMIT)
    world.must("deploy", "dev")
    world.must("gate", "dev")
    assert json.loads(given[TOKENS]) == {"Kim": "by-hand"}


def of_cognito(reply: dict[str, Any] | str) -> tuple[Any, Stubber]:
    """Return an environment whose users sign in at Cognito, which answers this."""
    client = boto3.client("cognito-idp", region_name="eu-central-1")
    stub = Stubber(client)
    parameters = {
        "USERNAME": "kim@example.com",
        "PASSWORD": "of-kim",
        # What the service computes: HMAC-SHA256 of user name and client id, with the client's secret.
        "SECRET_HASH": "ySzp1oPpTtUgHU0F9ueYownx/vHNATKEWEidz4SpNSc=",
    }
    wanted = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "tester", "AuthParameters": parameters}
    if isinstance(reply, str):
        stub.add_client_error("initiate_auth", reply, expected_params=wanted)
    else:
        stub.add_response("initiate_auth", reply, wanted)
    users = {"Kim": {"username": "kim@example.com", "password": "of-kim"}}
    secret = json.dumps({"clientId": "tester", "clientSecret": "of-tests", "users": users})
    secrets = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": secret})
    services = {"secretsmanager": secrets, "cognito-idp": client}
    environment = SimpleNamespace(test_users=SECRET)
    return SimpleNamespace(name="dev", environment=environment, client=services.__getitem__), stub


@pytest.mark.parametrize(
    ("reply", "tokens", "said"),
    [
        ({"AuthenticationResult": {"AccessToken": "of-cognito"}}, {"Kim": "of-cognito"}, ""),
        ({"ChallengeName": "NEW_PASSWORD_REQUIRED"}, {}, "admin-set-user-password --permanent"),
        ("NotAuthorizedException", {}, "test user Kim cannot sign in: Cognito: NotAuthorizedException"),
    ],
)
def test_users_of_cognito_sign_in_by_password(
    reply: dict[str, Any] | str, tokens: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    context, stub = of_cognito(reply)
    with stub:
        assert user_tokens(context) == tokens
    assert said in capsys.readouterr().out


def test_a_token_address_must_be_https() -> None:
    with pytest.raises(CommandError, match="is not https"):
        access_token.request_token("http://login.example.com", "c", "s", {"grant_type": "password"})
