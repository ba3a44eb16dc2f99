"""Which model answers: `offline`, `bedrock` or `openai-compatible`, as the environment file or a variable says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from agentcore_kit.config.import_string import import_string
from agentcore_kit.runtime import masking, secrets
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    from strands.models import Model

_KEY = "OPENAI_API_KEY"
CONNECT_SECONDS = 5.0
"""How long a connection to a model may take."""

_SILENT_SECONDS = 120.0
"""How long Bedrock may send nothing at all, after which it counts as unavailable. It is Strands' own limit."""

_OFFLINE = "agentcore_kit.local.offline_model"
"""Named and not imported: it is for laptops, and no server in the cloud ever loads it."""


def build_model(settings: AgentSettings) -> Model:
    """Return the model that the environment names. Only its provider is imported, as each costs start-up time."""
    chosen = settings.environment.model
    limits = {"temperature": chosen.temperature, "max_tokens": chosen.max_tokens}
    options: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    match chosen.provider:
        case "offline":
            offline_model: Any = import_string(f"{_OFFLINE}:OfflineModel")
            model: Model = offline_model()
            return model
        case "bedrock":
            from botocore.config import Config
            from strands.models import BedrockModel

            options |= guardrail_of_deployment()
            client = Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=min(_SILENT_SECONDS, settings.environment.limits.turn.seconds),
                retries={"total_max_attempts": 1, "mode": "standard"},  # the turn has them: see model_stream
            )
            return BedrockModel(
                model_id=chosen.id, region_name=settings.environment.region, boto_client_config=client, **options
            )
        case "openai-compatible":
            from agentcore_kit.serving.chat_completions import ChatCompletionsModel

            variable, key = _key(settings)
            chat = ChatCompletionsModel(chosen, {"base_url": chosen.base_url, "api_key": key}, options)
            chat.key_variable = variable
            return chat


def _key(settings: AgentSettings) -> tuple[str | None, str]:
    """Return which secret is the endpoint's key, None where none is named, and the key.

    Raises:
        SecretUnavailable: When the secret is not set.
    """
    environment = settings.environment
    variable = environment.model.api_key or _KEY
    if variable in environment.secrets:
        return variable, secrets.required(environment, variable)
    # Servers on the own machine (Ollama, vLLM, llama.cpp) need no key, but the client insists on one.
    if key := os.environ.get(_KEY):
        masking.register(_KEY, key)
    return None, key or "not-needed"


def guardrail_of_deployment() -> dict[str, Any]:
    """Return the guardrail of the manifest, whose id and version the deployment passes in, if there is one."""
    guardrail = os.environ.get("AGENT_GUARDRAIL_ID")
    if not guardrail:
        return {}
    return {"guardrail_id": guardrail, "guardrail_version": os.environ["AGENT_GUARDRAIL_VERSION"]}


def model_label(settings: AgentSettings) -> str | None:
    """Return what must be shown beside the model's output: that it is no LLM, or nothing."""
    if settings.environment.model.provider != "offline":
        return None
    label: str = import_string(f"{_OFFLINE}:LABEL")
    return label


def load_instrumentations(settings: AgentSettings) -> None:
    """Load what records the calls of the model's and the memory's clients."""
    if settings.environment.model.provider == "bedrock" or settings.environment.memory:
        from opentelemetry.instrumentation.botocore import BotocoreInstrumentor

        BotocoreInstrumentor().instrument()  # type: ignore[no-untyped-call]
    if settings.environment.model.provider == "openai-compatible":
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

        HTTPXClientInstrumentor().instrument()
