"""The verbs that only an agent has, each with the function that runs it."""

VERBS = {
    "ask": "ops.ask:ask",
    "dev": "ops.dev:dev",
    "token": "ops.token:token",
    "trace": "ops.trace:trace",
}
