"""What is measured on each request without a judge.

For an evaluator of your own write a class and name it in EVALUATORS; thresholds.yaml may then name its metric:

    class Politeness(TurnEvaluator):
        metric, title = "politeness", "Polite"

        def verdict(self, records: list[Record], index: int) -> Verdict:
            polite = "please" in records[index]["answer"].lower()
            return float(polite), "" if polite else "does not say please"

`Record` is in `agentcore_kit.evaluation.target`, `Verdict` beside `TurnEvaluator`; None is no verdict on a turn.
"""

from __future__ import annotations

from agentcore_kit.evaluation.evaluators import (
    Correctness,
    Goal,
    Refusal,
    ToolErrors,
    ToolParameters,
    ToolSelection,
    TurnEvaluator,
)

EVALUATORS: tuple[type[TurnEvaluator], ...] = (ToolSelection, ToolParameters, ToolErrors, Correctness, Refusal, Goal)
