"""What people and components were promised: it stands here too, so that no change of manifest.yaml breaks it unseen.

Whoever changes a promise changes it here too, and tells those who rely on it.
"""

from __future__ import annotations

EVENTS_KEPT_DAYS = 90

RECORDS_KEPT_DAYS: dict[str, int | None] = {"facts": 365, "preferences": None, "summaries": 90}
"""None: until somebody deletes them."""

PLACES = {
    "facts": "/facts/{actorId}/",
    "preferences": "/preferences/{actorId}/",
    "summaries": "/summaries/{actorId}/{sessionId}/",
}
"""Where consumers look for records."""

MAY_READ = {
    "assistant": {"events", "facts", "preferences", "summaries"},
    "curator": {"facts", "preferences", "summaries"},
    "reporting": {"summaries"},
}
MAY_WRITE = {
    "assistant": {"events"},
    "curator": {"facts", "preferences"},
    "reporting": set[str](),
}
