"""Who is asking: the claims of the caller's token. Never the payload, which anyone can write.

In the cloud the Runtime's JWT authorizer has verified signature, issuer, audience and expiry before the request gets
here, and nothing else can reach the microVM, so the claims are only read. Locally there is no Runtime: the agent
verifies a development token itself, signed with a secret that never leaves the machine.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import time
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from agentcore_kit.config.errors import ConfigError

_SECRET_FILE = "development-secret"  # noqa: S105 - the name of a file, not a secret


class Unauthenticated(Exception):
    """The request has no usable token; the message says what to do."""


@dataclass(frozen=True)
class Caller:
    """A verified user.

    Attributes:
        user_id: The subject of the token.
        claims: All that the token says.
        token: The token itself, which is passed on to gateways and never logged.
    """

    user_id: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)

    @property
    def first_name(self) -> str | None:
        """The user's given name, when the token has one that can be a name: it goes into the model's context."""
        name = self.claims.get("given_name")
        return name if isinstance(name, str) and _can_be_a_name(name) else None

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> NoReturn:
        """Keep pydantic from reading a caller out of data, in whatever type one stands: anyone can write data."""
        raise TypeError("who asks is never read from data")


def _can_be_a_name(text: str) -> bool:
    """Letters and marks of any script, hyphen and apostrophe, in at most three words and 40 characters."""
    letters = all(unicodedata.category(c)[0] in "LM" or c in " -'’.\u200c\u200d" for c in text)
    return letters and 0 < len(text) <= 40 and 0 < len(text.split()) <= 3


def authenticate(headers: Mapping[str, str], mode: Literal["development", "runtime"], state: Path) -> Caller:
    """Return the caller that the `Authorization` header names.

    Args:
        headers: The request's, with `Authorization` spelt so, or a mapping that ignores case.
        mode: `runtime` where AgentCore Runtime has verified the token, `development` where nobody has.
        state: The folder for local state, which has the secret of development tokens.

    Raises:
        Unauthenticated: When the header is missing, or the token is malformed, forged or expired.
    """
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        hint = "make one with `kit token`" if mode == "development" else "sign in and send your access token"
        raise Unauthenticated(f"no bearer token in the Authorization header; {hint}")
    if mode == "development":
        _verify_development_token(token, state)
    claims = _read(token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Unauthenticated("the token has no subject (sub)")
    return Caller(subject, claims, token)


def issue_development_token(user_id: str, state: Path, *, first_name: str | None = None, hours: float = 12) -> str:
    """Return a token that servers on this machine accept, and nothing else does.

    Args:
        user_id: The user that it names.
        state: The folder for local state, which has the secret that signs it.
        first_name: The user's given name, if the agent is to know it.
        hours: How long it is valid.

    Raises:
        ConfigError: When `DEVELOPMENT_SECRETS` names no repository's folder.
    """
    now = int(time.time())
    claims: dict[str, Any] = {"sub": user_id, "iat": now, "exp": now + int(hours * 3600)}
    if first_name:
        claims["given_name"] = first_name
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    return f"{signed}.{_signature(signed, state)}"


def _verify_development_token(token: str, state: Path) -> None:
    """Refuse a token that this machine's secret did not sign, whatever algorithm its header claims.

    A JWT library would do the same; loading its cryptography takes a tenth of the agent's start.
    """
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed, state).encode()):
        raise Unauthenticated("the token was not signed on this machine; make one with `kit token`")


def _read(token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature was verified, by the Runtime or above; expiry is checked here."""
    try:
        claims: dict[str, Any] = json.loads(_decode(token.split(".")[1]))
        expired = float(claims["exp"]) <= time.time()
    except (IndexError, KeyError, TypeError, ValueError):
        raise Unauthenticated("the token is no JWT with an expiry (exp)") from None
    if expired:
        raise Unauthenticated("the token has expired")
    return claims


def _signature(signed: str, state: Path) -> str:
    return _base64(hmac.digest(_secret(_secrets_folder(state)).encode(), signed.encode(), "sha256"))


def _encode(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part).encode())


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _secrets_folder(state: Path) -> Path:
    """Return the folder of the secret that signs development tokens, for who makes them and who checks them alike.

    It is this component's own, unless `DEVELOPMENT_SECRETS` names that of another repository, whose users are to be let
    in. Raises ConfigError when that is none: a secret made in the wrong place would let nobody in.
    """
    other = os.environ.get("DEVELOPMENT_SECRETS")
    if not other:
        return state
    folder = Path(other)
    if not (folder.parent / "manifest.yaml").is_file():
        found = f"{folder.parent} is no repository: it has no manifest.yaml"
        raise ConfigError([f"{found}; for example --trust ../my-agent"])
    return folder


@cache
def _secret(folder: Path) -> str:
    path = folder / _SECRET_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Written whole under another name and linked into place, so that two processes starting together agree on one.
        draft = path.with_name(f"{_SECRET_FILE}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")
