"""The verbs that only an agent has, each with the function that runs it."""

from ops.delivery import DELIVERY
from ops.releases import RELEASES

VERBS = (
    DELIVERY
    | RELEASES
    | {
        "ask": "ops.ask:ask",
        "canary": "ops.delivery.sampled:canary",
        "cloud-batch": "ops.evaluation.cloud:cloud_batch",
        "cloud-dataset": "ops.evaluation.cloud:cloud_dataset",
        "cloud-evaluate": "ops.evaluation.cloud:cloud_evaluate",
        "compare": "ops.evaluation.compare:compare_runs",
        "dataset": "ops.evaluation.commands:dataset",
        "dev": "ops.dev:dev",
        "eval": "ops.evaluation.commands:evaluate",
        "monitor": "ops.delivery.monitor:monitor",
        "online": "ops.delivery.sampled:online",
        "row": "ops.evaluation.trace_to_row:row",
        "token": "ops.token:token",
        "trace": "ops.trace:trace",
    }
)
