"""What the agent knows of itself and where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from runtime import settings


@dataclass(frozen=True)
class Settings(settings.Settings):
    """The manifest, the environment, and the folder for local state."""

    def today(self) -> date:
        """Return the date that the agent is told: the frozen one of a local environment, else today in UTC."""
        return self.environment.today or datetime.now(UTC).date()
