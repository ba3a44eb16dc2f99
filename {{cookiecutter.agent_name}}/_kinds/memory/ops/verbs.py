"""The verbs that only a memory has, each with the function that runs it."""

from ops.delivery import DELIVERY

VERBS = DELIVERY | {
    "compare": "ops.evaluation.compare:compare_runs",
    "dataset": "ops.evaluation.verbs:dataset",
    "drift": "ops.releases:drift",
    "eval": "ops.evaluation.verbs:evaluate",
    "forget": "ops.forget:forget",
    "gate": "ops.releases:gate",
    "plan": "ops.releases:plan",
    "promote": "ops.releases:promote",
    "render": "ops.configuration.verbs:render",
    "rollback": "ops.releases:rollback",
    "smoke": "ops.releases:smoke",
}
