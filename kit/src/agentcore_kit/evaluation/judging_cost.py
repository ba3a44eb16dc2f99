"""What judges will cost, said before it is spent: judgements, about how many tokens, the price; and a way to say no.

The tokens are an estimate, as the answers are not there yet: a judge reads the conversation so far, its instructions,
and the form that its verdict has.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentcore_kit.config.prices import Price

if TYPE_CHECKING:
    from strands_evals.evaluators import Evaluator

    from agentcore_kit.evaluation.dataset import Row
    from agentcore_kit.evaluation.results import CaseResult

MaxJudgements = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Ask nothing when judges would be asked more often. Without it a terminal asks whether to go on.",
    ),
]

CHARACTERS_A_TOKEN = 4
ANSWER, TOOL_RESULT = 600, 1200
"""Characters of an answer that no row expects literally, and of what a tool returns."""

INSTRUCTIONS, FORM = 2000, 800
"""Characters of the instructions of a judge whose own are not known, and of the form of a verdict."""

VERDICT_TOKENS = 250


@dataclass
class JudgingCost:
    """What judges will be asked and what that costs.

    Attributes:
        judge: Who judges: the id of a model, or of evaluators.
        usd: The price in USD; None where it is not known of every judgement.
    """

    judge: str
    conversations: int = 0
    turns: int = 0
    judgements: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0

    def add(self, characters: int, price: Price | None) -> None:
        """Count one judgement of a text of so many characters."""
        tokens = characters // CHARACTERS_A_TOKEN
        self.judgements += 1
        self.input_tokens += tokens
        self.output_tokens += VERDICT_TOKENS
        if price is None:
            self.usd = None
        elif self.usd is not None:
            self.usd += price.usd(tokens, VERDICT_TOKENS)

    def recorded(self) -> dict[str, Any]:
        """Return it as `run.json` has it."""
        return asdict(self)

    def __str__(self) -> str:
        """Return it as people read it before it is spent."""
        price = (
            "price unknown: state it under prices in the environment file"
            if self.usd is None
            else (f"about {self.usd:.2f} USD")
        )
        return (
            f"judging: about {self.judgements:,} judgements by {self.judge}, of {self.turns:,} turns in "
            f"{self.conversations:,} conversations; about {_about(self.input_tokens)} tokens in and "
            f"{_about(self.output_tokens)} out; {price}"
        )


def cost_of_rows(
    rows: Iterable[Row], judge: str, judges: Mapping[bool, Sequence[Evaluator[Any, Any]]], price: Price | None
) -> JudgingCost:
    """Return what judging the answers to rows will cost.

    Args:
        rows: Those that will be asked.
        judge: The id of the judge model.
        judges: Who judges a conversation, and an attack (by True).
        price: What the model costs; None where that is not known.
    """
    from agentcore_kit.evaluation.each_turn import EachTurn

    cost = JudgingCost(judge)
    for row in rows:
        cost.conversations += 1
        cost.turns += len(row.turns)
        so_far, after = 0, list[int]()
        for turn, outcomes in zip(row.turns, row.metadata.expect, strict=True):
            calls = max((len(outcome.calls) for outcome in outcomes), default=0)
            so_far += len(turn.input) + len(turn.expected_response or " " * ANSWER) + calls * TOOL_RESULT
            after.append(so_far)
            for _ in {
                (call.name, key, match.judged)
                for outcome in outcomes
                for call in outcome.calls
                for key, match in call.match.items()
                if match.judged
            }:
                cost.add(so_far + FORM, price)
        if row.metadata.failures:  # whose tools are made to fail: nobody judges the answers
            continue
        for each in judges.get(row.metadata.category == "redteam", ()):
            asked = each.judge if isinstance(each, EachTurn) else each
            read = len(getattr(asked, "system_prompt", "")) + FORM
            for length in after if isinstance(each, EachTurn) else [so_far + sum(map(len, row.assertions))]:
                cost.add(read + length, price)
    return cost


def cost_of_sessions(
    cases: Iterable[CaseResult], levels: Mapping[str, str], prices: Mapping[str, Price | None]
) -> JudgingCost:
    """Return what AgentCore's evaluators will be asked of recorded conversations.

    Args:
        cases: The conversations as they went.
        levels: The evaluators, each with its level: SESSION, TRACE (a turn) or TOOL_CALL.
        prices: What each costs; None where that is not known.
    """
    cost = JudgingCost(", ".join(levels))
    for case in cases:
        cost.conversations += 1
        cost.turns += len(case["turns"])
        so_far, after, calls = 0, list[int](), list[int]()
        for turn in case["turns"]:
            so_far += len(turn["input"]) + len(turn["answer"]) + sum(len(str(call)) for call in turn["calls"])
            after.append(so_far)
            calls += [so_far] * len(turn["calls"])
        for evaluator, level in levels.items():
            for length in {"SESSION": [so_far], "TRACE": after}.get(level, calls):
                cost.add(INSTRUCTIONS + FORM + length, prices.get(evaluator))
    return cost


def approve(cost: JudgingCost, most: int | None) -> None:
    """Say what judging will cost, and go on only when that is wanted.

    With a limit the limit decides. Without one a person at a terminal is asked, and a pipeline, where nobody can be
    asked, goes on.

    Args:
        cost: What it will cost.
        most: The most judgements that are allowed; None for no limit.

    Raises:
        ValueError: When it is more than that, or the answer is no. Nothing was asked then.
    """
    from agentcore_kit.delivery.context import in_pipeline

    if not cost.judgements:
        return
    print(cost, file=sys.stderr, flush=True)
    if most is not None:
        if cost.judgements > most:
            raise ValueError(
                f"--max-judgements: about {cost.judgements:,} would be needed, and {most:,} are allowed; nothing was "
                "asked. Choose fewer rows with --select, fewer evaluators, or allow more"
            )
        return
    if sys.stdin.isatty() and sys.stderr.isatty() and not in_pipeline():
        try:
            wanted = typer.confirm("Go on?", err=True)
        except typer.Abort:
            wanted = False
        if not wanted:
            raise ValueError("judging was not wanted; nothing was asked. To allow it: --max-judgements NUMBER")


def _about(number: int) -> str:
    """Return a number with two digits that count, as more would be a lie."""
    return f"{round(number, 2 - len(str(number))):,}" if number > 99 else str(number)
