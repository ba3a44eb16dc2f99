"""`kit tools` of an agent: is each of its own tools documented as those of a tool server must be."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

from agentcore_kit.config.adopted import adopted_paths
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.evaluation.agent_tools import bare_agent
from agentcore_kit.tool_contract.definitions import Definition, definition_of
from agentcore_kit.tool_contract.documentation import ELEMENTS, ambiguous, lacking, limits

if TYPE_CHECKING:
    from strands.types.tools import AgentTool


def tools() -> None:
    """Score the documentation of each of the agent's own tools. Exit code 1 when an element is missing.

    Tools whose source is not in this repository are not scored: nobody here could mend them. What one request would
    select of the agent's and of a recorded gateway's tools is a warning, as the gateway's may be another team's. So is
    what tools lack that are in a folder of `adopted` under `tool.agentcore-kit` of pyproject.toml.
    """
    found: list[AgentTool] = list(bare_agent().tool_registry.registry.values())
    places = {tool.tool_name: place for tool in found if (place := _place(tool))}
    defined = [definition_of(tool.tool_spec) for tool in found]
    own = [tool for tool in defined if tool["name"] in places]
    others = [tool for tool in defined if tool["name"] not in places]
    adopted = adopted_paths()
    warnings, problems = list[str](), list[str]()
    for tool in own:
        found_in = warnings if places[tool["name"]].startswith(adopted) else problems
        found_in += [f"{places[tool['name']]}: {one}" for one in [*lacking(tool, typed=False), *limits(tool)]]
    taken = [tool for tool in own if places[tool["name"]].startswith(adopted)]
    bound = [tool for tool in own if tool not in taken]
    problems += ambiguous(bound)
    warnings += [*ambiguous(taken), *(ambiguous(taken, bound) if taken and bound else ())]
    warnings += ambiguous(own, beside) if (beside := [*others, *_of_gateways()]) else ()
    for warning in warnings:
        print(f"warning: {warning}")
    if problems:
        sys.exit("\n".join(problems))
    if others:
        print(f"check: not scored, as they are not of this repository: {', '.join(tool['name'] for tool in others)}")
    print(f"check: documentation   {len(bound)} tools, each {len(ELEMENTS)} of {len(ELEMENTS)} elements")
    if taken:
        print(f"check: not scored, as they were adopted: {', '.join(tool['name'] for tool in taken)}")


def _place(tool: AgentTool) -> str:
    """Return file and line of a tool, which may be a function or a class; empty when it is not of this repository."""
    source = inspect.unwrap(getattr(tool, "_tool_func", type(tool)))
    try:
        path = repository_path(inspect.getsourcefile(source) or "/").resolve()
        line = inspect.getsourcelines(source)[1]
    except (OSError, TypeError):  # built in, or made while running
        return ""
    installed = "site-packages" in path.parts or not path.is_relative_to(repository_path().resolve())
    return "" if installed else f"{relative(path)}:{line}"


def _of_gateways() -> list[Definition]:
    """Return the tools of the agent's gateways, as far as they are recorded."""
    from agentcore_kit.local.recorded_gateway import read_recording

    recordings = [read_recording(name) for name in load_manifest().spec.tools.gateways]
    return [{"description": "", **tool} for each in recordings if each for tool in each.tools]
