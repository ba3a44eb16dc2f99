"""What is measured on each conversation without a judge.

For an evaluator of your own write a class like those of `agentcore_kit.evaluation.evaluators`, and name it here.
"""

from __future__ import annotations

from agentcore_kit.evaluation.evaluators import (
    Confidentiality,
    Correctness,
    Escalation,
    Goal,
    Groundedness,
    Memory,
    PersonalData,
    Refusal,
    ToolErrors,
    ToolParameters,
    ToolSelection,
    TurnEvaluator,
)

EVALUATORS: tuple[type[TurnEvaluator], ...] = (
    ToolSelection,
    ToolParameters,
    ToolErrors,
    Correctness,
    Groundedness,
    Refusal,
    Escalation,
    Confidentiality,
    PersonalData,
    Goal,
    Memory,
)
