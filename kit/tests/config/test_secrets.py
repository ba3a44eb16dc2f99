"""Secrets and variables of an environment file: names that are taken, and secrets that would stand in git."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.infrastructure import secret_arns
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_path


def read(folder: Path, text: str, name: str = "dev") -> AgentEnvironment:
    """Return an environment of this repository with text at its end."""
    before = repository_path("environments", f"{name}.yaml").read_text(encoding="utf-8")
    (folder / f"{name}.yaml").write_text(before + text, encoding="utf-8")
    found = read_environment(name, load_manifest(), folder=folder)
    assert isinstance(found, AgentEnvironment)
    return found


def refusal(folder: Path, text: str) -> str:
    """Return the one line with which it is refused."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    (line,) = caught.value.problems
    return line


def test_they_are_read_as_they_are_written(tmp_path: Path) -> None:
    text = "\nvariables: {LOG_DETAIL: high, LEVEL: 3, QUIET: true, PARTITION_KEY: customer-id, MAX_TOKEN: 4096}\n"
    text += "secrets: {OPENAI_API_KEY: my-agent/openai, CRM_PASSWORD: 'crm#password'}\n"
    found = read(tmp_path, text)
    assert found.variables == {
        "LOG_DETAIL": "high", "LEVEL": "3", "QUIET": "true", "PARTITION_KEY": "customer-id", "MAX_TOKEN": "4096",
    }  # fmt: skip
    assert found.secrets == {"OPENAI_API_KEY": "my-agent/openai", "CRM_PASSWORD": "crm#password"}


@pytest.mark.parametrize("group", ["variables", "secrets"])
@pytest.mark.parametrize("name", ["AWS_REGION", "AGENT_ENV", "OTEL_TRACES_EXPORTER", "PYTHONPATH", "PATH", "PORT"])
def test_a_reserved_name_is_refused(tmp_path: Path, group: str, name: str) -> None:
    line = refusal(tmp_path, f"\n{group}: {{{name}: other}}\n")
    assert f"{group}.{name}: is a reserved name; choose one that is none of AWS_*, " in line


def test_a_name_is_one_or_the_other(tmp_path: Path) -> None:
    assert "variables.A: stands under secrets too" in refusal(tmp_path, "\nvariables: {A: b}\nsecrets: {A: b}\n")


@pytest.mark.parametrize(
    "variable",
    [
        "CRM_PASSWORD: hunter2-hunter2",
        "API_TOKEN: a1b2c3d4e5f6",
        "OPENAI_API_KEY: abcdefgh12345678",
        "SETTING: sk-proj-abcdefghijklmnop1234",
        "SETTING: AKIAIOSFODNN7EXAMPLE",
        "SETTING: ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
def test_what_looks_like_a_secret_does_not_stand_in_a_file(tmp_path: Path, variable: str) -> None:
    line = refusal(tmp_path, f"\nvariables: {{{variable}}}\n")
    name, _, value = variable.partition(": ")
    assert f"variables.{name}: looks like a secret, and this file is in git; put it into AWS Secrets Manager" in line
    assert value not in line


def test_a_secret_in_the_place_of_its_name_is_told(tmp_path: Path) -> None:
    line = refusal(tmp_path, "\nsecrets: {KEY: sk-proj-abcdefghijklmnop1234}\n")
    assert "secrets.KEY: is a secret itself" in line
    assert "sk-proj" not in line


@pytest.mark.parametrize("name", ["openai key", "a#", "#key", "a#b c", ""])
def test_a_wrong_name_of_a_secret_is_told_with_an_example(tmp_path: Path, name: str) -> None:
    line = refusal(tmp_path, f"\nsecrets: {{KEY: '{name}'}}\n")
    assert "secrets.KEY: " in line
    assert "my-agent/openai" in line


def test_the_models_key_is_one_of_the_secrets(tmp_path: Path) -> None:
    before = repository_path("environments", "dev.yaml").read_text(encoding="utf-8")
    endpoint = "  provider: openai-compatible\n  baseUrl: https://models.example.com/v1\n  apiKey: GATEWAY_KEY\n"
    text = before.replace("  provider: bedrock\n", endpoint)
    (tmp_path / "dev.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"model\.apiKey: is not under secrets") as caught:
        read_environment("dev", load_manifest(), folder=tmp_path)
    assert "secrets: {GATEWAY_KEY: gateway-key}" in str(caught.value)
    (tmp_path / "dev.yaml").write_text(text + "\nsecrets: {GATEWAY_KEY: team/gateway}\n", encoding="utf-8")
    found = read_environment("dev", load_manifest(), folder=tmp_path)
    assert isinstance(found, AgentEnvironment)
    assert found.model.api_key == "GATEWAY_KEY"


def test_bedrock_has_no_key(tmp_path: Path) -> None:
    before = repository_path("environments", "dev.yaml").read_text(encoding="utf-8")
    text = before.replace("  provider: bedrock\n", "  provider: bedrock\n  apiKey: KEY\n") + "\nsecrets: {KEY: a}\n"
    (tmp_path / "dev.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"model\.apiKey: bedrock has no key"):
        read_environment("dev", load_manifest(), folder=tmp_path)


def test_a_role_may_read_exactly_what_is_named() -> None:
    secrets = {"A": "team/one", "B": "team/two#key", "C": "team/two#other"}
    assert secret_arns("aws", "eu-central-1", "123456789012", secrets) == [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/one-??????",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:team/two-??????",
    ]
