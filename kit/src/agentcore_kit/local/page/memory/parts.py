"""The page of the local memory: what it asks besides the service's own operations, which it calls itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.memory_server.settings import Settings, strategy_id
from agentcore_kit.local.page.parts import Parts

if TYPE_CHECKING:
    from agentcore_kit.local.memory_server.extraction import Extractor


def parts(settings: Settings, extractor: Extractor) -> Parts:
    """Return the page of a memory.

    Args:
        settings: Its configuration.
        extractor: What extracts its records.
    """
    get = {"memory": lambda found, *_: _memory(found, extractor)}
    return Parts(folder=Path(__file__).parent, settings=lambda: settings, get=get, post={})


def _memory(settings: Settings, extractor: Extractor) -> dict[str, Any]:
    """Return what the memory is: its id, what is kept where and how long, and who may see it."""
    return {
        "name": settings.name.replace("_", "-"),
        "description": settings.description,
        "environment": "local",
        "id": settings.memory_id,
        "extractor": extractor.label,
        "eventExpiryDays": settings.spec.event_expiry_days,
        "consumers": [each.name for each in settings.spec.consumers],
        "strategies": [
            {
                "id": strategy_id(each),
                "name": each.name,
                "type": each.type,
                "description": each.description,
                "namespaceTemplate": each.namespace_template,
                "recordExpiryDays": each.record_expiry_days,
            }
            for each in settings.spec.strategies
        ],
    }
