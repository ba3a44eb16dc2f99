"""`kit add gateway`, `memory` and `guardrail`: what other repositories have and this agent uses, named in the manifest.

In AWS a deployment finds each by name. On this machine `environments/local.yaml` says where gateway and memory are.
"""

from __future__ import annotations

from agentcore_kit.authoring.changes import Changes
from agentcore_kit.authoring.yaml_text import YamlFile
from agentcore_kit.authoring.yaml_values import fits
from agentcore_kit.config.repository import MANIFEST
from agentcore_kit.config.served import NAME_NEEDS, Name
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

LOCAL_FILE = "environments/local.yaml"
LOCAL_GATEWAY, LOCAL_MEMORY = "http://127.0.0.1:8000/mcp", "http://127.0.0.1:8090"
"""Where `kit dev` of a tool and of a memory serve, unless they are told another port."""

_STORE = "localstore"
"""What the id of a memory on this machine ends with, behind its name in snake case."""


def add_gateway(changes: Changes, name: str, url: str = "") -> list[str]:
    """Let the agent use the tools of a gateway.

    Args:
        changes: The repository's files.
        name: The gateway, as the platform publishes it.
        url: Where it is on this machine; where `kit dev` of a tool serves, if it is empty.

    Returns:
        What is left to a person, a line each.

    Raises:
        CommandError: When the name is not right, or a place in a file was not found.
    """
    _refuse_wrong(name, "market-data")
    local = YamlFile(changes, LOCAL_FILE)
    YamlFile(changes, MANIFEST).append(("spec", "tools", "gateways"), name)
    if url or local.value("gateways", name) is None:
        local.put(("gateways", name), url or LOCAL_GATEWAY)
    return [
        "start it, or a tool server: kit dev --trust PATH-OF-THIS-REPOSITORY, in the tool's repository",
        f"record what it answers, for tests and evaluation without it: kit record --gateway {name} (with --prefix for a"
        " tool server), then add rows that need its tools",
    ]


def add_memory(changes: Changes, name: str, url: str = "") -> list[str]:
    """Let the agent keep conversations in a memory, and recall from it.

    Args:
        changes: The repository's files.
        name: The memory component.
        url: Where it is on this machine; where `kit dev` of a memory serves, if it is empty.

    Returns:
        What is left to a person, a line each.

    Raises:
        CommandError: When the name is not right, the agent has another memory, or a place in a file was not found.
    """
    _refuse_wrong(name, "analyst-memory")
    YamlFile(changes, MANIFEST).put(("spec", "memory"), name)
    local = YamlFile(changes, LOCAL_FILE)
    if local.value("memory", "id") is None:
        local.put(("memory", "id"), f"{name.replace('-', '_')}-{_STORE}")
    if url or local.value("memory", "endpoint") is None:
        local.put(("memory", "endpoint"), url or LOCAL_MEMORY)
    return [
        "start it: make dev, in the memory's repository, and name this agent under spec.consumers there",
        "in AWS, deploy the memory before this agent",
    ]


def add_guardrail(changes: Changes, name: str) -> list[str]:
    """Let a guardrail judge what the model is asked and answers.

    Args:
        changes: The repository's files.
        name: The guardrail, as the platform publishes it.

    Returns:
        What is left to a person, a line each.

    Raises:
        CommandError: When the name is not right, the agent has another guardrail, or the place was not found.
    """
    _refuse_wrong(name, "company-default")
    YamlFile(changes, MANIFEST).put(("spec", "guardrail"), name)
    return [
        "it judges in AWS only, where the platform must publish it: kit plan --env dev says",
        "test what it blocks after the deployment: kit gate --env dev, kit redteam --target ARN",
    ]


def _refuse_wrong(name: str, example: str) -> None:
    if not fits(name, Name):
        raise CommandError(
            f"{name!r} is no name", f"needed: {NAME_NEEDS}, at most 48; for example {example}", WRONG_INPUT
        )
