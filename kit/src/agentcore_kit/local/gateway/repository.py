"""Where a platform's repository has what its gateway works by."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from mcp_types import ListToolsResult, Tool

from agentcore_kit.local.gateway.server import Sources
from agentcore_kit.local.gateway.settings import NamedInterceptors, Reloaded, reader, settings_files
from agentcore_kit.policies.engine import load
from agentcore_kit.policies.table import policies_folder
from agentcore_kit.runtime.settings import STATE


def recorded(folder: Path, target: str) -> list[Tool]:
    """Return the tools that `policies/tools` has of a target; none where it has no file of it, or a wrong one.

    Args:
        folder: The folder of the policies.
        target: The target's name.
    """
    file = folder / "tools" / f"{target}.json"
    try:
        return ListToolsResult.model_validate(json.loads(file.read_bytes())).tools
    except (OSError, ValueError):  # reading the policies says what is wrong with it
        return []


def sources(state: Path = STATE) -> Sources:
    """Return what the gateway of this repository works by.

    Args:
        state: The folder for local state.

    Raises:
        ConfigError: When the environment file, a policy or the name of an interceptor is wrong.
    """
    settings = Reloaded(settings_files, reader(), "environments/local.yaml")
    folder = policies_folder()
    policies = Reloaded(lambda: folder.rglob("*.*"), lambda: load(folder), "policies")
    return Sources(settings, policies, NamedInterceptors(settings), state, partial(recorded, folder))
