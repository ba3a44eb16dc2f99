"""The server that the dimensions of a tool test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.tool import ToolManifest
from agentcore_kit.testing.dimensions.served import known_surroundings, options
from agentcore_kit.testing.options import DimensionOptions
from agentcore_kit.testing.reached import reached
from agentcore_kit.testing.server_process import copy_of_repository
from agentcore_kit.testing.tool_client import Served, local_tools, remote
from agentcore_kit.tool_contract.recorded_calls import recorded

__all__ = ["known_surroundings", "options"]


@pytest.fixture(scope="session")
def served(options: DimensionOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the tools: a process of its own on this machine, or those that `--target` names.

    Tools that are a Lambda function are no server: those of this commit are tested here, whatever the target.
    """
    manifest = load_manifest()
    assert isinstance(manifest, ToolManifest)
    if options.is_local or manifest.spec.target == "lambda":
        with local_tools(copy_of_repository(tmp_path_factory.mktemp("dimensions"))) as found:
            yield found
    else:
        with reached():
            there = remote(options.target, options.endpoint)
        yield there


def right_arguments(tool: str) -> dict[str, Any]:
    """Return arguments that a tool answers: those of a recorded call. Raises AssertionError when there is none."""
    found = next((one.arguments for one in recorded() if one.tool == tool and not one.error), None)
    assert found is not None, f"no call of {tool} is recorded that answers; record some: kit record"
    return found
