"""The verbs that only a tool has, each with the function that runs it."""

from ops.delivery import DELIVERY
from ops.releases import RELEASES

VERBS = (
    DELIVERY
    | RELEASES
    | {
        "compare": "ops.evaluation.compare:compare_runs",
        "dataset": "ops.evaluation.commands:dataset",
        "deregister": "ops.registration:deregister",
        "dev": "ops.dev:dev",
        "eval": "ops.evaluation.commands:evaluate",
        "gate": "ops.function_verbs:gate",
        "monitor": "ops.monitor:monitor",
        "promote": "ops.function_verbs:promote",
        "record": "ops.contract:record",
        "register": "ops.registration:register",
        "rollback": "ops.function_verbs:rollback",
        "smoke": "ops.function_verbs:smoke",
        "token": "ops.token:token",
        "tools": "ops.tools:tools",
        "trace": "ops.trace:trace",
    }
)
