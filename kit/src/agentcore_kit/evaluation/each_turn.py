"""Has a judge say something of each turn of a conversation: those of strands_evals look at the last one only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strands_evals.evaluators import Evaluator
from strands_evals.types.evaluation import NOT_APPLICABLE, EvaluationOutput

from agentcore_kit.evaluation.evaluators import UNMEASURED

if TYPE_CHECKING:  # pydantic would check every record that an evaluator is given
    from strands_evals.types.evaluation import EvaluationData
    from strands_evals.types.trace import Session

TURN = "turn"
"""What the metadata of an output has of the turn that it is about: its number, from 1."""


class EachTurn(Evaluator[Any, Any]):
    """Shows a judge the conversation up to each turn, so that it judges that turn with those before as context.

    A turn whose judge fails is not judged, and costs no other turn its verdict: each of them was paid for.

    Attributes:
        judge: A judge that looks at the last turn of the session it is given.
    """

    def __init__(self, judge: Evaluator[Any, Any]) -> None:
        super().__init__(name=judge.get_name())
        self.judge = judge
        self.aggregator = self._aggregate_dropping_na

    async def evaluate_async(self, evaluation_case: EvaluationData[Any, Any]) -> list[EvaluationOutput]:
        """Return a verdict on each turn, in their order."""
        session: Session = evaluation_case.actual_trajectory  # type: ignore[assignment]
        numbers = range(1, len(session.traces) + 1)
        return [await self._judged(evaluation_case, session, number) for number in numbers]

    async def _judged(self, case: EvaluationData[Any, Any], session: Session, number: int) -> EvaluationOutput:
        so_far = session.model_copy(update={"traces": session.traces[:number]})
        try:
            (output,) = await self.judge.evaluate_async(case.model_copy(update={"actual_trajectory": so_far}))
        except Exception as error:
            why = f"turn {number}: the judge failed: {type(error).__name__}: {error}"
            return EvaluationOutput(
                score=0.0, test_pass=False, label=NOT_APPLICABLE, metadata={TURN: number, UNMEASURED: why}
            )
        return output.model_copy(update={"metadata": {**(output.metadata or {}), TURN: number}})
