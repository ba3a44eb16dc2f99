"""Fixtures of the dimensions of an agent and of a tool: what the tests must not depend on, and their options."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from agentcore_kit.testing.options import DimensionOptions, dimension_options


@pytest.fixture(autouse=True, scope="session")
def known_surroundings() -> Iterator[None]:
    """Forget the shell's choices of model and telemetry, but neither who is signed in nor the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AGENT_", "OTEL_")) and name != "AGENT_ENV":
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def options(request: pytest.FixtureRequest) -> DimensionOptions:
    """Return the options of `kit dimensions`."""
    return dimension_options(request.config)
