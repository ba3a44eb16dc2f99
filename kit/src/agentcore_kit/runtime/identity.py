"""Who is asking: the claims of the caller's token. Never the payload, which anyone can write.

In the cloud the Runtime's JWT authorizer has verified signature, issuer, audience and expiry before the request gets
here, and nothing else can reach the microVM, so the claims are only read. Locally there is no Runtime: the agent
verifies a development token itself, signed with a secret that never leaves the machine, or by the keys of an issuer
that its environment file names.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import time
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NoReturn

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.runtime.private import close_to_others, private_folder

_SECRET_FILE = "development-secret"  # noqa: S105 - the name of a file, not a secret
_SECRET = re.compile(r"[0-9a-f]{64}")
_MAKING = Lock()
_DEVELOPMENT_ALGORITHM = "HS256"


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


def authenticate(
    headers: Mapping[str, str],
    mode: Literal["development", "runtime"],
    state: Path,
    discovery_url: str | None = None,
) -> Caller:
    """Return the caller that the `Authorization` header names.

    Args:
        headers: The request's, with `Authorization` spelt so, or a mapping that ignores case; several joined by commas.
        mode: `runtime` where AgentCore Runtime has verified the token, `development` where nobody has.
        state: The folder for local state, which has the secret of development tokens.
        discovery_url: In development, the discovery document of an issuer whose tokens are accepted as well.

    Raises:
        Unauthenticated: When the header is missing, or the token is malformed, forged or expired.
    """
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        hint = "make one with `kit token`" if mode == "development" else "sign in and send your access token"
        raise Unauthenticated(f"no bearer token in the Authorization header; {hint}")
    if "," in token:  # several headers count as one with commas, and no token has any
        raise Unauthenticated("more than one token in the Authorization header; send one")
    if mode == "development":
        if discovery_url and _algorithm(token) != _DEVELOPMENT_ALGORITHM:
            _verify_by_keys(token, discovery_url)
        else:
            _verify_development_token(token, state)
    claims = _read(token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Unauthenticated("the token has no subject (sub)")
    if any("\ud800" <= character <= "\udfff" for character in subject):
        raise Unauthenticated("the token's subject (sub) has half a character")
    return Caller(subject, claims, token)


def issue_development_token(
    user_id: str,
    state: Path,
    *,
    first_name: str | None = None,
    claims: Mapping[str, Any] | None = None,
    hours: float = 12,
) -> str:
    """Return a token that servers on this machine accept, and nothing else does.

    Args:
        user_id: The user that it names.
        state: The folder for local state, which has the secret that signs it.
        first_name: The user's given name, if the agent is to know it.
        claims: What else the token says of the user; neither who it is nor how long it is valid.
        hours: How long it is valid.

    Raises:
        ConfigError: When `DEVELOPMENT_SECRETS` names no repository's folder.
    """
    now = int(time.time())
    name = {"given_name": first_name} if first_name else {}
    said = {**(claims or {}), **name, "sub": user_id, "iat": now, "exp": now + int(hours * 3600)}
    signed = f"{_encode({'alg': _DEVELOPMENT_ALGORITHM, 'typ': 'JWT'})}.{_encode(said)}"
    return f"{signed}.{_signature(signed, state)}"


def development_key(purpose: str, state: Path) -> str:
    """Return a key that only who may read this machine's secret can make; it stays the same as long as the secret does.

    Args:
        purpose: What it opens.
        state: The folder for local state, which has the secret.
    """
    return _signature(f"the key of {purpose}", state)


def _verify_development_token(token: str, state: Path) -> None:
    """Refuse a token that this machine's secret did not sign, whatever algorithm its header claims.

    A JWT library would do the same; loading its cryptography takes a tenth of the agent's start.
    """
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed, state).encode()):
        raise Unauthenticated("the token was not signed on this machine; make one with `kit token`")


def _verify_by_keys(token: str, discovery_url: str) -> None:
    from agentcore_kit.runtime.issuer_keys import NotVerified, keys_of

    try:
        keys_of(discovery_url).verify(token)
    except NotVerified as error:
        raise Unauthenticated(str(error)) from None


def _algorithm(token: str) -> str:
    """Return what a token's header says that signed it; the check that follows does not rely on it."""
    try:
        return str(json.loads(_decode(token.split(".")[0]))["alg"])
    except (LookupError, RecursionError, TypeError, ValueError):
        return _DEVELOPMENT_ALGORITHM


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, unverified; nothing of what is no JWT: some who sign users in issue other tokens."""
    try:
        claims = json.loads(_decode(token.split(".")[1]))
    except (IndexError, RecursionError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _read(token: str) -> dict[str, Any]:
    """Return the claims of a token whose signature was verified, by the Runtime or above; expiry is checked here."""
    try:
        claims: dict[str, Any] = json.loads(_decode(token.split(".")[1]))
        expired = not float(claims["exp"]) > time.time()  # nor is what is no number at all later than now
    except (IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError):
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


def _secret(folder: Path) -> str:
    """Return the secret in a folder. It is read each time, as another process may have made it anew.

    What is none, because somebody emptied or cut it, is replaced: with an empty one everybody could sign.
    """
    path = folder / _SECRET_FILE
    while (found := _read_secret(path)) is None:
        with _MAKING:
            _make_secret(path)
    return found


def _make_secret(path: Path) -> None:
    """Write a new secret, unless there is one by now: somebody else's may have signed a token already."""
    was_there = path.exists()
    if _read_secret(path) is not None:
        return
    private_folder(path.parent)
    # Written whole under another name and moved into place, so that two processes starting together agree on one.
    draft = path.with_name(f"{_SECRET_FILE}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32), encoding="ascii")
    try:
        if was_there:
            draft.replace(path)
        else:
            os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _read_secret(path: Path) -> str | None:
    close_to_others(path)  # an older one, or one that was copied, may be open to them
    try:
        found = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return found if _SECRET.fullmatch(found) else None
