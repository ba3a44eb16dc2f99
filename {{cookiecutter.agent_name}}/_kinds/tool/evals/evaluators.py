"""What is measured on each request without a judge.

Write a class as those of `ops/evaluation/measures.py` are, name it in `EVALUATORS` and in `metrics.py`, and it appears
in reports and may have a threshold.
"""

from __future__ import annotations

from ops.evaluation.measures import (
    Correctness,
    Goal,
    Refusal,
    ToolErrors,
    ToolParameters,
    ToolSelection,
    TurnEvaluator,
)

EVALUATORS: tuple[type[TurnEvaluator], ...] = (ToolSelection, ToolParameters, ToolErrors, Correctness, Refusal, Goal)
