"""A token by OAuth client credentials (RFC 6749, section 4.4): one for all calls, until it expires or is refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from urllib.parse import quote_plus

import httpx2
from opentelemetry import trace

from agentcore_kit.runtime import masking
from agentcore_kit.runtime.http_api.errors import CredentialsRefused
from agentcore_kit.runtime.telemetry import SIGNED_IN

_EARLIER_SECONDS = 30.0
"""A token is replaced so long before it expires: calls that have it are still under way."""

_ASSUMED_SECONDS = 300.0
"""How long a token is kept whose answer does not say when it expires."""


class ClientCredentials(httpx2.Auth):
    """Puts a token into each request, and asks for another where the API refuses the one that it knew.

    Id and secret are read each time a token is asked for, so new ones need no new process.
    """

    def __init__(
        self,
        token_url: str,
        scopes: tuple[str, ...],
        variables: tuple[str, str],
        values: Mapping[str, str],
        seconds: float,
    ) -> None:
        """Know where tokens are had.

        Args:
            token_url: The address of the token endpoint.
            scopes: What a token is asked for.
            variables: The names of the variables that have client id and client secret.
            values: The variables by name: the environment of the process, or what stands in its place.
            seconds: How long a call waits while another asks for a token.
        """
        self._token_url, self._scopes, self._seconds = token_url, scopes, seconds
        self._variables, self._values = variables, values
        self._token, self._until = "", 0.0
        self._lock = Lock()

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Yield the requests to make: for a token where none is known, and the request itself, twice at most."""
        for is_last in (False, True):
            used = yield from self._token_flow(request)
            request.headers["Authorization"] = f"Bearer {used}"
            response = yield request
            if response.status_code != 401 or is_last:
                return
            self._forget(used)

    def _token_flow(self, caller: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, str]:
        """Return the token; the first that needs one asks for it, the others wait."""
        with self._alone():
            if not self._token or monotonic() >= self._until:
                response = yield self._request(caller)
                response.read()
                trace.get_current_span().add_event(SIGNED_IN, {"http.response.status_code": response.status_code})
                self._keep(response)
            return self._token

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._seconds):
            raise ConnectionError(f"{self._token_url} has not answered another call within {self._seconds:g} s")
        try:
            yield
        finally:
            self._lock.release()

    def _forget(self, token: str) -> None:
        with self._alone():
            if self._token == token:  # another call may have a newer one by now
                self._token = ""

    def _request(self, caller: httpx2.Request) -> httpx2.Request:
        client, secret = (self._values.get(name, "") for name in self._variables)
        for name, value in zip(self._variables, (client, secret), strict=True):
            if not value:
                step = f"on this machine: export {name}=…; in AWS: kit add secret {name}"
                raise CredentialsRefused(f"{name} is not set, so no token can be asked for; {step}")
        masking.register(self._variables[1], secret)
        pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()  # RFC 6749, section 2.3.1
        data = {"grant_type": "client_credentials"} | ({"scope": " ".join(self._scopes)} if self._scopes else {})
        headers = {"Authorization": f"Basic {b64encode(pair).decode()}", "Accept": "application/json"}
        return httpx2.Request("POST", self._token_url, data=data, headers=headers, extensions=caller.extensions)

    def _keep(self, response: httpx2.Response) -> None:
        if response.status_code == 429 or response.status_code >= 500:
            raise ConnectionError(f"{self._token_url}: HTTP status {response.status_code}")
        try:
            answer = response.json()
            token = answer.get("access_token") if response.status_code == 200 else None
            reason = str(answer.get("error") or "no access_token in the answer")[:100]
            seconds = float(answer.get("expires_in") or _ASSUMED_SECONDS)
        except (ValueError, TypeError, AttributeError):
            token, reason, seconds = None, "no JSON", 0.0
        if not isinstance(token, str) or not token:
            raise CredentialsRefused(
                f"{self._token_url}: HTTP status {response.status_code}, {reason}; "
                f"correct {' and '.join(self._variables)}, or what the client may ask for: {' '.join(self._scopes)}"
            )
        self._token, self._until = token, monotonic() + max(0.0, seconds - _EARLIER_SECONDS)
