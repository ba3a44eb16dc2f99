"""The yardstick: the least program that serves the same Strands agent, with the same tools and model, and nothing else.

Run inside a generated agent repository: `python minimal.py PORT`, or `python minimal.py PORT empty` for a server
without an agent.
"""

import sys

from bedrock_agentcore.runtime import BedrockAgentCoreApp

app = BedrockAgentCoreApp()

if sys.argv[2:] != ["empty"]:
    from pathlib import Path

    from agent.tools import TOOLS
    from agentcore_kit.local.offline_model import OfflineModel
    from strands import Agent
    from strands.vended_plugins.context_injector import ContextInjector

    agent = Agent(
        model=OfflineModel(),
        tools=list(TOOLS),
        system_prompt=Path("src/agent/prompt.md").read_text(encoding="utf-8"),
        plugins=[ContextInjector(lambda _: "<context>Today is 2026-11-16 (Monday).</context>", trigger="everyTurn")],
        callback_handler=None,
    )


@app.entrypoint
async def invoke(payload: dict[str, str]) -> dict[str, str]:
    """Answer with text only."""
    return {"answer": str(await agent.invoke_async(payload["prompt"]))}


app.run(port=int(sys.argv[1]))
