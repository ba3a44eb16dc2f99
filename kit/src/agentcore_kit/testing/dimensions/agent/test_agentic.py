"""Dimension agentic: the way to the answer. Which tools, with which parameters, in how many steps."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.summary import loops
from agentcore_kit.testing.agent_client import Client, new_session
from agentcore_kit.testing.dimensions.agent.answers import Answers, described

pytestmark = pytest.mark.dimension


@pytest.mark.parametrize("metric", ["toolErrorRate", "loopRate"])
def test_the_rows_together_stay_within_the_threshold(answers: Answers, metric: str) -> None:
    check = answers.checks.get(metric)
    assert check is None or check.met is not False, f"{metric} is {check.value:.3f}, needed: {check.limit}"


def test_no_conversation_goes_in_circles(answers: Answers) -> None:
    circles = [case for case in answers.tagged("smoke") if any(loops(turn) for turn in case["turns"])]
    assert not circles, described(circles)


def test_a_tool_is_only_given_what_its_schema_allows(answers: Answers) -> None:
    tools = {name: Draft202012Validator(schema) for name, schema in own_tools().items()}
    for row, turn in answers.turns():
        for call in turn["calls"]:
            if call["name"] in tools and call["status"] == "success":
                wrong = [error.message for error in tools[call["name"]].iter_errors(call["input"])]
                assert not wrong, f"{row}: {call['name']}: {'; '.join(wrong)}"


def test_asking_again_takes_no_more_steps(client: Client, question: str) -> None:
    session = new_session()
    steps = [client.ask(question, session)["modelCalls"] for _ in range(3)]
    assert steps[-1] <= steps[0], f"model calls of the same question, asked again in one conversation: {steps}"
