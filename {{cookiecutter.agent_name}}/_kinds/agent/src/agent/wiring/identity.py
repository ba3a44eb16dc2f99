"""Who is asking: the claims of the caller's token. Never the payload, which anyone can write.

In the cloud the Runtime's JWT authorizer has verified signature, issuer, audience and expiry before the request gets
here, and nothing else can reach the microVM, so the claims are only read. Locally there is no Runtime: the agent
verifies a development token itself, signed with a secret that never leaves the machine.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

_ALGORITHM = "HS256"
_ISSUER = "local-development"
_SECRET_FILE = "development-secret"  # noqa: S105 - the name of a file, not a secret


class Unauthenticated(Exception):
    """The request has no usable token; the message says what to do."""


@dataclass(frozen=True)
class Caller:
    """A verified user: `user_id` is the token's subject; `token` is passed on to gateways and never logged."""

    user_id: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)

    @property
    def first_name(self) -> str | None:
        """The user's given name when the token has one, cut to what a name can be: it goes into the model's context."""
        name = self.claims.get("given_name")
        if not isinstance(name, str):
            return None
        clean = "".join(c for c in name if c.isalpha() or c in " -'")[:40].strip()
        return clean or None


def authenticate(headers: Mapping[str, str], mode: Literal["development", "runtime"], state: Path) -> Caller:
    """Return the caller named by the `Authorization` header.

    Raises:
        Unauthenticated: when the header is missing, or the token is malformed, forged or expired.
    """
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        hint = "make one with `make token`" if mode == "development" else "sign in and send your access token"
        raise Unauthenticated(f"no bearer token in the Authorization header; {hint}")
    claims = _verified(token, state) if mode == "development" else _read(token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Unauthenticated("the token has no subject (sub)")
    return Caller(subject, claims, token)


def issue_development_token(user_id: str, state: Path, *, first_name: str | None = None, hours: float = 12) -> str:
    """Return a token for local use, valid for `hours`; it is worthless anywhere else."""
    import jwt

    now = int(time.time())
    claims: dict[str, Any] = {"sub": user_id, "iss": _ISSUER, "iat": now, "exp": now + int(hours * 3600)}
    if first_name:
        claims["given_name"] = first_name
    return jwt.encode(claims, _secret(state), algorithm=_ALGORITHM)


def _verified(token: str, state: Path) -> dict[str, Any]:
    import jwt  # a tenth of a second, which only a local start has to wait for

    try:
        return jwt.decode(
            token, _secret(state), algorithms=[_ALGORITHM], issuer=_ISSUER, options={"require": ["exp", "sub"]}
        )
    except jwt.PyJWTError as error:
        raise Unauthenticated(f"the token was not accepted: {error}") from None


def _read(token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature the Runtime has verified; its expiry is checked once more."""
    try:
        payload = token.split(".")[1]
        claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expired = float(claims["exp"]) <= time.time()
    except (IndexError, KeyError, TypeError, ValueError):
        raise Unauthenticated("the token was not accepted: it is no JWT with an expiry (exp)") from None
    if expired:
        raise Unauthenticated("the token was not accepted: it has expired")
    return claims


@cache
def _secret(state: Path) -> str:
    path = state / _SECRET_FILE
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
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
