"""AgentCore Evaluations: parameters as the service model wants them, and errors that are no scores."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY, Stubber

from agentcore_kit.evaluation import agentcore
from agentcore_kit.evaluation.agentcore import Runtime, Session, batches, evaluate_sessions, evaluator_levels, upload
from agentcore_kit.evaluation.dataset import Row, dataset_path, load_dataset
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.local.aws_protocol.service_rules import WrongParameters
from tests.evaluation.runs import copies, one_call

ARN = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/financial_agent-a1B2c3D4e5/runtime-endpoint/live"
TRACE, SPAN = "a" * 32, "b" * 16
SPANS = [
    {"traceId": TRACE, "spanId": "c" * 16, "name": "invoke_agent", "attributes": {}},
    {"traceId": TRACE, "spanId": SPAN, "attributes": {"gen_ai.operation.name": "execute_tool"}},
]
DATASET_ARN = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:dataset/agent-1"
ABOUT = {"datasetArn": DATASET_ARN, "datasetId": "agent-1", "createdAt": 0}


@pytest.fixture
def rows() -> list[Row]:
    return [next(one_call()), *list(load_dataset(dataset_path()).rows())[:2]]


def client(service: str) -> tuple[Any, Stubber]:
    made = agentcore.client(service, "eu-central-1")
    return made, Stubber(made)


def state(status: str = "ACTIVE") -> dict[str, Any]:
    return {
        **ABOUT,
        "datasetVersion": "DRAFT",
        "datasetName": "agent",
        "status": status,
        "exampleCount": 1,
        "updatedAt": 0,
    }


def test_the_first_upload_creates_the_dataset_and_a_version(rows: list[Row]) -> None:
    control, stub = client("bedrock-agentcore-control")
    stub.add_response("list_datasets", {"datasets": []}, {})
    wanted = {"datasetName": "agent", "schemaType": "AGENTCORE_EVALUATION_PREDEFINED_V1", "source": ANY}
    stub.add_response("create_dataset", {**ABOUT, "status": "CREATING"}, wanted)
    stub.add_response("get_dataset", state("CREATING"), {"datasetId": "agent-1"})
    stub.add_response("get_dataset", state(), {"datasetId": "agent-1"})
    published = {**ABOUT, "status": "UPDATING", "datasetVersion": "1"}
    stub.add_response("create_dataset_version", published, {"datasetId": "agent-1"})
    stub.add_response("get_dataset", state(), {"datasetId": "agent-1"})
    with stub:
        assert upload(control, "agent", rows, lambda _: None, pause=0) == "agent-1:1"
    stub.assert_no_pending_responses()


def test_a_later_upload_replaces_the_draft(rows: list[Row]) -> None:
    control, stub = client("bedrock-agentcore-control")
    known = {**ABOUT, "datasetName": "agent", "status": "ACTIVE", "exampleCount": 2, "updatedAt": 0}
    stub.add_response("list_datasets", {"datasets": [known]}, {})
    listed = {"datasetId": "agent-1", "maxResults": 1000}
    page = {"datasetArn": DATASET_ARN, "datasetId": "agent-1", "datasetVersion": "DRAFT"}
    stub.add_response(
        "list_dataset_examples", {**page, "examples": [{"exampleId": "one"}], "nextToken": "more"}, listed
    )
    stub.add_response(
        "list_dataset_examples", {**page, "examples": [{"exampleId": "two"}]}, {**listed, "nextToken": "more"}
    )
    changed = {**ABOUT, "status": "UPDATING", "updatedAt": 0}
    del changed["createdAt"]
    gone = {"datasetId": "agent-1", "exampleIds": ["one", "two"]}
    stub.add_response("delete_dataset_examples", {**changed, "deletedCount": 2}, gone)
    stub.add_response("get_dataset", state(), {"datasetId": "agent-1"})
    stub.add_response(
        "add_dataset_examples", {**changed, "addedCount": 3, "exampleIds": []}, {"datasetId": "agent-1", "source": ANY}
    )
    stub.add_response("get_dataset", state("UPDATE_FAILED"), {"datasetId": "agent-1"})
    with stub, pytest.raises(CannotRun, match="UPDATE_FAILED"):
        upload(control, "agent", rows, lambda _: None, pause=0)


def test_uploads_keep_to_what_the_service_takes_at_once(rows: list[Row]) -> None:
    big = [row.model_copy(update={"assertions": ["x" * 2_000_000]}) for row in rows]
    sizes = [len(chunk) for chunk in agentcore._chunks(row.model_dump(mode="json") for row in big)]
    assert sizes == [2, 1]
    assert [len(chunk) for chunk in agentcore._chunks({} for _ in range(2001))] == [1000, 1000, 1]


def test_sessions_are_judged_with_their_ground_truth(rows: list[Row]) -> None:
    control, _ = client("bedrock-agentcore-control")
    data, stub = client("bedrock-agentcore")
    session = Session("evaluation-" + "1" * 36, rows[0])
    levels = evaluator_levels(
        control, ["Builtin.GoalSuccessRate", "Builtin.Correctness", "Builtin.ToolSelectionAccuracy"]
    )
    assert list(levels.values()) == ["SESSION", "TRACE", "TOOL_CALL"]
    truth = [
        {
            "context": {"spanContext": {"sessionId": session.id}},
            "expectedTrajectory": {"toolNames": rows[0].expected_trajectory},
            "assertions": [{"text": text} for text in rows[0].assertions],
        },
        {
            "context": {"spanContext": {"sessionId": session.id, "traceId": TRACE}},
            "expectedResponse": {"text": rows[0].turns[0].expected_response},
        },
    ]
    base = {"evaluationInput": {"sessionSpans": SPANS}, "evaluationReferenceInputs": truth}
    targets: list[dict[str, Any]] = [
        {},
        {"evaluationTarget": {"traceIds": [TRACE]}},
        {"evaluationTarget": {"spanIds": [SPAN]}},
    ]
    outcomes: list[dict[str, Any]] = [
        {"value": 1.0, "ignoredReferenceInputFields": ["expectedTrajectory"]},
        {"errorCode": "ThrottlingException", "errorMessage": "slow down"},
        {"label": "no value"},
    ]
    for evaluator, target, outcome in zip(levels, targets, outcomes, strict=True):
        result = {
            "evaluatorArn": f"arn:aws:bedrock-agentcore:::evaluator/{evaluator}", "evaluatorId": evaluator,
            "evaluatorName": evaluator, "context": {"spanContext": {"sessionId": session.id}}, **outcome,
        }  # fmt: skip
        stub.add_response("evaluate", {"evaluationResults": [result]}, {"evaluatorId": evaluator, **base, **target})
    with stub:
        found = evaluate_sessions(data, levels, [session], lambda _: SPANS)

    assert found["Builtin.GoalSuccessRate"].mean == 1.0
    assert found["Builtin.GoalSuccessRate"].ignored == {"expectedTrajectory"}
    for failed in ("Builtin.Correctness", "Builtin.ToolSelectionAccuracy"):
        assert found[failed].mean is None
        assert len(found[failed].errors) == 1
    assert "ThrottlingException slow down" in found["Builtin.Correctness"].errors[0]


def test_a_session_without_spans_and_a_failed_call_are_errors(rows: list[Row]) -> None:
    data, stub = client("bedrock-agentcore")
    session = Session("evaluation-" + "1" * 36, rows[0])
    stub.add_client_error("evaluate", "AccessDeniedException", "no")
    with stub:
        first = evaluate_sessions(data, {"Builtin.GoalSuccessRate": "SESSION"}, [session], lambda _: SPANS)
    second = evaluate_sessions(data, {"Builtin.GoalSuccessRate": "SESSION"}, [session], lambda _: [])
    assert "AccessDeniedException" in first["Builtin.GoalSuccessRate"].errors[0]
    assert "no spans" in second["Builtin.GoalSuccessRate"].errors[0]


def test_a_call_that_is_not_answered_costs_no_score_that_was_paid_for(rows: list[Row]) -> None:
    class Data:
        asked = 0

        def evaluate(self, **_: Any) -> dict[str, Any]:
            self.asked += 1
            if self.asked == 2:
                raise ReadTimeoutError(endpoint_url="https://example.com")
            return {"evaluationResults": [{"value": 0.5}]}

    sessions = [Session(f"evaluation-{number:036}", rows[0]) for number in range(3)]
    found = evaluate_sessions(Data(), {"Builtin.GoalSuccessRate": "SESSION"}, sessions, lambda _: SPANS)

    scores = found["Builtin.GoalSuccessRate"]
    assert (scores.values, len(scores.errors)) == ([0.5, 0.5], 1)
    assert "Read timeout" in scores.errors[0]


def test_a_batch_is_what_the_service_model_wants(rows: list[Row]) -> None:
    data, stub = client("bedrock-agentcore")
    everything = copies(rows[0], 744)
    sessions = [Session(f"evaluation-{number:036}", row) for number, row in enumerate(everything)]
    runtime = Runtime.from_arn(ARN)
    made = list(batches("agent_20261116", runtime, sessions, agentcore.BUILT_IN))
    answer = {
        "batchEvaluationId": "agent-a1B2c3D4e5", "batchEvaluationArn": "arn", "batchEvaluationName": "agent",
        "status": "PENDING", "createdAt": 0,
    }  # fmt: skip
    with stub:
        for parameters in made:
            stub.add_response("start_batch_evaluation", answer, parameters)
            assert data.start_batch_evaluation(**parameters)["status"] == "PENDING"
    assert len(made[0]["evaluationMetadata"]["sessionMetadata"]) == 500
    logs = made[0]["dataSourceConfig"]["cloudWatchLogs"]
    assert logs["logGroupNames"] == ["/aws/bedrock-agentcore/runtimes/financial_agent-a1B2c3D4e5-live"]
    assert logs["serviceNames"] == ["financial_agent.live"]


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"datasetName": "my-agent", "schemaType": agentcore.SCHEMA}, r"datasetName: 'my-agent' does not match"),
        ({"datasetName": "agent", "schemaType": "MINE"}, "schemaType: 'MINE' is none of"),
        ({"datasetName": "agent", "source": {"inlineExamples": {"examples": []}}}, "0 items, at least 1 are needed"),
        ({"datasetName": "agent", "source": {}}, "needs exactly one of inlineExamples, s3Source"),
        ({"datasetname": "agent"}, "datasetName: missing"),
    ],
)
def test_what_botocore_lets_through_is_refused_here(parameters: dict[str, Any], problem: str) -> None:
    control, _ = client("bedrock-agentcore-control")
    with pytest.raises(WrongParameters, match=problem):
        control.create_dataset(**parameters)


@pytest.mark.parametrize("arn", ["local", "http://127.0.0.1:8080", "arn:aws:lambda:eu-central-1:1:function:f"])
def test_only_runs_against_a_runtime_have_sessions(arn: str) -> None:
    with pytest.raises(ValueError, match="no ARN of an AgentCore runtime"):
        Runtime.from_arn(arn)
