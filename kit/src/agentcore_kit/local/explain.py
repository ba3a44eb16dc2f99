"""`kit explain`: why the offline model chooses a tool for a question or does not, for who mends documentation."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

import typer


def explain(
    question: Annotated[str, typer.Argument(help="The question, as a user asks it.")],
) -> None:
    """Say why the offline model chooses a tool for a question, or does not: words, values, limits, what would help.

    No tool is called. It is always the offline model that is asked, whichever model the environment names.
    """
    logging.disable(logging.WARNING)
    try:
        typer.echo(explained(question))
    finally:
        logging.disable(logging.NOTSET)


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
