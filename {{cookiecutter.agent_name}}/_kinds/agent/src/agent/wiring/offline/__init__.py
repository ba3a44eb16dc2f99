"""The offline model: no LLM, no network, the same answer every time."""

from agent.wiring.offline.answer import LABEL
from agent.wiring.offline.model import OfflineModel

__all__ = ["LABEL", "OfflineModel"]
