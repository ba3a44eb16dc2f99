"""What reviewers have agreed to of this agent: a change of it is seen here."""

from __future__ import annotations

# What the roles grant besides what every Runtime needs, by template and statement.
GRANTED: dict[tuple[str, str], set[str]] = {
    ("role", "InvokeModel"): {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
    ("role", "InvokeModelThroughProfile"): {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
    ("role", "UseMemory"): {
        "bedrock-agentcore:CreateEvent",
        "bedrock-agentcore:GetEvent",
        "bedrock-agentcore:ListEvents",
        "bedrock-agentcore:ListSessions",
        "bedrock-agentcore:GetMemory",
        "bedrock-agentcore:ListMemoryRecords",
        "bedrock-agentcore:RetrieveMemoryRecords",
    },
    ("role", "ApplyGuardrail"): {"bedrock:ApplyGuardrail"},
    ("evaluation", "FindLogGroups"): {"logs:DescribeLogGroups"},
    ("evaluation", "ReadSessions"): {"logs:StartQuery"},
    ("evaluation", "ReadQueryResults"): {"logs:GetQueryResults"},
    ("evaluation", "WriteResults"): {"logs:CreateLogStream", "logs:PutLogEvents"},
    ("evaluation", "IndexSpans"): {"logs:DescribeIndexPolicies", "logs:PutIndexPolicy"},
    ("evaluation", "JudgeWithModels"): {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},
}

# Resources with a wildcard, each with the reason for which it was accepted.
REVIEWED: dict[tuple[str, str], str] = {
    ("role", "InvokeModelThroughProfile"): "a profile routes to other regions; limited to calls through that profile",
    ("evaluation", "FindLogGroups"): "lists; the service looks for its groups among all",
    ("evaluation", "ReadSessions"): "the endpoints of this runtime only",
    ("evaluation", "ReadQueryResults"): "no resource type; the id of the query is the key",
    ("evaluation", "IndexSpans"): "the log group of all spans, its streams, and the endpoints of this runtime",
    ("evaluation", "JudgeWithModels"): "the service chooses the model of its built-in evaluators",
}

LOG_GROUPS = 4
ALARMS = ("Errors", "Latency", "Throttles", "Tokens", "Cost", "Score")

# These have no tags.
UNTAGGED: tuple[str, ...] = ()

# The steps of delivery, in the order in which each guards those after it.
GUARDED = [
    ("build", "build"),
    ("preprod", "deploy"),
    ("preprod", "smoke"),
    ("preprod", "dimensions"),
    ("preprod", "gate"),
    ("preprod", "promote"),
    ("register", "register"),
    ("prod", "deploy"),
    ("prod", "promote"),
    ("prod", "smoke"),
    ("prod", "online"),
]
