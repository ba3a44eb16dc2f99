"""Counts the characters of the tools that an agent's model is given, with a gateway of very many tools behind it.

Run inside a generated agent repository: `python offered_tools.py URL-OF-THE-GATEWAY TOKEN SEARCH-ABOVE`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.agent import build_agent
from agentcore_kit.config.agent import GatewayLimits, Tools
from agentcore_kit.local.offline_model import OfflineModel
from agentcore_kit.runtime.identity import Caller
from agentcore_kit.serving.service import Service
from agentcore_kit.serving.settings import AgentSettings

QUESTION = "Which contract has the shipment 2026-0815?"
given: list[str] = []


class NotingModel(OfflineModel):
    """Answers that it is done, and notes what tools it was given."""

    async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> AsyncIterator[Any]:
        """Answer one request."""
        given.append(json.dumps(tool_specs))
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        yield {"contentBlockDelta": {"delta": {"text": "done"}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}


async def ask(settings: AgentSettings, token: str) -> None:
    """Ask one question."""
    service = Service(settings, NotingModel(), build_agent)
    try:
        events = [each async for each in service.ask(QUESTION, Caller("bench", token=token), "s" * 33)]
    finally:
        service.close()
    if events[-1].get("notices"):
        raise SystemExit(events[-1]["notices"])


def main() -> None:
    """Print how many tools the model was given, and how many characters they have."""
    url, token, above = sys.argv[1:]
    read = AgentSettings.from_files()
    spec = read.manifest.spec.model_copy(update={"tools": Tools(gateways=["bench"])})
    limits = GatewayLimits.model_validate({"connectSeconds": 60, "searchAbove": int(above)})
    all_limits = read.environment.limits.model_copy(update={"gateways": limits})
    environment = read.environment.model_copy(update={"gateways": {"bench": url}, "limits": all_limits})
    with TemporaryDirectory() as state:
        manifest = read.manifest.model_copy(update={"spec": spec})
        asyncio.run(ask(replace(read, manifest=manifest, environment=environment, state=Path(state)), token))
    print(len(json.loads(given[-1])), len(given[-1]))


if __name__ == "__main__":
    main()
