"""The script in infra/workload/litellm.yaml that gives LiteLLM the keys and budgets of components."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest

from tests.platform.templates import infra


class Proxy(ThreadingHTTPServer):
    """Stands in for LiteLLM: it knows keys by their text and refuses to make one that it has."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys: dict[str, dict[str, Any]] = {}


class Handler(BaseHTTPRequestHandler):
    """Takes /key/generate and /key/update, with the administrator's key."""

    server: Proxy

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.server.keys
        if self.headers["Authorization"] != "Bearer sk-admin" or not body["key"].startswith("sk-"):
            return self.send_error(401)
        if (self.path == "/key/generate") == (body["key"] in known):
            return self.send_error(400)
        known[body["key"]] = known.get(body["key"], {}) | body
        self.send_response(200)
        self.end_headers()
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Secrets:
    """Stands in for the client of Secrets Manager."""

    def __init__(self, secrets: dict[str, tuple[str, dict[str, str]]]) -> None:
        self.values = {name: value for name, (value, _) in secrets.items()}
        self.tags = {name: tags for name, (_, tags) in secrets.items()}

    def get_paginator(self, operation: str) -> Secrets:
        assert operation == "list_secrets"
        return self

    def paginate(self, Filters: list[Any]) -> list[Any]:
        assert Filters == [{"Key": "name", "Values": ["/agentops/components/"]}]
        return [{"SecretList": [
            {"Name": name, "ARN": name, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ]} for name, tags in self.tags.items()]  # fmt: skip

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": self.values[SecretId]}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:
        self.values[SecretId] = SecretString


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Serve the stand-in."""
    monkeypatch.setenv("ADMIN_KEY", "admin")
    monkeypatch.setitem(sys.modules, "boto3", ModuleType("boto3"))
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def script(proxy: Proxy) -> dict[str, Any]:
    """Return what the script defines, with the address of the stand-in in it."""
    containers = infra("workload/litellm")["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    text = next(one["Command"][0] for one in containers if one["Name"] == "keys")
    text, changed = re.subn(r"127\.0\.0\.1:4000", f"127.0.0.1:{proxy.server_port}", text)
    assert changed == 1
    defined: dict[str, Any] = {"__name__": "keys"}
    exec(compile(text, "keys", "exec"), defined)  # noqa: S102 - the file under test
    return defined


def test_each_component_gets_its_key_and_its_budget_once(proxy: Proxy) -> None:
    own = "/agentops/components/example-agent/prod/litellm-key"
    tags = {"component": "example-agent", "monthly-budget-usd": "100"}
    other = "/agentops/components/example-agent/prod/test-client"
    secrets = Secrets({own: ("abc", tags), other: ("{}", {"component": "example-agent"})})
    synchronize = script(proxy)["synchronize"]
    synchronize(secrets)
    assert secrets.values == {own: "sk-abc", other: "{}"}, "agents read it with what LiteLLM wants before it"
    made = {"key": "sk-abc", "key_alias": "example-agent", "max_budget": 100.0, "budget_duration": "30d"}
    assert proxy.keys == {"sk-abc": made}
    secrets.tags[own]["monthly-budget-usd"] = "250"
    synchronize(secrets)
    assert proxy.keys == {"sk-abc": made | {"max_budget": 250.0}}
