"""From a commit to production and back: the verbs that a person and the pipeline type alike."""

DELIVERY = {
    name: f"ops.delivery.verbs:{name}"
    for name in (
        "build",
        "canary",
        "deploy",
        "destroy",
        "gate",
        "identity",
        "plan",
        "promote",
        "register",
        "rollback",
        "smoke",
        "status",
    )
} | {"notes": "ops.delivery.notes:notes", "online": "ops.delivery.verbs:online"}
