"""The verbs that only a memory has, each with the function that runs it."""

VERBS = {
    "render": "ops.configuration.verbs:render",
}
