"""Environments: each file against its rules and the manifest, and what variables override."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml

from agentcore_kit.config.agent import AgentEnvironment, AgentManifest
from agentcore_kit.config.commands import schema
from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import environment_name, load_environment, read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_path

LOCAL = """\
name: local
account: null
region: eu-central-1
model:
  provider: offline
identity:
  mode: development
telemetry:
  recordContent: true
today: 2026-11-16
"""
PROD = """\
name: prod
account: '012345678901'
sharedAccount: '111122223333'
region: eu-central-1
model:
  provider: bedrock
  id: eu.amazon.nova-pro-v1:0
identity:
  mode: runtime
gateways:
  market-data: https://market-data.example.com/mcp
memory:
  id: customer_memory-a1B2c3D4e5
telemetry:
  recordContent: false
"""


@pytest.fixture
def manifest() -> AgentManifest:
    """Return a manifest that names a gateway and a memory, which PROD has and LOCAL has not."""
    raw = load_manifest().model_dump(by_alias=True)
    raw["spec"] |= {"tools": {"gateways": ["market-data"]}, "memory": "customer-memory"}
    return AgentManifest.model_validate(raw)


def read(folder: Path, text: str, manifest: AgentManifest | None = None, **variables: str) -> AgentEnvironment:
    """Read an environment from a text."""
    name = next(name for name in environment_names() if text.startswith(f"name: {name}"))
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    found = read_environment(name, manifest, variables, folder)
    assert isinstance(found, AgentEnvironment)
    return found


def refusal(folder: Path, text: str, manifest: AgentManifest | None = None, **variables: str) -> str:
    """Return what is wrong with an environment."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text, manifest, **variables)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize("name", environment_names())
def test_the_environments_of_this_repository_are_right(name: str) -> None:
    environment = load_environment(load_manifest(), {"AGENT_ENV": name})
    assert environment.name == name
    schema()
    known = json.loads(repository_path(".local", "schemas", "environment.json").read_text(encoding="utf-8"))
    values = yaml.safe_load(repository_path("environments", f"{name}.yaml").read_text(encoding="utf-8"))
    # JSON has no dates: editors see them as the text that they are written as.
    jsonschema.validate(json.loads(json.dumps(values, default=str)), known)


def test_right_environments_load(tmp_path: Path, manifest: AgentManifest) -> None:
    local, prod = read(tmp_path, LOCAL), read(tmp_path, PROD, manifest)
    assert (local.today, local.account, local.model.id) == (date(2026, 11, 16), None, "offline")
    assert (prod.today, prod.account, prod.memory and prod.memory.id) == (
        None,
        "012345678901",
        "customer_memory-a1B2c3D4e5",
    )


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("'012345678901'", "012345670123", "prod.yaml:2: account: 012345670123 without quotes is a number"),
        ("'012345678901'", "'1234'", "prod.yaml:2: account: '1234' is not right; needed: the 12 digits"),
        ("account: '012345678901'\n", "", "prod.yaml:1: account: missing; needed: the 12 digits"),
        ("'111122223333'", "null", "prod.yaml:3: sharedAccount: missing"),
        ("name: prod", "name: prodd", "prod.yaml:1: name: must be prod, as the file is named"),
        ("eu-central-1", "europe", "prod.yaml:4: region: 'europe' is not right"),
        ("provider: bedrock", "provider: bedrok", "prod.yaml:6: model.provider: 'bedrok' is not known; did you mean"),
        ("  id: eu.amazon.nova-pro-v1:0\n", "", "prod.yaml:5: model.id: missing; bedrock needs a model id"),
        (
            "id: eu.amazon",
            "id: us.amazon",
            "prod.yaml:7: model.id: a profile for us cannot be called from eu-",
        ),
        *(
            (
                "eu-central-1\nmodel:\n  provider: bedrock\n  id: eu",
                f"us-gov-west-1\nmodel:\n  provider: bedrock\n  id: {area}",
                f"prod.yaml:7: model.id: a profile for {area} cannot be called from us-gov-west-1",
            )
            for area in ("global", "us")
        ),
        (
            "bedrock",
            "openai-compatible",
            "baseUrl: missing; openai-compatible needs it; for example baseUrl: https:",
        ),
        ("bedrock", "bedrock\n  baseUrl: https://a.example.com/v1", "model.baseUrl: bedrock has no address; remove it"),
        ("mode: runtime", "mode: development", "prod.yaml:9: identity.mode: must be runtime"),
        (
            "name: prod",
            "name: prod\nonlineEvaluation: {evaluators: [Builtin.Refusal]}",
            "onlineEvaluation.evaluators[0]: Builtin.Refusal counts what is bad",
        ),
        ("false", "'no'", "telemetry.recordContent: 'no' is not right; needed: whether prompts"),
        ("https://market-data.", "http://market-data.", "prod.yaml:11: gateways.market-data: must begin with https:"),
        ("  market-data: ", "  other: ", "prod.yaml:11: gateways.other: is not among spec.tools.gateways"),
        ("e5\n", "e5\n  endpoint: http://127.0.0.1:8090\n", "prod.yaml:14: memory.endpoint: is for local only"),
        ("e5\n", "e5\n  recall: [/facts/]\n", "memory.recall[0]: has no {actorId}, so it is of everybody"),
        ("telemetry:", "today: 2026-11-16\ntelemetry:", "prod.yaml:14: today: is not for production"),
    ],
)
def test_a_wrong_environment_is_refused(
    tmp_path: Path, manifest: AgentManifest, right: str, wrong: str, problem: str
) -> None:
    assert right in PROD
    assert problem in refusal(tmp_path, PROD.replace(right, wrong), manifest)


def test_local_has_no_account_and_trusts_no_token_that_nobody_verified(tmp_path: Path) -> None:
    text = LOCAL.replace("null", "'012345678901'").replace("development", "runtime")
    found = refusal(tmp_path, text)
    assert "local.yaml:2: account: must be null" in found
    assert "local.yaml:7: identity.mode: must be development in local" in found


def test_local_says_where_gateways_and_memory_are(tmp_path: Path, manifest: AgentManifest) -> None:
    found = refusal(tmp_path, LOCAL, manifest)
    assert "gateways.market-data: missing, but manifest.yaml names this" in found
    assert "memory.id: missing, but manifest.yaml names" in found


WITHOUT_ADDRESSES = PROD.replace("  market-data: https://market-data.example.com/mcp\n", "").replace(
    "gateways:\nmemory:\n  id: customer_memory-a1B2c3D4e5\n", ""
)


def test_in_aws_a_deployment_tells_where_gateways_and_memory_are(tmp_path: Path, manifest: AgentManifest) -> None:
    alone = read(tmp_path, WITHOUT_ADDRESSES, manifest)
    assert (alone.gateways, alone.memory) == ({}, None)
    urls = {"market-data": "https://published.example.com/mcp"}
    given = {"AGENT_GATEWAYS": json.dumps(urls), "AGENT_MEMORY_ID": "published-a1B2c3D4e5"}
    told = read(tmp_path, WITHOUT_ADDRESSES, manifest, **given)
    assert told.gateways == urls
    assert told.memory
    assert told.memory.id == "published-a1B2c3D4e5"
    written = read(tmp_path, PROD, manifest, **given)
    assert written.gateways == {"market-data": "https://market-data.example.com/mcp"}, "what the file says comes first"
    assert written.memory
    assert written.memory.id == "customer_memory-a1B2c3D4e5"


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("AGENT_GATEWAYS", "market-data", "AGENT_GATEWAYS: gateways: is no JSON with a URL by name"),
        ("AGENT_GATEWAYS", "[1]", "AGENT_GATEWAYS: gateways: is no JSON with a URL by name"),
        ("AGENT_GATEWAYS", '{"market-data": "http://a.example.com"}', "gateways.market-data: must begin with https:"),
        ("AGENT_MEMORY_ID", "no id", "AGENT_MEMORY_ID: memory.id: 'no id' is not right"),
    ],
)
def test_what_a_deployment_tells_is_checked(
    tmp_path: Path, manifest: AgentManifest, variable: str, value: str, problem: str
) -> None:
    assert problem in refusal(tmp_path, WITHOUT_ADDRESSES, manifest, **{variable: value})


def test_a_memory_that_the_manifest_does_not_name_is_refused(tmp_path: Path) -> None:
    without = load_manifest().model_dump(by_alias=True) | {"spec": {"protocol": "HTTP"}}
    assert "memory: is not in spec.memory" in refusal(tmp_path, PROD, AgentManifest.model_validate(without))


def test_variables_choose_another_model(tmp_path: Path) -> None:
    model = read(
        tmp_path,
        LOCAL,
        AGENT_MODEL_PROVIDER="openai-compatible",
        AGENT_MODEL_BASE_URL="http://127.0.0.1:11434/v1",
        AGENT_MODEL_ID="llama3.1",
    ).model
    assert (model.provider, model.base_url, model.id) == ("openai-compatible", "http://127.0.0.1:11434/v1", "llama3.1")


def test_another_provider_does_not_get_the_id_of_the_file(tmp_path: Path) -> None:
    found = refusal(tmp_path, PROD, AGENT_MODEL_PROVIDER="openai-compatible", AGENT_MODEL_BASE_URL="https://a.b/v1")
    assert found.startswith("AGENT_MODEL_PROVIDER: model.id: missing; openai-compatible needs a model id; for example")


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("AGENT_MODEL_PROVIDER", "ofline", "AGENT_MODEL_PROVIDER: model.provider: 'ofline' is not known; did you mean"),
        ("AGENT_MODEL_ID", "gpt", "AGENT_MODEL_ID: model.id: has no effect with provider offline"),
        ("AGENT_MODEL_BASE_URL", "http://a.b", "AGENT_MODEL_BASE_URL: model.baseUrl: offline has no address"),
        ("AGENT_TODAY", "tomorrow", "AGENT_TODAY: today: 'tomorrow' is not right; needed: a day as YYYY-MM-DD"),
        ("AGENT_CONNECT_SECONDS", "soon", "AGENT_CONNECT_SECONDS: limits.gateways.connectSeconds: 'soon' is not right"),
        ("AGENT_CONNECT_SECONDS", "0", "AGENT_CONNECT_SECONDS: limits.gateways.connectSeconds: "),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str, problem: str) -> None:
    assert problem in refusal(tmp_path, LOCAL, None, **{variable: value})


def test_the_date_can_be_set_wherever_no_user_is(tmp_path: Path) -> None:
    assert read(tmp_path, LOCAL, AGENT_TODAY="2025-01-31").today == date(2025, 1, 31)
    assert read(tmp_path, LOCAL, AGENT_TODAY="").today == date(2026, 11, 16)
    preprod = PROD.replace("name: prod", "name: preprod", 1) + "today: 2026-11-16\n"
    assert read(tmp_path, preprod).today == date(2026, 11, 16)
    assert refusal(tmp_path, PROD, AGENT_TODAY="2025-01-31").startswith("AGENT_TODAY: today: is not for production")


def test_the_environment_is_local_unless_a_variable_names_another() -> None:
    assert [environment_name({}), environment_name({"AGENT_ENV": "preprod"})] == ["local", "preprod"]
    with pytest.raises(ConfigError, match=r"^AGENT_ENV: 'pre-prod' is no environment; did you mean preprod\?$"):
        environment_name({"AGENT_ENV": "pre-prod"})
