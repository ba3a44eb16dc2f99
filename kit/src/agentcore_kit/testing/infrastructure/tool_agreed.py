"""What reviewers have agreed to of these tools: a change of it is seen here."""

from __future__ import annotations

# What the roles grant besides what every Runtime needs, by template and statement.
GRANTED: dict[tuple[str, str], set[str]] = {
    ("lambda", "WriteLogs"): {"logs:CreateLogStream", "logs:PutLogEvents"},
}

# Resources with a wildcard, each with the reason for which it was accepted.
REVIEWED: dict[tuple[str, str], str] = {}

LOG_GROUPS = 3
ALARMS = ("Errors", "Latency", "Throttles")

# These have no tags.
UNTAGGED: tuple[str, ...] = ("AWS::BedrockAgentCore::ResourcePolicy", "AWS::Lambda::Permission")

# The steps of delivery, in the order in which each guards those after it.
GUARDED = [
    ("build", "build"),
    ("preprod", "deploy"),
    ("preprod", "smoke"),
    ("preprod", "dimensions"),
    ("preprod", "gate"),
    ("preprod", "promote"),
    ("preprod", "register"),
    ("prod", "deploy"),
    ("prod", "promote"),
    ("prod", "smoke"),
    ("prod", "register"),
]
