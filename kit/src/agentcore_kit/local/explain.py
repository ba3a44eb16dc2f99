"""`kit explain`: why the offline model chooses a tool for a question or does not, for who mends documentation."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

import typer

Question = Annotated[str, typer.Argument(help="The question, as a user asks it.")]


def explain(question: Question) -> None:
    """Say why the offline model chooses a tool for a question, or does not: words, values, limits, what would help.

    No tool is called. It is always the offline model that is asked, whichever model the environment names.
    """
    _say(explained, question)


def explain_tools(question: Question) -> None:
    """Say why the offline model chooses one of these tools for a question, or does not: words, values, what would help.

    No tool is called. The model is that of `kit eval`, which reads nothing but the tools' documentation.
    """
    _say(explained_of_tools, question)


def _say(why: Callable[[str], str], question: str) -> None:
    logging.disable(logging.WARNING)
    try:
        typer.echo(why(question))
    finally:
        logging.disable(logging.NOTSET)


def explained_of_tools(question: str) -> str:
    """Return why the offline model does what it does with a question, given the tools of this repository.

    Args:
        question: As a user asks it, in a new conversation.

    Raises:
        ConfigError: When a file is wrong.
    """
    from strands import Agent
    from strands.tools.mcp import MCPClient

    from agentcore_kit.evaluation.tool_targets import PROMPT, serving
    from agentcore_kit.local.offline_model.model import ExplainingModel
    from agentcore_kit.mcp_server.server import ToolSettings
    from agentcore_kit.runtime.identity import issue_development_token
    from agentcore_kit.runtime.settings import STATE

    with serving(ToolSettings.from_files()) as url:
        headers = {"Authorization": f"Bearer {issue_development_token('developer', STATE)}"}
        with MCPClient(url=url, headers=headers) as tools:
            offered = list(tools.list_tools_sync())
            agent = Agent(ExplainingModel(), system_prompt=PROMPT, tools=offered, callback_handler=None)
            return str(agent(question)).strip("\n")


def explained(question: str) -> str:
    """Return why the offline model does what it does with a question, given this repository's prompt and tools.

    A gateway's tools are those that were recorded of it.

    Args:
        question: As a user asks it, in a new conversation.

    Raises:
        ConfigError: When a file is wrong, or a name names nothing.
    """
    from agentcore_kit.config.import_string import import_string
    from agentcore_kit.local.offline_model.model import ExplainingModel
    from agentcore_kit.local.surroundings import surroundings
    from agentcore_kit.runtime import secrets
    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.serving.context import PromptContext
    from agentcore_kit.serving.gateways import CallerToken, connect_gateways
    from agentcore_kit.serving.service import Service, describe_context
    from agentcore_kit.serving.session import AgentSession
    from agentcore_kit.serving.settings import AgentSettings

    settings = AgentSettings.from_files()
    app = import_string(settings.manifest.spec.code.app)
    secrets.load(settings.environment)
    model, caller = ExplainingModel(), Caller("developer")
    context = PromptContext(lambda: describe_context(settings.today(), None))
    without_memory = settings.environment.model_copy(update={"memory": None})
    with ExitStack() as stack:
        around = stack.enter_context(surroundings(settings.manifest, without_memory))
        settings = replace(settings, environment=around.applied(without_memory))
        service = Service(settings, model, import_string(app.build_agent))
        own = [tool.tool_name for tool in service.own_tools()] if around.tools else []
        gateway = connect_gateways(settings, CallerToken(caller), own)
        stack.callback(gateway.close)
        session = AgentSession(settings, model, "explain", caller, gateway.tools, [context, *gateway.plugins])
        told = str(service.build_agent(session)(question)).strip("\n")
    return "\n".join([*around.missing.values(), told])
