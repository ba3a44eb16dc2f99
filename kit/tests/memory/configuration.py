"""A configuration of the kit's own tests: what the manifest of the repository says does not matter to them."""

from __future__ import annotations

from agentcore_kit.config.memory import MemorySpec

SPEC = MemorySpec.model_validate({
    "eventExpiryDays": 90,
    "strategies": [
        {"type": "semantic", "name": "facts", "description": "Facts.", "namespaceTemplate": "/facts/{actorId}/",
         "recordExpiryDays": 365},
        {"type": "userPreference", "name": "preferences", "description": "Preferences.",
         "namespaceTemplate": "/preferences/{actorId}/"},
        {"type": "summary", "name": "summaries", "description": "Summaries.",
         "namespaceTemplate": "/summaries/{actorId}/{sessionId}/", "recordExpiryDays": 90},
        {"type": "episodic", "name": "episodes", "description": "Episodes.",
         "namespaceTemplate": "/episodes/{actorId}/"},
    ],
    "indexedKeys": [{"key": "source", "type": "STRING"}],
    "consumers": [
        {"name": "assistant", "read": ["events", "facts", "preferences", "summaries"], "write": ["events"]},
        {"name": "curator", "read": ["facts", "preferences", "summaries"], "write": ["facts", "preferences"]},
        {"name": "reporting", "read": ["summaries"], "write": []},
    ],
})  # fmt: skip
