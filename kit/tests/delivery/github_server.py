"""A small GitHub on this machine: what of its REST API protects deliveries, answering as GitHub documents it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = "example-org/example-agent"
ADMIN, WORKFLOW, NO_RIGHTS = "token-of-an-admin", "token-of-a-workflow", "token-without-rights"
UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
NO_REVIEWERS = (
    "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers "
    "protection rule."
)

Answer = tuple[int, Any]


@dataclass
class State:
    """What GitHub has of one repository.

    Attributes:
        private: Whether the repository is.
        plan: `free`, `team` or `enterprise`: what it has of a private repository.
        environments: By name: reviewers, wait_timer, policy and patterns.
        protected: Branches that are protected the classic way.
        rulesets: Those that were made.
        raw: Status and body for a path, whatever GitHub would answer.
        calls: Method and path of each request.
    """

    private: bool = True
    plan: str = "enterprise"
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    rulesets: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=lambda: {"octocat": 1, "hubot": 2})
    teams: dict[str, int] = field(default_factory=lambda: {"example-org/platform": 7})

    def has(self, feature: str) -> bool:
        """Return whether the plan has reviewers, environments or branches for this repository."""
        return not self.private or self.plan == "enterprise" or (self.plan == "team" and feature != "reviewers")

    @property
    def changed(self) -> list[tuple[str, str]]:
        """The requests that change something."""
        return [call for call in self.calls if call[0] != "GET"]

    def protect(self, name: str, *, reviewers: bool = False, patterns: tuple[str, ...] = ("main",)) -> None:
        """Make an environment as a person would in the browser."""
        people = [{"type": "User", "reviewer": {"id": 1, "login": "octocat"}}] if reviewers else []
        listed = {number: {"id": number, "name": one, "type": "branch"} for number, one in enumerate(patterns, 100)}
        self.environments[name] = {"reviewers": people, "policy": "custom", "patterns": listed, "wait_timer": 0}

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, body: Any) -> Answer:
        """Answer a request."""
        self.calls.append((method, path))
        if token not in (ADMIN, WORKFLOW, NO_RIGHTS):
            return 401, {"message": "Bad credentials"}
        if match := re.fullmatch(r"/users/([^/]+)", path):
            return self._of(self.users, match[1], "login", match[1])
        if match := re.fullmatch(r"/orgs/([^/]+)/teams/([^/]+)", path):
            return self._of(self.teams, f"{match[1]}/{match[2]}", "slug", match[2])
        below = path.removeprefix(f"/repos/{REPOSITORY}")
        if below == path:
            return 404, {"message": "Not Found"}
        if method != "GET" and token != ADMIN:
            return 403, {"message": "Resource not accessible by integration"}
        if below == "":
            return 200, {"full_name": REPOSITORY, "private": self.private, "permissions": {"admin": token == ADMIN}}
        if token == NO_RIGHTS:
            return 403, {"message": "Resource not accessible by integration"}
        return self._below(method, below, query, body)

    def _below(self, method: str, below: str, query: dict[str, list[str]], body: Any) -> Answer:
        if match := re.fullmatch(r"/environments/([^/]+)(/deployment-branch-policies(?:/(\d+))?)?", below):
            name = unquote(match[1])
            if not self.has("environments"):
                return (404, {"message": "Not Found"}) if method == "GET" else (422, {"message": UPGRADE})
            return self._policies(method, name, match[3], query, body) if match[2] else self._one(method, name, body)
        if below == "/rulesets" and method == "POST":
            if not self.has("branches"):
                return 403, {"message": UPGRADE}
            self.rulesets.append(body)
            return 201, {"id": len(self.rulesets), **body}
        if below == "/rules/branches/main":
            if not self.has("branches"):
                return 403, {"message": UPGRADE}
            rules = [rule for ruleset in self.rulesets for rule in ruleset["rules"]]
            return 200, _page(rules, query)
        if below == "/branches/main":
            return 200, {"name": "main", "protected": "main" in self.protected}
        if below == "/branches" and query.get("protected") == ["true"]:
            return 200, _page([{"name": name, "protected": True} for name in sorted(self.protected)], query)
        return 404, {"message": "Not Found"}

    def _one(self, method: str, name: str, body: Any) -> Answer:
        if method == "PUT":
            if (body.get("reviewers") or body.get("wait_timer")) and not self.has("reviewers"):
                return 422, {"message": NO_REVIEWERS}
            if body.get("prevent_self_review") and not body.get("reviewers"):
                return 422, {"message": "Invalid request.", "errors": ["prevent_self_review needs reviewers"]}
            policy = body.get("deployment_branch_policy")
            if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
                return 422, {"message": "protected_branches and custom_branch_policies cannot have the same value"}
            known = self.environments.setdefault(name, {"patterns": {}})
            kind = policy and ("protected" if policy["protected_branches"] else "custom")
            names = {1: "octocat", 2: "hubot", 7: "platform"}
            people = [
                {
                    "type": one["type"],
                    "reviewer": {"id": one["id"], "login" if one["type"] == "User" else "slug": names[one["id"]]},
                }
                for one in body.get("reviewers") or []
            ]
            known.update(policy=kind, reviewers=people, wait_timer=body.get("wait_timer", 0))
        if name not in self.environments:
            return 404, {"message": "Not Found"}
        found = self.environments[name]
        rules: list[dict[str, Any]] = [{"id": 1, "type": "branch_policy"}]
        if found["reviewers"]:
            rules.append(
                {"id": 2, "type": "required_reviewers", "prevent_self_review": False, "reviewers": found["reviewers"]}
            )
        if found["wait_timer"]:
            rules.append({"id": 3, "type": "wait_timer", "wait_timer": found["wait_timer"]})
        policy = found["policy"] and {
            "protected_branches": found["policy"] == "protected",
            "custom_branch_policies": found["policy"] == "custom",
        }
        return 200, {"id": 5, "name": name, "protection_rules": rules, "deployment_branch_policy": policy}

    def _policies(self, method: str, name: str, number: str | None, query: dict[str, list[str]], body: Any) -> Answer:
        if name not in self.environments or self.environments[name]["policy"] != "custom":
            return 404, {"message": "Not Found"}
        listed = self.environments[name]["patterns"]
        if method == "POST":
            made = max(listed, default=99) + 1
            listed[made] = {"id": made, "type": "branch", **body}
            return 200, listed[made]
        if method == "DELETE":
            return (204, None) if listed.pop(int(number or 0), None) else (404, {"message": "Not Found"})
        return 200, {"total_count": len(listed), "branch_policies": _page([*listed.values()], query)}

    @staticmethod
    def _of(known: dict[str, int], name: str, key: str, shown: str) -> Answer:
        return (200, {"id": known[name], key: shown}) if name in known else (404, {"message": "Not Found"})


def _page(entries: list[Any], query: dict[str, list[str]]) -> list[Any]:
    size, page = (int(query.get(name, [default])[0]) for name, default in (("per_page", "30"), ("page", "1")))
    return entries[(page - 1) * size : page * size]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for its second packet
    server: _Server

    def do_GET(self) -> None:
        state, parts = self.server.state, urlsplit(self.path)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        headers: dict[str, str] = {}
        if parts.path in state.raw:
            state.calls.append((self.command, parts.path))
            status, body, headers = state.raw[parts.path]
        else:
            status, said = state.answer(
                self.command, parts.path, parse_qs(parts.query), token, json.loads(sent or b"null")
            )
            body = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, state: State) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state


@contextmanager
def serving(state: State) -> Iterator[str]:
    """Serve a state on this machine; yield the address of its API."""
    server = _Server(state)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
