"""Models: the environment file chooses, variables override, and settings arrive at the provider."""

from __future__ import annotations

from dataclasses import replace

import pytest
from strands.models import BedrockModel
from strands.models.openai import OpenAIModel

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.environment import load_environment
from agentcore_kit.local.offline_model import LABEL, OfflineModel
from agentcore_kit.serving.models import build_model, model_label
from agentcore_kit.serving.settings import AgentSettings

OPENAI = {
    "AGENT_MODEL_PROVIDER": "openai-compatible",
    "AGENT_MODEL_ID": "llama3.1",
    "AGENT_MODEL_BASE_URL": "http://127.0.0.1:11434/v1",
}
BEDROCK = {"AGENT_MODEL_PROVIDER": "bedrock", "AGENT_MODEL_ID": "global.anthropic.claude-sonnet-4-6"}


def chosen_by(settings: AgentSettings, variables: dict[str, str]) -> AgentSettings:
    environment = load_environment(settings.manifest, variables)
    assert isinstance(environment, AgentEnvironment)
    return replace(settings, environment=environment)


def test_without_a_choice_the_model_is_offline_and_says_so(settings: AgentSettings) -> None:
    assert isinstance(build_model(settings), OfflineModel)
    assert model_label(settings) == LABEL == "offline model, not an LLM"


def test_bedrock_by_variable(settings: AgentSettings) -> None:
    there = chosen_by(settings, BEDROCK)
    model = build_model(there)
    assert isinstance(model, BedrockModel)
    assert model.get_config()["model_id"] == BEDROCK["AGENT_MODEL_ID"]
    assert "temperature" not in model.get_config(), "what nobody set is left to the model"
    assert model_label(there) is None


def test_an_openai_compatible_server_needs_no_key(settings: AgentSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = build_model(chosen_by(settings, OPENAI))
    assert isinstance(model, OpenAIModel)
    assert model.get_config()["model_id"] == "llama3.1"
    assert model.client_args == {"base_url": OPENAI["AGENT_MODEL_BASE_URL"], "api_key": "not-needed"}


@pytest.mark.parametrize("name", ["dev", "preprod", "prod"])
def test_deployed_environments_give_their_limits(settings: AgentSettings, name: str) -> None:
    there = chosen_by(settings, {"AGENT_ENV": name})
    config = build_model(there).get_config()
    assert config["max_tokens"] == there.environment.model.max_tokens
    assert config["temperature"] == there.environment.model.temperature


def test_the_guardrail_of_the_deployment_reaches_the_model(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_GUARDRAIL_ID", "a1b2c3d4")
    monkeypatch.setenv("AGENT_GUARDRAIL_VERSION", "3")
    config = build_model(chosen_by(settings, BEDROCK)).get_config()
    assert (config["guardrail_id"], config["guardrail_version"]) == ("a1b2c3d4", "3")
