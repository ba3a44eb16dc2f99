"""What an agent's environment costs at a given traffic: its model by tokens of an evaluation, and online evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentcore_kit.config.agent import AgentEnvironment
from agentcore_kit.config.environment import Environment
from agentcore_kit.config.prices import Price, missing_price
from agentcore_kit.config.regions import WITHOUT_ONLINE_EVALUATION
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError

if TYPE_CHECKING:
    from agentcore_kit.evaluation.results import CaseResult

DAYS = 30
"""The length of a month in what is told."""


@dataclass(frozen=True)
class Usage:
    """What the requests of an evaluation used.

    Attributes:
        run: The name of the run.
        model: The provider and id of the model that answered, as `run.json` has them.
        cases: Its conversations.
        requests: How many requests they have.
        input_tokens: The mean of a request.
        output_tokens: The mean of a request.
        estimated: Whether some tokens are an estimate, as those of the offline model are.
    """

    run: str
    model: Mapping[str, Any]
    cases: list[CaseResult]
    requests: int
    input_tokens: float
    output_tokens: float
    estimated: bool


def told(environment: Environment, requests_per_day: int | None) -> list[str]:
    """Return what `kit plan` says of money: the cost of a traffic, and that the price of the model is not known.

    Args:
        environment: The environment of an agent; one of another kind has no model to pay.
        requests_per_day: The traffic; None where it was not asked for.

    Raises:
        CommandError: When the cost of a traffic was asked for, and cannot be told.
    """
    if not isinstance(environment, AgentEnvironment):
        if requests_per_day is None:
            return []
        raise CommandError("--requests-per-day: only an agent has a model to pay", "plan without it", WRONG_INPUT)
    if requests_per_day is not None:
        return running_cost(environment, requests_per_day)
    if environment.price(environment.model.id):
        return []
    missing = missing_price(environment.model.id, environment.name)
    return [f"{missing}: until then no cost is measured, and the alarm on alarms.usdAnHour sees none"]


def running_cost(environment: AgentEnvironment, requests_per_day: int) -> list[str]:
    """Return what an environment costs at a given traffic, a line each, the sum first.

    Args:
        environment: The environment, with its model and its prices.
        requests_per_day: The requests that its live endpoint gets in a day.

    Raises:
        CommandError: When the price of the model is not known, or no evaluation on this machine tells the tokens.
    """
    model = environment.model.id
    price = environment.price(model)
    if price is None:
        raise CommandError(f"--requests-per-day: {missing_price(model, environment.name)}", "state it, then plan again")
    usage = last_usage(model)
    answers = requests_per_day * price.usd(usage.input_tokens, usage.output_tokens)
    judging, about_judging = _online_evaluation(environment, usage, requests_per_day)
    day = answers + (judging or 0.0)
    about = "an estimate" if usage.estimated else "measured"
    asked = usage.model.get("label") or usage.model.get("id")
    return [
        f"{requests_per_day:,} requests a day cost about {_usd(day)} a day, {_usd(day * DAYS)} in {DAYS} days",
        f"the model: {_usd(answers)} a day, {usage.input_tokens:,.0f} tokens in and {usage.output_tokens:,.0f} out a "
        f"request; {model}: {price}",
        f"the tokens are {about}: the means of {usage.requests} requests in evaluation {usage.run} of {asked}",
        about_judging,
        f"the alarm goes off at {_usd(environment.alarms.usd_an_hour)} of the model in an hour; the mean hour has "
        f"{_usd(answers / 24)}",
        "not in it, as billed by use: AgentCore Runtime, gateways, memory, logs, and what tools cost. The budget is "
        "monthlyBudgetUsd in the platform repository",
    ]


def last_usage(model: str) -> Usage:
    """Return what requests used in the last evaluation of a model, or of any where that has none.

    Args:
        model: Its id.

    Raises:
        CommandError: When there is no finished run of the ground truth whose tokens were reported.
    """
    from agentcore_kit.evaluation.runs import results_path

    runs = [found for path in results_path().glob("*/run.json") if (found := _finished(path))]
    runs.sort(key=lambda run: ((run["model"] or {}).get("id") == model, str(run["started"])), reverse=True)
    for run in runs:
        if usage := _usage(run):
            return usage
    raise CommandError(
        "--requests-per-day: there is no evaluation on this machine that tells how many tokens a request takes",
        "kit eval, then plan again",
    )


def _finished(path: Any) -> dict[str, Any] | None:
    """Return what a `run.json` says, if it is of a finished run of the ground truth."""
    from agentcore_kit.evaluation.runs import read_run

    try:
        run = read_run(path.parent)
    except ValueError:  # damaged; the run is as good as not there
        return None
    return run if run.get("finished") and not str(run.get("dataset")).endswith("redteam.jsonl") else None


def _usage(run: dict[str, Any]) -> Usage | None:
    from agentcore_kit.evaluation.results import results
    from agentcore_kit.evaluation.runs import results_path

    cases = [case for case in results(results_path() / run["run"]) if case["status"] != "error"]
    turns = [turn for case in cases for turn in case["turns"] if turn["tokens"]]
    if not turns:
        return None
    given, made = (sum(turn[key] for turn in turns) / len(turns) for key in ("inputTokens", "outputTokens"))
    estimated = any(turn.get("estimated") for turn in turns)
    return Usage(run["run"], run["model"] or {}, cases, len(turns), given, made, estimated)


def _online_evaluation(environment: AgentEnvironment, usage: Usage, requests: int) -> tuple[float | None, str]:
    """Return what judging live sessions costs a day, None where that is not known, and a line about it."""
    from agentcore_kit.evaluation.agentcore import evaluator_levels
    from agentcore_kit.evaluation.judging_cost import cost_of_sessions

    online = environment.online_evaluation
    share = f"online evaluation of {online.sampling_percent:g} % of the sessions"
    if environment.region in WITHOUT_ONLINE_EVALUATION:
        return 0.0, f"online evaluation is not in {environment.region}, so no session is judged"
    prices: dict[str, Price | None] = {name: environment.price(name) for name in online.evaluators}
    if unknown := [name for name, price in prices.items() if price is None]:
        return None, f"{share} is not in it: {missing_price(', '.join(unknown), environment.name)}"
    own = [name for name in prices if not name.startswith("Builtin.")]
    levels = evaluator_levels(None, [name for name in prices if name not in own]) | dict.fromkeys(own, "TRACE")
    cost = cost_of_sessions(usage.cases, levels, prices)
    sessions = requests / (cost.turns / cost.conversations) * online.sampling_percent / 100
    usd = (cost.usd or 0.0) / cost.conversations * sessions
    return (
        usd,
        f"{share} by {len(levels)} evaluators: about {_usd(usd)} a day, with sessions as long as the evaluation's",
    )


def _usd(value: float) -> str:
    """Return an amount as people read it: cents, and more digits where it is less than one USD."""
    return f"{value:,.2f} USD" if value >= 1 or value == 0 else f"{value:.4f} USD"
