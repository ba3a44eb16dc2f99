"""The verbs that only a memory has, each with the function that runs it."""

VERBS = {
    "compare": "ops.evaluation.compare:compare_runs",
    "dataset": "ops.evaluation.verbs:dataset",
    "eval": "ops.evaluation.verbs:evaluate",
    "render": "ops.configuration.verbs:render",
}
