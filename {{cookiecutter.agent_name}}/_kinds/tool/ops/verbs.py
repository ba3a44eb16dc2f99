"""The verbs that only a tool has, each with the function that runs it."""

VERBS = {
    "compare": "ops.evaluation.compare:compare_runs",
    "dataset": "ops.evaluation.commands:dataset",
    "dev": "ops.dev:dev",
    "eval": "ops.evaluation.commands:evaluate",
    "token": "ops.token:token",
    "tools": "ops.tools:tools",
    "trace": "ops.trace:trace",
}
