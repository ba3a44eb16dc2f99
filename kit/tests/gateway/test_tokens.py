"""Who is let in: tokens of the issuer on this machine, verified by its keys, and no others."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.local.gateway.issuer import DISCOVERY_PATH, KEYS_FILE, Issuer
from agentcore_kit.runtime.identity import Unauthenticated, authenticate, issue_development_token
from tests.gateway.client import User
from tests.gateway.conftest import Running
from tests.gateway.targets import Target
from tests.homes import free_port


def forged(gateway: Running, what: str) -> str:
    """Return a token that must not be let in."""
    good = gateway.issuer.issue("ana")
    said = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    elsewhere = gateway.state.with_name("elsewhere")
    match what:
        case "none":
            return ""
        case "no token":
            return "not-a-token"
        case "signed by another key":
            private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return jwt.encode(said, private, "RS256", headers={"kid": header["kid"]})
        case "signed with an algorithm of other keys":
            curve = ec.generate_private_key(ec.SECP256R1())
            return jwt.encode(said, curve, "ES256", headers={"kid": header["kid"]})
        case "signed with the public key as a secret":
            key = httpx.get(f"{gateway.address}/.well-known/jwks.json", trust_env=False).json()["keys"][0]["n"]
            return jwt.encode(said, key, "HS256", headers={"kid": header["kid"]})
        case "not signed":
            return jwt.encode(said, "", "none", headers={"kid": header["kid"]})
        case "claims changed":
            head, _, signature = good.split(".")
            body = jwt.encode({**said, "sub": "root"}, "x" * 32, "HS256").split(".")[1]
            return f"{head}.{body}.{signature}"
        case "expired":
            return gateway.issuer.issue("ana", seconds=-1)
        case "wrong issuer":
            return _by_the_same_keys(gateway, "http://127.0.0.1:1", gateway.settings.audience)
        case "wrong audience":
            return _by_the_same_keys(gateway, gateway.address, "somebody-else")
        case "another machine's issuer":
            return Issuer(elsewhere, gateway.address, gateway.settings.audience).issue("ana")
        case "a development secret":
            return issue_development_token("ana", elsewhere)
    raise AssertionError(what)


def _by_the_same_keys(gateway: Running, url: str, audience: str) -> str:
    return Issuer(gateway.state, url, audience).issue("ana")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("none", "no bearer token"),
        ("no token", "not signed by this issuer"),
        ("signed by another key", "not signed by this issuer"),
        ("signed with an algorithm of other keys", "not signed by this issuer"),
        ("signed with the public key as a secret", "not signed by this issuer"),
        ("not signed", "not signed by this issuer"),
        ("claims changed", "not signed by this issuer"),
        ("expired", "has expired"),
        ("wrong issuer", "of another issuer"),
        ("wrong audience", "for another audience"),
        ("another machine's issuer", "not signed by this issuer"),
        ("a development secret", "not signed by this issuer"),
    ],
)
def test_no_other_token_is_let_in(gateway: Running, claims: Target, what: str, why: str) -> None:
    refused = User(f"{gateway.address}/mcp", forged(gateway, what)).post(
        "tools/call", {"name": "claims___read", "arguments": {"amount": 1}}
    )
    assert refused.status_code == 401
    challenge = refused.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert ('error="invalid_token"' in challenge) == (what != "none")
    assert why in refused.json()["error_description"]
    where = challenge.partition('resource_metadata="')[2].partition('"')[0]
    resource = httpx.get(where, trust_env=False).json()
    assert [each.rstrip("/") for each in resource["authorization_servers"]] == [gateway.address]
    assert claims.calls == []
    (line,) = gateway.audit()
    assert (line["decision"], line["user"], line["tool"]) == ("unauthenticated", "", "")
    assert why in line["reason"]


def test_a_key_that_was_replaced_is_valid_until_its_last_token_expires(gateway: Running) -> None:
    before = gateway.user("ana")
    short = gateway.issuer.issue("ben", seconds=600)
    first = jwt.get_unverified_header(short)["kid"]
    assert "claims___read" in before.tools()
    gateway.issuer.rotate()
    after = gateway.user("ana")
    assert jwt.get_unverified_header(after.token)["kid"] != first
    assert "claims___read" in before.tools()
    assert "claims___read" in after.tools()
    keys = gateway.state / KEYS_FILE
    assert keys.stat().st_mode & 0o077 == 0


def test_a_replaced_key_is_forgotten_when_no_token_needs_it(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, "http://127.0.0.1:1", "here")
    first = jwt.get_unverified_header(issuer.issue("ana", seconds=-5))["kid"]
    second = issuer.rotate()
    assert [key["kid"] for key in issuer.public_keys()["keys"]] == [second]
    lasting = issuer.issue("ana")
    third = issuer.rotate()
    assert {key["kid"] for key in issuer.public_keys()["keys"]} == {second, third}
    assert issuer.verify(lasting)["sub"] == "ana"
    assert first not in {second, third}


def test_claims_of_the_issuer_cannot_be_given(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, "http://127.0.0.1:1", "here")
    with pytest.raises(ConfigError, match="--claim iss="):
        issuer.issue("ana", claims={"iss": "http://elsewhere"})
    assert issuer.verify(issuer.issue("ana", claims={"department": "finance"}))["department"] == "finance"


def test_agents_and_tools_accept_the_tokens_by_the_discovery_document(gateway: Running, tmp_path: Path) -> None:
    discovery = f"{gateway.address}{DISCOVERY_PATH}"

    def caller(token: str, at: str = discovery) -> str:
        headers = {"Authorization": f"Bearer {token}"}
        return authenticate(headers, "development", tmp_path / "component", at).user_id

    assert caller(gateway.issuer.issue("ana")) == "ana"
    assert caller(issue_development_token("kim", tmp_path / "component")) == "kim", "its own tokens stay valid"
    by_others = ("signed by another key", "signed with an algorithm of other keys")
    for what in (*by_others, "not signed", "claims changed", "expired", "wrong issuer"):
        with pytest.raises(Unauthenticated):
            caller(forged(gateway, what))
    with pytest.raises(Unauthenticated, match="not signed on this machine"):
        caller(forged(gateway, "signed with the public key as a secret"))
    gateway.issuer.rotate()
    time.sleep(1.1)  # unknown keys are asked for once a second
    assert caller(gateway.issuer.issue("ben")) == "ben"
    down = f"http://127.0.0.1:{free_port()}{DISCOVERY_PATH}"
    with pytest.raises(Unauthenticated, match="make dev"):
        caller(gateway.issuer.issue("ana"), down)
