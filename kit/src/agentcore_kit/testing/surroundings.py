"""What tests must not depend on: the shell's choices and signals, AWS credentials, the log level that a verb set."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

CHOICES = {
    "AWS_PROFILE", "DEVELOPMENT_SECRETS", "LOG_LEVEL", "NAME", "OPENAI_API_KEY", "PORT", "Q", "SESSION", "TRACE",
    "USER_ID",
}  # fmt: skip


# For a module, so that it also holds for the server that its tests share.
@pytest.fixture(autouse=True, scope="module")
def known_surroundings() -> Iterator[None]:
    """Forget the shell's own choices, and give botocore credentials that open nothing: a call not stubbed fails."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has it ignored, and its children
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
