"""`kit record --gateway`: ask the agent its rows while a gateway runs, and keep what the gateway answers."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentcore_kit.config.explain import choose
from agentcore_kit.config.repository import relative, repository_path
from agentcore_kit.evaluation.runs import COULD_NOT_RUN, exit_codes

if TYPE_CHECKING:
    from agentcore_kit.local.recorded_gateway import Recording
    from agentcore_kit.serving.settings import AgentSettings

_DATASETS = ("dataset.jsonl", "redteam.jsonl")


def record(
    gateway: Annotated[str, typer.Option(help="The gateway, as spec.tools.gateways of manifest.yaml names it.")],
    prefix: Annotated[
        str,
        typer.Option(
            help="What the gateway puts before the tools' names (PREFIX___tool), where environments/local.yaml leads "
            "to a tool server and not to a gateway."
        ),
    ] = "",
) -> None:
    """Record what a gateway answers to the rows of evals/, for tests and evaluation without it.

    The gateway, or the tool server behind it, must run where environments/local.yaml says.
    """
    from agentcore_kit.delivery.mcp_client import NoAnswer, list_tools
    from agentcore_kit.local.recorded_gateway import Recording, serving
    from agentcore_kit.runtime.identity import issue_development_token
    from agentcore_kit.serving.settings import AgentSettings

    with exit_codes():
        settings = AgentSettings.from_files()
        settings.require_addresses()
        known = settings.manifest.spec.tools.gateways
        if gateway not in known:
            wrong = choose(gateway, known) if known else "spec.tools.gateways of manifest.yaml names none"
            raise ValueError(f"--gateway: {gateway!r} is no gateway of this agent; {wrong}")
        url = settings.environment.gateways[gateway]
        token = os.environ.get("EVAL_TOKEN") or issue_development_token("recording", settings.state)
        try:
            tools = list_tools(url, token)
        except NoAnswer as error:
            trusted = "kit dev --trust PATH-OF-THIS-REPOSITORY, in the tool's repository"
            print(f"gateway {gateway} at {url}: {error}; start it, a tool server with: {trusted}", file=sys.stderr)
            raise SystemExit(COULD_NOT_RUN) from None
        before = f"{prefix}___" if prefix else ""
        recording = Recording(gateway, [{**tool, "name": f"{before}{tool['name']}"} for tool in tools])
        recorder = _Recorder(recording, url, before)
        with serving(recording.tools, recorder.answer, gateway) as proxy:
            asked = asyncio.run(_ask_all(_through(settings, gateway, proxy), gateway))
        if recorder.failed:
            print(f"gateway {gateway}: {recorder.failed}; nothing was written", file=sys.stderr)
            raise SystemExit(COULD_NOT_RUN)
        path = recording.write()
    found = f"{len(recording.calls)} calls of {len(tools)} tools, made by {asked} rows"
    print(f"{relative(path)}: {found}; review it and commit it")


class _Recorder:
    """Passes calls on to the gateway, and keeps the results."""

    def __init__(self, recording: Recording, url: str, prefix: str) -> None:
        self._recording, self._url, self._prefix = recording, url, prefix
        self.failed = ""

    async def answer(self, tool: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        """Return the result of a call."""
        from agentcore_kit.delivery.mcp_client import NoAnswer, request
        from agentcore_kit.local.recorded_gateway import recorded_claims

        call = {"name": tool.removeprefix(self._prefix), "arguments": arguments}
        try:
            result = await asyncio.to_thread(request, self._url, token, "tools/call", call)
        except NoAnswer as error:
            self.failed = f"{tool}: {error}"
            return {"isError": True, "content": [{"type": "text", "text": f"Error 503: {error}"}]}
        self._recording.note(tool, arguments, recorded_claims(token), result)
        return result


def _through(settings: AgentSettings, gateway: str, proxy: str) -> AgentSettings:
    """Return settings in which a gateway is where its calls are recorded."""
    gateways: Mapping[str, str] = settings.environment.gateways | {gateway: proxy}
    return replace(settings, environment=settings.environment.model_copy(update={"gateways": gateways}))


async def _ask_all(settings: AgentSettings, gateway: str) -> int:
    """Ask the agent all rows, attacks included; return how many."""
    from agentcore_kit.evaluation.dataset import load_dataset
    from agentcore_kit.evaluation.local_target import LocalTarget
    from agentcore_kit.evaluation.runner import Options, run

    target = LocalTarget(settings, as_is=[gateway])
    offline = target.model.get("provider") == "offline"
    asked = 0
    try:
        for name in _DATASETS:
            path = repository_path("evals", name)
            if path.is_file():
                with tempfile.TemporaryDirectory() as folder:
                    dataset = load_dataset(path)
                    await run(dataset, target, Path(folder), Options(workers=1 if offline else 8))
                    asked += len(dataset.entries)
    finally:
        await asyncio.to_thread(target.close)
    return asked
