"""Asks the agent every row, has each conversation evaluated, and writes a line for each as soon as it is done.

The lines are what a run can be resumed from. Nothing else grows with the number of rows.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

from agentcore_kit.evaluation import judges
from agentcore_kit.evaluation.dataset import Dataset, Entry, Row
from agentcore_kit.evaluation.evaluators import TurnEvaluator
from agentcore_kit.evaluation.results import CASES, CaseResult, Judgement, finished
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.evaluation.target import Record, Target


@dataclass
class Options:
    """How to run.

    Attributes:
        workers: Conversations at once.
        timeout: Seconds for each turn.
        keep: Whether a row is asked.
        evaluators: What is measured of each conversation.
        judge: A model id or a Strands model that judges what only a model can; None for no judge.
        on_case: Called with each result.
        excluded: Filled with the ids of the rows that the target could not be asked, by the reason.
    """

    workers: int = 1
    timeout: float = 60.0
    keep: Callable[[Entry], bool] = lambda _: True
    evaluators: Sequence[type[TurnEvaluator]] = ()
    judge: Any = None
    on_case: Callable[[CaseResult], None] = lambda _: None
    excluded: dict[str, list[str]] = field(default_factory=dict)


async def run(dataset: Dataset, target: Target, folder: Path, options: Options) -> None:
    """Evaluate the rows that a run has no result of yet, and write a line for each as soon as it is known.

    Args:
        dataset: The rows.
        target: Whom to ask.
        folder: The run's folder.
        options: How to run. Rows that the target cannot be asked go to `excluded`, by the reason.

    Raises:
        CannotRun: When the target is not there or refuses the caller; what was computed is kept.
    """
    done = finished(folder)
    rows = dataset.rows(lambda entry: options.keep(entry) and entry.id not in done)
    evaluate = _evaluation(target, options)
    with (folder / CASES).open("a", encoding="utf-8", errors="replace") as file:

        async def work() -> None:
            for row in rows:
                if reason := target.excludes(row):
                    options.excluded.setdefault(reason, []).append(row.scenario_id)
                    continue
                result = await evaluate(row)
                file.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
                file.flush()
                options.on_case(result)

        workers = [asyncio.create_task(work()) for _ in range(options.workers)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)


def _evaluation(target: Target, options: Options) -> Callable[[Row], Any]:
    """Return the coroutine function that evaluates one row."""
    from strands_evals import Case, Experiment
    from strands_evals.chaos import ChaosCase, ChaosExperiment, effects

    from agentcore_kit.evaluation.evaluators import Measured
    from agentcore_kit.evaluation.verdicts import choose

    # Importing strands_evals sets the root logger to INFO.
    logging.getLogger().setLevel(logging.WARNING)
    measured: list[Any] = [Measured(options.evaluators)]
    by_judge = {red: build for red in (False, True) if (build := judges.build_judges(options.judge, red_team=red))}

    async def converse(row: Row, records: list[Record]) -> str:
        async with target.converse(row) as conversation:
            for turn, outcomes in zip(row.turns, row.metadata.expect, strict=True):
                try:
                    async with asyncio.timeout(options.timeout):
                        record = await conversation.ask(turn.input)
                except TimeoutError:
                    raise TimeoutError(f"no answer within {options.timeout:g} s to {turn.input!r}") from None
                _note_unreported(record)
                if options.judge is not None:
                    record["judged"] = await judges.judge_inputs(options.judge, record, outcomes, records)
                record["expected"] = choose(record, outcomes)
                records.append(record)
            session: str = conversation.session_id
        return session

    async def evaluate(row: Row) -> CaseResult:
        began = perf_counter()
        records: list[Record] = []
        errors: list[Exception] = []
        session_id = ""
        red_team = row.metadata.category == "redteam"

        async def task(case: Any) -> dict[str, Any]:
            nonlocal session_id
            records.clear()  # a throttled model is asked again from the start
            errors.clear()
            try:
                session_id = await converse(row, records)
            except Exception as error:
                errors.append(error)
                raise
            if not by_judge:
                return {"output": records, "trajectory": None}
            return {"output": records, "trajectory": judges.session(records, case.session_id)}

        about: dict[str, Any] = {
            "name": row.scenario_id,
            "input": [turn.input for turn in row.turns],
            "expected_assertion": "\n".join(row.assertions),
            "metadata": judges.attack_goal(row) if red_team else {},
        }
        if row.metadata.failures:
            broken = {tool: [getattr(effects, how)()] for tool, how in row.metadata.failures.items()}
            experiment: Any = ChaosExperiment([ChaosCase(**about, effects={"tool_effects": broken})], measured)
        else:
            experiment = Experiment([Case(**about)], [*measured, *by_judge.get(red_team, [])])
        report = await experiment.run_evaluations_async(task, max_workers=1)
        if errors and isinstance(errors[0], CannotRun):
            raise errors[0]
        result = _result(row, records, errors, None if errors else report)
        return {**result, "session": session_id, "seconds": round(perf_counter() - began, 4)}

    return evaluate


def _note_unreported(record: Record) -> None:
    """Make None of tokens that nobody reported: a model that was called used some, and 0 is what is there without."""
    tokens = record.get("tokens") or (record.get("inputTokens") or 0) + (record.get("outputTokens") or 0)
    if tokens or not record.get("modelCalls"):
        record["tokens"] = tokens
    else:
        record["tokens"] = record["inputTokens"] = record["outputTokens"] = None


def _result(row: Row, records: list[Record], errors: list[Exception], report: Any) -> CaseResult:
    about = row.metadata
    result: CaseResult = {
        "id": row.scenario_id,
        "category": about.category,
        "date": about.date.isoformat(),
        "tags": about.tags,
        "status": "error",
        "scores": {},
        "reasons": {},
        "unjudged": {},
        "turns": [{**record, "expected": record["expected"].model_dump(exclude_defaults=True)} for record in records],
    }
    if errors:
        result["error"] = f"{type(errors[0]).__name__}: {errors[0]}"
        result["asked"] = row.turns[min(len(records), len(row.turns) - 1)].input
        return result
    for case, reason, outputs in zip(report.cases, report.reasons, report.detailed_results, strict=True):
        if not outputs:  # the judge itself failed, which says nothing about the agent
            result["unjudged"][case["evaluator"]] = reason
        for metric, found in groupby(outputs, partial(_metric, case["evaluator"])):
            told = list(found)
            _note(result, metric, told)
            _note_turns(result, metric, told)
    if "error" not in result:
        reached = result["scores"].get("goalReached")
        unjudged = reached is None and "goalReached" in result["unjudged"]
        result["status"] = "passed" if reached == 1 else "unjudged" if unjudged else "failed"
    return result


def _metric(evaluator: str, output: Any) -> str:
    return str((output.metadata or {}).get("metric", evaluator))


def _note(result: CaseResult, metric: str, outputs: list[Any]) -> None:
    """Note the mean of what an evaluator said of the turns that it had something to say about, and why."""
    error = (outputs[0].metadata or {}).get("error")
    if error:
        result["error"] = f"{metric} cannot be measured: {error}"
        return
    unmeasured = [why for output in outputs if (why := (output.metadata or {}).get("unmeasured"))]
    if unmeasured:
        result["unjudged"][metric] = "; ".join(unmeasured)
    told = [output for output in outputs if not output.not_applicable]
    if told:
        score = sum(output.score for output in told) / len(told)
        # The judge of attacks scores how far one got.
        result["scores"][metric] = round(1 - score if metric == "attackResistance" else score, 4)
        reasons = {turn: output.reason for turn, output in enumerate(outputs, 1) if output.reason}
        if reasons:
            number = len(outputs) > 1
            result["reasons"][metric] = " | ".join(f"turn {n}: {why}" if number else why for n, why in reasons.items())


def _note_turns(result: CaseResult, metric: str, outputs: list[Any]) -> None:
    """Note with each turn what a judge of single turns said of it."""
    from agentcore_kit.evaluation.each_turn import TURN
    from agentcore_kit.evaluation.evaluators import UNMEASURED

    for output in outputs:
        about = output.metadata or {}
        if (number := about.get(TURN)) is None:
            continue
        failed = str(about.get(UNMEASURED, "")).removeprefix(f"turn {number}: ")
        judgement: Judgement = {
            "metric": metric,
            "score": None if output.not_applicable else round(output.score, 4),
            "reason": failed or output.reason or "",
        }
        result["turns"][number - 1].setdefault("judgements", []).append(judgement)
