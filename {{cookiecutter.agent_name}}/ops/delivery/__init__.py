"""From a commit to production and back: the verbs that a person and the pipeline type alike."""

_VERBS = "deploy destroy identity plan register status"

DELIVERY = {name: f"ops.delivery.verbs:{name}" for name in _VERBS.split()} | {
    "newer": "ops.delivery.notes:newer",
    "notes": "ops.delivery.notes:notes",
    "template-update": "ops.delivery.template:template_update",
}
