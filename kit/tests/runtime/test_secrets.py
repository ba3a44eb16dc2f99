"""Variables and secrets: in the process's environment, from the shell or Secrets Manager, and the newest value."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.served import ServedEnvironment
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.parameters import Secrets
from agentcore_kit.local.aws_emulator.server import serving
from agentcore_kit.local.aws_emulator.world import shell
from agentcore_kit.runtime import masking, secrets

OLD, NEW = "the-first-value", "the-second-value"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end without anything that a process keeps."""
    for name in ("CRM_KEY", "CRM_USER", "LOG_DETAIL"):
        monkeypatch.setenv(name, "")  # so that it is as before at the end
        monkeypatch.delenv(name)
    yield
    secrets.unset_variables()
    secrets._stores.clear()
    secrets._told.clear()
    masking.forget()


def environment(name: str = "dev", **settings: Any) -> ServedEnvironment:
    """Return an environment of this repository with further settings."""
    found = read_environment(name, load_manifest())
    assert isinstance(found, ServedEnvironment)
    return found.model_copy(update=settings)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Serve AWS on this machine, signed in to the account of dev."""
    cloud = Cloud()
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with serving(cloud) as server:
        for name, value in shell(server.address, environment().account, "").items():
            monkeypatch.setenv(name, value)
        yield cloud


@pytest.fixture
def manager(cloud: Cloud) -> Secrets:
    """Return the secrets of dev."""
    there = environment()
    return cloud.at(str(there.account), there.region).secrets


def test_variables_are_set_and_the_shell_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.set_variables(environment(variables={"LOG_DETAIL": "high", "CRM_USER": "bot"}))
    assert (os.environ["LOG_DETAIL"], os.environ["CRM_USER"]) == ("high", "bot")
    secrets.set_variables(environment(variables={"LOG_DETAIL": "low"}))
    assert os.environ["LOG_DETAIL"] == "low", "the file has changed, the shell has said nothing"
    monkeypatch.setenv("LOG_DETAIL", "typed")
    secrets.set_variables(environment(variables={"LOG_DETAIL": "high"}))
    assert os.environ["LOG_DETAIL"] == "typed"


def test_a_process_that_is_started_reads_the_file_itself() -> None:
    secrets.set_variables(environment(variables={"LOG_DETAIL": "high"}))
    secrets.unset_variables()
    assert "LOG_DETAIL" not in os.environ


def test_in_local_the_shell_has_the_secret_and_it_is_kept_out_of_texts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CRM_KEY", OLD)
    there = environment("local", secrets={"CRM_KEY": "crm"})
    secrets.set_variables(there)
    secrets.load(there)
    assert os.environ["CRM_KEY"] == OLD
    assert masking.mask(f"it is {OLD}") == "it is [secret CRM_KEY]"
    assert not caplog.records


def test_without_it_a_local_run_goes_on_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    there = environment("local", secrets={"CRM_KEY": "crm"})
    for _ in range(3):
        secrets.set_variables(there)
        secrets.load(there)
    (record,) = caplog.records
    assert record.getMessage() == "CRM_KEY is not set, so this runs without it; what needs it: export CRM_KEY=…"


def test_what_cannot_do_without_it_says_what_to_type() -> None:
    with pytest.raises(secrets.SecretUnavailable, match="export CRM_KEY=…") as caught:
        secrets.required(environment("local", secrets={"CRM_KEY": "crm"}), "CRM_KEY")
    assert str(caught.value).startswith("environments/local.yaml: secrets.CRM_KEY: ")


def test_in_aws_they_come_from_secrets_manager_each_read_once(cloud: Cloud, manager: Secrets) -> None:
    manager.values |= {"team/crm": '{"user": "the-bot", "key": "the-first-value"}', "team/plain": f"{NEW}\n"}
    secrets.load(
        environment(secrets={"CRM_USER": "team/crm#user", "CRM_KEY": "team/crm#key", "LOG_DETAIL": "team/plain"})
    )
    assert [os.environ[name] for name in ("CRM_USER", "CRM_KEY", "LOG_DETAIL")] == ["the-bot", OLD, NEW]
    assert [call.parameters for call in cloud.made("GetSecretValue")] == [
        {"SecretId": "team/crm"},
        {"SecretId": "team/plain"},
    ]
    assert masking.mask(OLD) == "[secret CRM_KEY]"


def test_a_command_that_names_the_environment_reads_none(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    secrets.set_variables(environment(secrets={"CRM_KEY": "crm"}))
    assert not cloud.calls
    assert not caplog.records, "a gate in the pipeline needs no secret of what it asks"


def refusal(**settings: Any) -> str:
    """Return the one line that a start ends with."""
    with pytest.raises(secrets.SecretUnavailable) as caught:
        secrets.load(environment(secrets={"CRM_KEY": "team/crm#key"}, **settings))
    (line,) = caught.value.problems
    assert "CRM_KEY" not in os.environ
    there = environment()
    assert line.startswith(f"secret team/crm for CRM_KEY (environment dev, {there.region}) cannot be read with ")
    return line


def test_one_that_is_not_there_is_told_with_what_to_type(manager: Secrets) -> None:
    line = refusal()
    assert "can't find the specified secret" in line
    assert f"aws secretsmanager create-secret --region {environment().region} --name team/crm --secret-string" in line


def test_one_that_may_not_be_read_is_told_with_the_role(manager: Secrets) -> None:
    manager.values["team/crm"] = "{}"
    manager.forbidden.add("team/crm")
    line = refusal()
    assert "is not authorized to perform: secretsmanager:GetSecretValue" in line
    assert "next: kit deploy --env dev lets the role read it" in line
    own = "arn:aws:iam::123456789012:role/agents"
    line = refusal(role=own)
    assert f"cannot be read with {own}: " in line
    assert "next: allow that role secretsmanager:GetSecretValue" in line


def test_one_that_was_deleted_can_come_back(manager: Secrets) -> None:
    manager.values["team/crm"] = "{}"
    manager.deleted.add("team/crm")
    assert "aws secretsmanager restore-secret" in refusal()


@pytest.mark.parametrize("text", [NEW, "[]", '{"other": "the-second-value"}', '"the-second-value"'])
def test_a_key_that_it_has_not_is_told_without_its_value(manager: Secrets, text: str) -> None:
    manager.values["team/crm"] = text
    line = refusal()
    assert "it has no key key" in line
    assert NEW not in line


def test_a_value_that_could_not_be_kept_out_of_logs_is_refused(manager: Secrets) -> None:
    manager.values["team/crm"] = '{"key": "abc"}'
    assert "has fewer than 4 characters" in refusal()


def test_aws_out_of_reach_is_told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    assert "in a VPC the way to Secrets Manager" in refusal()


def test_a_new_value_is_there_after_five_minutes(manager: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    manager.values["crm"] = OLD
    secrets.load(environment(secrets={"CRM_KEY": "crm"}))
    manager.values["crm"] = NEW
    asyncio.run(secrets.keep_fresh())
    assert os.environ["CRM_KEY"] == OLD, "it is not yet time"
    monkeypatch.setattr(secrets, "REFRESH_SECONDS", 0.0)
    asyncio.run(secrets.keep_fresh())
    assert os.environ["CRM_KEY"] == NEW
    assert masking.mask(f"{OLD} {NEW}") == "[secret CRM_KEY] [secret CRM_KEY]"


def test_on_demand_it_is_there_at_once_and_says_whether_it_is_new(manager: Secrets) -> None:
    manager.values["crm"] = OLD
    secrets.load(environment(secrets={"CRM_KEY": "crm"}))
    assert not secrets.refresh()
    manager.values["crm"] = NEW
    assert secrets.refresh()
    assert os.environ["CRM_KEY"] == NEW


def test_when_it_cannot_be_read_again_the_value_of_before_stays(
    manager: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    manager.values["crm"] = OLD
    secrets.load(environment(secrets={"CRM_KEY": "crm"}))
    manager.forbidden.add("crm")
    caplog.set_level(logging.WARNING)
    assert not secrets.refresh()
    assert os.environ["CRM_KEY"] == OLD
    assert "the secrets of before stay" in caplog.text
    assert not secrets.is_due(), "it is tried again with the next period, not with every request"


def test_a_new_secret_in_local_needs_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRM_KEY", OLD)
    secrets.load(environment("local", secrets={"CRM_KEY": "crm"}))
    assert not secrets.refresh()
    assert not secrets.is_due()
