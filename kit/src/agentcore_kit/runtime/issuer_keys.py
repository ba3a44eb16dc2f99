"""Verifies tokens of who issues them on this machine, by the keys that its discovery document leads to.

Only a local run needs it: in AWS the Runtime's authorizer has verified the token before the request gets here.
"""

from __future__ import annotations

import json
import threading
from functools import lru_cache
from time import monotonic
from typing import Any
from urllib.request import urlopen

SECONDS = 3.0
"""How long the issuer may take to answer."""

_ASK_AGAIN_SECONDS = 1.0
_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512")


class NotVerified(Exception):
    """A token that its issuer's keys do not verify; the message says why."""


class IssuerKeys:
    """The keys of an issuer. They are fetched when a token names one that is not known, as after their rotation."""

    def __init__(self, discovery_url: str) -> None:
        """Take the address of the discovery document; nothing is fetched yet."""
        self._url = discovery_url
        self._issuer = ""
        self._keys: dict[str, Any] = {}
        self._asked = float("-inf")
        self._asking = threading.Lock()

    def verify(self, token: str) -> None:
        """Check signature, issuer and expiry of a token.

        Raises:
            NotVerified: When one of them is wrong, or the issuer does not answer.
        """
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")))
            algorithm = header.get("alg")
            if algorithm not in _ALGORITHMS:
                raise NotVerified(f"the token is signed with {algorithm}, which is no algorithm of an issuer")
            options: Any = {"verify_aud": False, "require": ["exp", "iss", "sub"]}
            jwt.decode(token, key, [algorithm], issuer=self._issuer, options=options)
        except jwt.ExpiredSignatureError:
            raise NotVerified("the token has expired") from None
        except jwt.InvalidIssuerError:
            raise NotVerified(f"the token is of another issuer than {self._issuer}") from None
        except (jwt.PyJWTError, TypeError):  # TypeError: the algorithm is for keys of another type
            raise NotVerified(f"the token was not signed by the issuer of {self._url}") from None

    def _key(self, kid: str) -> Any:
        with self._asking:
            if kid not in self._keys and monotonic() - self._asked > _ASK_AGAIN_SECONDS:
                self._asked = monotonic()
                self._fetch()
        if kid not in self._keys:
            raise NotVerified(f"the token was not signed by the issuer of {self._url}")
        return self._keys[kid]

    def _fetch(self) -> None:
        import jwt

        try:
            document = _get(self._url)
            found = jwt.PyJWKSet.from_dict(_get(document["jwks_uri"]))
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            why = (
                f"the issuer of {self._url} does not answer ({error}); start it: make dev, in the platform's repository"
            )
            raise NotVerified(why) from None
        self._issuer = str(document["issuer"])
        self._keys = {str(key.key_id): key.key for key in found.keys}


@lru_cache(maxsize=8)
def keys_of(discovery_url: str) -> IssuerKeys:
    """Return the keys that a discovery document leads to, the same object each time."""
    return IssuerKeys(discovery_url)


def _get(url: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no address of the web")
    with urlopen(url, timeout=SECONDS) as reply:  # noqa: S310 - no other scheme
        found: dict[str, Any] = json.load(reply)
    return found
