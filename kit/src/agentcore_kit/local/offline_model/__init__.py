"""The offline model: no LLM, no network, the same answer every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentcore_kit.local.offline_model.answer import LABEL
    from agentcore_kit.local.offline_model.model import OfflineModel

__all__ = ["LABEL", "OfflineModel"]


def __getattr__(name: str) -> Any:
    """Load the model when it is asked for: who needs only the words of a text does not wait for it."""
    if name == "LABEL":
        from agentcore_kit.local.offline_model.answer import LABEL

        return LABEL
    if name == "OfflineModel":
        from agentcore_kit.local.offline_model.model import OfflineModel

        return OfflineModel
    raise AttributeError(name)
