"""Issues the users' tokens on this machine, as a company's identity provider does, and verifies them by its keys.

The keys are in a file that only the owner of this account can read. The gateway's process publishes their public
halves; `kit token` signs with the newest. One that was replaced stays valid until the last token it signed has expired.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.runtime.private import private_file, private_folder

ALGORITHM = "RS256"
DISCOVERY_PATH, KEYS_PATH = "/.well-known/openid-configuration", "/.well-known/jwks.json"
RESERVED = ("iss", "aud", "sub", "iat", "exp", "jti")
"""Claims that the issuer sets, and nobody else."""

KEYS_FILE = Path("issuer") / "keys.json"
"""Where the keys are, in the folder of local state."""

_BITS = 2048
_REMEMBERED = 1000


def issuer_url(port: int) -> str:
    """Return the address of the issuer, and of all else that the gateway's process serves."""
    return f"http://127.0.0.1:{port}"


class TokenRefused(Exception):
    """A token that is not let in; the message says why, and what to do."""


@dataclass
class _Key:
    """A key of the file.

    Attributes:
        kid: Its id, which tokens name.
        pem: The private key.
        last_expiry: When the last token that it signed expires, in seconds since 1970.
    """

    kid: str
    pem: str
    last_expiry: float = 0.0


class Issuer:
    """Issues and verifies tokens; several processes may use one folder at once."""

    def __init__(self, state: Path, url: str, audience: str) -> None:
        """Make an issuer.

        Args:
            state: The folder for local state, which has the keys or gets them.
            url: The issuer's address, which is the `iss` of its tokens.
            audience: The `aud` of its tokens.
        """
        self.url, self.audience = url, audience
        self._path = state / KEYS_FILE
        self._stamp: tuple[int, int] = (0, 0)
        self._public: dict[str, Any] = {}
        self._verified: dict[str, dict[str, Any]] = {}

    def issue(self, user: str, *, claims: Mapping[str, Any] | None = None, seconds: float = 12 * 3600) -> str:
        """Return a token.

        Args:
            user: The user that it names.
            claims: What else it says of the user.
            seconds: How long it is valid.

        Raises:
            ConfigError: When a claim is one that the issuer sets.
        """
        if taken := [name for name in claims or () if name in RESERVED]:
            raise ConfigError([f"--claim {taken[0]}=…: the issuer sets this claim itself; leave it out"])
        now = time.time()
        said = {"iss": self.url, "aud": self.audience, "sub": user, "iat": int(now), "exp": int(now + seconds)}
        with self._keys() as keys:
            signing = keys[-1]
            signing.last_expiry = max(signing.last_expiry, now + seconds)
        said = {**(claims or {}), **said, "jti": uuid4().hex}
        return jwt.encode(said, signing.pem, ALGORITHM, headers={"kid": signing.kid})

    def rotate(self) -> str:
        """Sign with a new key from now on, and return its id. Tokens that were issued stay valid until they expire."""
        with self._keys() as keys:
            keys.append(_new_key())
        return keys[-1].kid

    def public_keys(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set."""
        keys = (json.loads(RSAAlgorithm.to_jwk(key)) | {"kid": kid} for kid, key in self._current().items())
        return {"keys": [{**key, "use": "sig", "alg": ALGORITHM} for key in keys]}

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document of OpenID Connect, as far as verifying tokens needs it."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}{KEYS_PATH}",
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    def verify(self, token: str) -> dict[str, Any]:
        """Return what a token says.

        Raises:
            TokenRefused: When it is forged, expired, or for somebody else.
        """
        current = self._current()
        if (known := self._verified.get(token)) is not None and known["exp"] > time.time():
            return known
        try:
            key = current[jwt.get_unverified_header(token)["kid"]]
            needed: Any = {"require": ["exp", "iat", "iss", "aud", "sub"]}
            claims: dict[str, Any] = jwt.decode(
                token, key, [ALGORITHM], audience=self.audience, issuer=self.url, options=needed
            )
        except jwt.ExpiredSignatureError:
            raise TokenRefused("the token has expired; make a new one with kit token") from None
        except jwt.InvalidIssuerError:
            raise TokenRefused(f"the token is of another issuer than {self.url}") from None
        except jwt.InvalidAudienceError:
            raise TokenRefused(f"the token is for another audience than {self.audience}") from None
        except (jwt.PyJWTError, KeyError, ValueError):
            raise TokenRefused("the token was not signed by this issuer; make one with kit token") from None
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[token] = claims
        return claims

    def _current(self) -> dict[str, Any]:
        """Return the public keys by id, read anew where the file has changed."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            with self._keys():
                pass  # the first start makes the first key
            stat = self._path.stat()
        if (stamp := (stat.st_mtime_ns, stat.st_ino)) != self._stamp:
            self._public = {key.kid: _public_key(key.pem) for key in self._read()}
            self._verified, self._stamp = {}, stamp
        return self._public

    @contextmanager
    def _keys(self) -> Iterator[list[_Key]]:
        """Yield the keys, the newest last, and write what was changed; one process at a time."""
        private_folder(self._path.parent)
        lock = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = self._read() or [_new_key()]
            yield keys
            needed = [key for key in keys[:-1] if key.last_expiry > time.time()] + keys[-1:]
            draft = private_file(self._path.with_suffix(".draft"))
            draft.write_text(json.dumps([asdict(key) for key in needed]), encoding="utf-8")
            draft.replace(self._path)
        finally:
            os.close(lock)

    def _read(self) -> list[_Key]:
        try:
            return [_Key(**key) for key in json.loads(self._path.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            raise ConfigError(
                [f"{self._path}: no keys can be read from it; delete it, and issue tokens anew"]
            ) from None


def _new_key() -> _Key:
    from cryptography.hazmat.primitives import serialization

    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _Key(uuid4().hex[:16], pem.decode())


def _public_key(pem: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem.encode(), password=None).public_key()
