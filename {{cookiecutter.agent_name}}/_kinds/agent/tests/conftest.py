"""Fixtures for all tests: settings with a folder of their own, and no AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.wiring.service import Service
from agent.wiring.settings import Settings
from runtime.identity import Caller, authenticate, issue_development_token

CHOICES = {"AWS_PROFILE", "LOG_LEVEL", "NAME", "OPENAI_API_KEY", "PORT", "Q", "SESSION", "TRACE", "USER_ID"}


# For a module, so that it also holds for the server that its tests share.
@pytest.fixture(autouse=True, scope="module")
def known_surroundings() -> Iterator[None]:
    """Forget the shell's own choices, and give botocore credentials that open nothing: a call not stubbed fails."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in CHOICES or name.startswith(("AGENT_", "OTEL_")):
                patch.delenv(name)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(autouse=True)
def level_of_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next test start without the LOG_LEVEL that a verb in this process sets for itself."""
    monkeypatch.setenv("LOG_LEVEL", "")
    monkeypatch.delenv("LOG_LEVEL")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return this repository's local settings, with state in a folder of the test's own."""
    return replace(Settings.from_files(), state=tmp_path / "state")


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """Return the agent with its local model."""
    from agent.wiring.models import build_model

    service = Service(settings, build_model(settings))
    yield service
    service.close()


@pytest.fixture
def alice(settings: Settings) -> Caller:
    """Return a verified user."""
    return caller(settings, "alice")


def caller(settings: Settings, user_id: str) -> Caller:
    """Return a verified user of that id."""
    token = issue_development_token(user_id, settings.state)
    return authenticate({"Authorization": f"Bearer {token}"}, "development", settings.state)
