"""What people and components were promised: it stands here too, so that no change of manifest.yaml breaks it unseen.

Who changes a promise changes it here as well, and tells those who rely on it.
"""

from __future__ import annotations

from agentcore_kit.config.manifest import load_manifest

SPEC = load_manifest().spec

EVENTS_KEPT_DAYS = 90

# Where consumers look for records, and for how many days one is kept; None: until somebody deletes it.
RECORDS = {
    "facts": ("/facts/{actorId}/", 365),
    "preferences": ("/preferences/{actorId}/", None),
    "summaries": ("/summaries/{actorId}/{sessionId}/", 90),
}

# What each component may read, and what it may write. `events` is the conversation itself.
ACCESS = {
    "assistant": ({"events", "facts", "preferences", "summaries"}, {"events"}),
    "curator": ({"facts", "preferences", "summaries"}, {"facts", "preferences"}),
    "reporting": ({"summaries"}, set[str]()),
}


def test_what_was_said_is_kept_as_long_as_promised() -> None:
    assert SPEC.event_expiry_days == EVENTS_KEPT_DAYS


def test_records_are_where_they_were_promised_and_as_long() -> None:
    assert {each.name: (each.namespace_template, each.record_expiry_days) for each in SPEC.strategies} == RECORDS


def test_components_may_do_what_was_promised_and_nothing_else() -> None:
    assert {each.name: (set(each.read), set(each.write)) for each in SPEC.consumers} == ACCESS
