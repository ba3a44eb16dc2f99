"""From a commit to production and back: the verbs that a person and the pipeline type alike."""

_VERBS = "build canary deploy destroy gate identity online plan promote register rollback smoke status"

DELIVERY = {name: f"ops.delivery.verbs:{name}" for name in _VERBS.split()} | {
    "monitor": "ops.delivery.monitor:monitor",
    "notes": "ops.delivery.notes:notes",
    "template-update": "ops.delivery.template:template_update",
}
