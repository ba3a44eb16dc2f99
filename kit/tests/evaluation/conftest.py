"""Fixtures for tests of the evaluation: those of a served agent that it needs too."""

from __future__ import annotations

from tests.agent.conftest import domain, settings

__all__ = ["domain", "settings"]
