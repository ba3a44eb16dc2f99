"""GitHub's REST API, as far as the protection of deliveries needs it: which repository, with which token, and errors.

What a workflow's own token may read here needs `permissions: {actions: read, contents: read}`; what changes protection
needs a person's token that may administer the repository.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

TIMEOUT_SECONDS = 30.0
A_PAGE = 100
"""Entries that a page of a list has at most."""

_REMOTE = re.compile(
    r"(?:https://|ssh://)?(?:[^@/\s]+@)?(?P<host>[\w.-]+)(?::\d+)?[:/](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?"
)
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_PLAN = re.compile(
    r"upgrade to github|billing plan|your (?:current )?plan|not available (?:on|for) your plan", re.IGNORECASE
)


class NotInPlan(Exception):
    """GitHub's plan of the repository's owner does not have what was asked for; the text is GitHub's."""


@dataclass(frozen=True)
class GitHub:
    """A repository on GitHub, and who asks.

    Attributes:
        repository: `owner/name`.
        token: A workflow's or a person's.
        api: The address of the REST API.
    """

    repository: str
    token: str = field(repr=False)
    api: str = "https://api.github.com"

    @property
    def owner(self) -> str:
        """Whose the repository is."""
        return self.repository.partition("/")[0]

    def read(self, path: str, shape: type[Any], *, within: str = "repository") -> Any:
        """Return what is at a path, as a type; None where there is nothing.

        Args:
            path: Below the repository, for example `/environments/prod`; empty for the repository itself.
            shape: A type that pydantic validates; what it does not name is ignored.
            within: `repository`, or `api` for a path that is not below the repository.

        Raises:
            CommandError: When GitHub does not answer, refuses, or answers something else.
            NotInPlan: When the plan does not have it.
        """
        found = self._send("GET", path, within=within)
        if found is None:
            return None
        try:
            return TypeAdapter(shape).validate_python(found)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise self._strange(f"GET {path or '/'}", f"{where or 'the answer'}: {error.errors()[0]['msg']}") from None

    def all(self, path: str, key: str, shape: type[Any]) -> list[Any]:
        """Return all entries of a list that comes in pages, each as a type.

        Args:
            path: Below the repository.
            key: What the list is called in the answer; empty where the answer is the list.
            shape: The type of an entry.

        Raises:
            CommandError: As for `read`.
            NotInPlan: As for `read`.
        """
        found: list[Any] = []
        for page in range(1, 101):
            address = f"{path}{'&' if '?' in path else '?'}per_page={A_PAGE}&page={page}"
            entries = self.read(address, dict[str, Any] if key else list[Any])
            if entries is None:
                return found
            entries = entries.get(key) if key else entries
            try:
                found += TypeAdapter(list[shape]).validate_python(entries)  # type: ignore[valid-type]
            except ValidationError as error:
                raise self._strange(f"GET {path}", f"{key or 'list'}: {error.errors()[0]['msg']}") from None
            if len(entries) < A_PAGE:
                return found
        raise self._strange(f"GET {path}", "the list does not end")

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Change something below the repository.

        Raises:
            CommandError: When GitHub does not answer, or refuses.
            NotInPlan: When the plan does not have it.
        """
        if self._send(method, path, body) is None:
            raise CommandError(
                f"GitHub knows no {path} of {self.repository}; it may have been removed meanwhile",
                "type the same again",
            )

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, within: str = "repository"
    ) -> Any:
        what = f"{method} {path or '/'}"
        address = f"{self.api}{f'/repos/{self.repository}' if within == 'repository' else ''}{path}"
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            answer = _client().request(method, address, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise CommandError(
                f"GitHub ({self.api}) does not answer: {plain(str(error)) or type(error).__name__}",
                "check the network and GitHub's status, then type the same again",
            ) from error
        if answer.status_code == 404:
            return None
        if answer.is_success and not answer.content:
            return {}
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not answer.is_success:
            raise self._refusal(what, answer, found)
        if found is None:
            raise self._strange(what, "no JSON")
        return found

    def _refusal(self, what: str, answer: httpx.Response, found: Any) -> Exception:
        said = plain(str(found.get("message", ""))) if isinstance(found, dict) else ""
        details = found.get("errors") if isinstance(found, dict) else None
        said = f"{said} {plain(str(details))}".strip() if details else said
        told = f"{what} of {self.repository}: {answer.status_code} {said or answer.reason_phrase}".strip()
        if answer.status_code in (402, 403, 422) and _PLAN.search(said):
            return NotInPlan(said)
        if answer.is_redirect:
            return CommandError(
                f"{self.repository} is not where it was asked for ({told})",
                "it was renamed or moved: git remote set-url origin …, then type the same again",
            )
        limited = answer.status_code == 429 or answer.headers.get("x-ratelimit-remaining") == "0"
        if limited or "rate limit" in said.lower():
            return CommandError(
                f"GitHub refuses further calls for now ({told})", "wait some minutes, then the same again"
            )
        if answer.status_code == 401:
            return CommandError(f"the token is not valid, or no longer ({told})", "gh auth login, or set GH_TOKEN anew")
        if answer.status_code == 403:
            return CommandError(
                f"this token may not do that ({told})",
                "a workflow's job needs permissions: {actions: read, contents: read}; a person's token has to "
                "administer the repository (fine-grained: Administration and Environments, read and write)",
            )
        return CommandError(f"GitHub refused ({told})", "read the message, correct it, then type the same again")

    def _strange(self, what: str, why: str) -> CommandError:
        return CommandError(
            f"{self.api} answered {what} with something that GitHub does not document: {plain(why)}",
            "is GITHUB_API_URL the address of GitHub's REST API? Then wait a minute and type the same again",
        )


@cache  # reading the machine's certificates for each request would take longer than the request
def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT_SECONDS)


def segment(name: str) -> str:
    """Return a name as a part of a path."""
    return quote(name, safe="")


def plain(text: str) -> str:
    """Return a text of somebody else on one line, without what a terminal would obey, at most 300 characters."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:300]


def in_workflow() -> bool:
    """Return whether this is a step of a workflow on GitHub."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def connect() -> GitHub | str:
    """Return the repository that this is about, or why it is not known.

    The repository is GITHUB_REPOSITORY, or what git's remote `origin` names. The token is GH_TOKEN or GITHUB_TOKEN, or
    that of GitHub's command line `gh`. The API is GITHUB_API_URL, or that of the remote's host.

    Raises:
        CommandError: When the address of the API would show the token to others.
    """
    host, name = _remote()
    name = os.environ.get("GITHUB_REPOSITORY") or name
    if not _NAME.fullmatch(name):
        return "no repository on GitHub is known here (git remote get-url origin)"
    api = (os.environ.get("GITHUB_API_URL") or _api_of(host)).rstrip("/")
    where = urlsplit(api)
    if where.scheme != "https" and not _on_this_machine(where.hostname or ""):
        raise CommandError(
            f"GITHUB_API_URL is {plain(api)}, where a token would be sent without encryption",
            "it must begin with https:",
            WRONG_INPUT,
        )
    token = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN") or _token_of_gh(host)
    if not token:
        return f"there is no token for {name} (GH_TOKEN, GITHUB_TOKEN, or gh auth login)"
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        return f"the token for {name} is none: it has blanks or other characters that no token has"
    return GitHub(name, token, api)


def _remote() -> tuple[str, str]:
    """Return host and `owner/name` of the remote `origin`; empty texts where there is none."""
    match = _REMOTE.fullmatch(_output("git", "remote", "get-url", "origin"))
    return (match["host"], match["name"]) if match else ("github.com", "")


def _api_of(host: str) -> str:
    return "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"


def _token_of_gh(host: str) -> str:
    return _output("gh", "auth", "token", "--hostname", host)


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _output(program: str, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        return ""
    done = subprocess.run([found, *arguments], cwd=repository_root(), capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else ""
