"""The offline model: no LLM, no network, the same answer every time."""

from agentcore_kit.local.offline_model.answer import LABEL
from agentcore_kit.local.offline_model.model import OfflineModel

__all__ = ["LABEL", "OfflineModel"]
