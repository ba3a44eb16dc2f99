"""The verbs of what runs on AgentCore Runtime, each with the function that runs it."""

_VERBS = "build gate promote rollback smoke"

RELEASES = {name: f"ops.delivery.releases:{name}" for name in _VERBS.split()}
