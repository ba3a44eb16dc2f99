"""The offline model: no LLM, no network, the same answer every time."""

from offline.answer import LABEL
from offline.model import OfflineModel

__all__ = ["LABEL", "OfflineModel"]
