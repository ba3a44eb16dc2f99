"""AgentCore Evaluations: upload the dataset as a version, judge recorded sessions, start a batch over them.

The sessions are those of a run against a deployed agent, `kit eval --target arn:…`: a batch that invokes the agent
itself works only with IAM inbound authorization, and our agents take the users' tokens.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.evaluation.runs import CannotRun
from agentcore_kit.local.aws_protocol.service_rules import check_parameters

SCHEMA = "AGENTCORE_EVALUATION_PREDEFINED_V1"
EXAMPLES_A_CALL, BYTES_A_CALL = 1000, 4_500_000
"""The service takes 1,000 examples and 5 MB of inline content at once."""

SESSIONS_A_BATCH = 500
TARGETS_A_CALL = 10
POLL_SECONDS, PATIENCE_SECONDS = 5.0, 900.0

BUILT_IN = (
    "Builtin.GoalSuccessRate",
    "Builtin.Correctness",
    "Builtin.ToolSelectionAccuracy",
    "Builtin.ToolParameterAccuracy",
)
_LEVELS = {
    "SESSION": ("GoalSuccessRate", "TrajectoryExactOrderMatch", "TrajectoryInOrderMatch", "TrajectoryAnyOrderMatch"),
    "TOOL_CALL": ("ToolSelectionAccuracy", "ToolParameterAccuracy"),
}


@dataclass(frozen=True)
class Runtime:
    """A deployed endpoint, as its ARN names it."""

    region: str
    account: str
    runtime_id: str
    endpoint: str

    @classmethod
    def from_arn(cls, arn: str) -> Runtime:
        """Read the ARN of a runtime or of one of its endpoints. Raises ValueError."""
        parts = arn.split(":")
        names = parts[5].split("/") if len(parts) == 6 else []
        if len(names) not in (2, 4) or names[0] != "runtime":
            raise ValueError(f"{arn!r} is no ARN of an AgentCore runtime; only runs against one have recorded sessions")
        return cls(parts[3], parts[4], names[1], names[3] if len(names) == 4 else "DEFAULT")

    @property
    def log_group(self) -> str:
        """Where its spans and logs are."""
        return f"/aws/bedrock-agentcore/runtimes/{self.runtime_id}-{self.endpoint}"

    @property
    def service_name(self) -> str:
        """The `service.name` of its spans: the runtime's name without the generated end of its id, and the endpoint."""
        return f"{self.runtime_id.rpartition('-')[0]}.{self.endpoint}"


@dataclass(frozen=True)
class Session:
    """A recorded conversation and the row it answered."""

    id: str
    row: Row


class SessionJudgement(TypedDict):
    """What an evaluator said of a conversation.

    `id` is the row's, and `turn`, from 1, is None where the conversation was judged as a whole.
    """

    id: str
    turn: int | None
    value: float
    label: str
    reason: str


@dataclass
class Scores:
    """What an evaluator said, and the tokens that the service says it used. An error is no score."""

    judgements: list[SessionJudgement] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def values(self) -> list[float]:
        """The scores."""
        return [judgement["value"] for judgement in self.judgements]

    @property
    def mean(self) -> float | None:
        """The mean of the scores, None without any."""
        return sum(self.values) / len(self.values) if self.values else None


def client(service: str, region: str) -> Any:
    """Return a boto3 client that checks every call against the service model."""
    import boto3

    made = boto3.client(service, region_name=region)
    made.meta.events.register("before-parameter-build", check_parameters)
    return made


# The dataset as a version


def upload(
    control: Any, name: str, rows: Iterable[Row], say: Callable[[str], None], pause: float = POLL_SECONDS
) -> str:
    """Make the draft of a dataset exactly these rows, publish it as a version, and return `id:version`.

    Raises:
        CannotRun: when the service ends an operation as failed, or not in time.
    """
    chunks = list(_chunks(row.model_dump(mode="json", exclude_defaults=True) for row in rows))
    dataset_id = _find(control, name)
    if dataset_id is None:
        first, *chunks = chunks
        source = {"inlineExamples": {"examples": first}}
        dataset_id = control.create_dataset(datasetName=name, schemaType=SCHEMA, source=source)["datasetId"]
        _wait(control, dataset_id, pause)
        say(f"created dataset {name} ({dataset_id}) with {len(first)} rows")
    else:
        old = [str(example["exampleId"]) for example in _examples(control, dataset_id)]
        for start in range(0, len(old), EXAMPLES_A_CALL):
            control.delete_dataset_examples(datasetId=dataset_id, exampleIds=old[start : start + EXAMPLES_A_CALL])
            _wait(control, dataset_id, pause)
        say(f"removed {len(old)} rows from the draft of {name} ({dataset_id})")
    for chunk in chunks:
        control.add_dataset_examples(datasetId=dataset_id, source={"inlineExamples": {"examples": chunk}})
        _wait(control, dataset_id, pause)
        say(f"added {len(chunk)} rows")
    version = control.create_dataset_version(datasetId=dataset_id)["datasetVersion"]
    _wait(control, dataset_id, pause)
    return f"{dataset_id}:{version}"


def dataset_name(agent: str) -> str:
    """Return the agent's name as names of datasets, batches and runtimes are written."""
    return agent.replace("-", "_")[:48]


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row, ensure_ascii=False).encode())
        if chunk and (len(chunk) == EXAMPLES_A_CALL or size + length > BYTES_A_CALL):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += length
    if chunk:
        yield chunk


def _find(control: Any, name: str) -> str | None:
    found = (each for page in _pages(control.list_datasets) for each in page["datasets"])
    return next((str(each["datasetId"]) for each in found if each["datasetName"] == name), None)


def _examples(control: Any, dataset_id: str) -> Iterator[dict[str, Any]]:
    for page in _pages(control.list_dataset_examples, datasetId=dataset_id, maxResults=EXAMPLES_A_CALL):
        yield from page["examples"]


def _pages(operation: Callable[..., dict[str, Any]], **parameters: Any) -> Iterator[dict[str, Any]]:
    while True:
        page = operation(**parameters)
        yield page
        if not page.get("nextToken"):
            return
        parameters["nextToken"] = page["nextToken"]


def _wait(control: Any, dataset_id: str, pause: float) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        state = control.get_dataset(datasetId=dataset_id)
        if state["status"] == "ACTIVE":
            return
        if state["status"].endswith("_FAILED"):
            raise CannotRun(f"dataset {dataset_id}: {state['status']}: {state.get('failureReason', 'no reason given')}")
        if time.monotonic() > deadline:
            raise CannotRun(f"dataset {dataset_id} is still {state['status']} after {PATIENCE_SECONDS:.0f} s")
        time.sleep(pause)


# Recorded sessions, judged on demand


def evaluate_sessions(
    data: Any,
    levels: Mapping[str, str],
    sessions: Iterable[Session],
    collect: Callable[[str], list[dict[str, Any]]],
    into: dict[str, Scores] | None = None,
) -> dict[str, Scores]:
    """Have each evaluator judge each session.

    A session without spans, a call that fails, and a result with an error code are errors of the evaluator.

    Args:
        data: The client of AgentCore's data plane.
        levels: The evaluators, each with its level.
        sessions: The conversations.
        collect: Returns the spans of a session.
        into: Is filled with the scores of each evaluator as they come, as each was paid for.

    Returns:
        The scores of each evaluator.
    """
    from bedrock_agentcore.evaluation.spans import trace_ids

    found = {} if into is None else into
    for session in sessions:
        spans, why = _spans(collect, session.id)
        turns = {trace: number for number, trace in enumerate(trace_ids(spans), 1)}
        for evaluator, level in levels.items():
            scores = found.setdefault(evaluator, Scores())
            if not spans:
                scores.errors.append(f"{session.row.scenario_id}: no spans of session {session.id}{why}")
                continue
            for request in requests(evaluator, level, spans, session):
                _evaluate(data, request, session, turns, scores)
    return found


def _spans(collect: Callable[[str], list[dict[str, Any]]], session_id: str) -> tuple[list[dict[str, Any]], str]:
    """Return the spans of a session; without any, also what went wrong."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return collect(session_id), ""
    except (BotoCoreError, ClientError) as error:
        return [], f": {error}"


def _evaluate(data: Any, request: dict[str, Any], session: Session, turns: Mapping[str, int], scores: Scores) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        results = data.evaluate(**request)["evaluationResults"]
    except (BotoCoreError, ClientError) as error:  # what the other calls gave is paid for
        scores.errors.append(f"{session.row.scenario_id}: {error}")
        return
    for result in results:
        scores.ignored.update(result.get("ignoredReferenceInputFields", []))
        used = result.get("tokenUsage", {})
        scores.input_tokens += used.get("inputTokens", 0)
        scores.output_tokens += used.get("outputTokens", 0)
        if result.get("errorCode") or result.get("value") is None:
            why = f"{result.get('errorCode', 'no value')} {result.get('errorMessage', '')}".strip()
            scores.errors.append(f"{session.row.scenario_id}: {why}")
        else:
            trace = result.get("context", {}).get("spanContext", {}).get("traceId")
            scores.judgements.append(
                {
                    "id": session.row.scenario_id,
                    "turn": turns.get(trace),
                    "value": float(result["value"]),
                    "label": result.get("label", ""),
                    "reason": result.get("explanation", ""),
                }
            )


def requests(evaluator: str, level: str, spans: list[dict[str, Any]], session: Session) -> Iterator[dict[str, Any]]:
    """Yield the parameters of Evaluate: one call, or one for every ten traces or tool calls."""
    from bedrock_agentcore.evaluation.spans import tool_span_ids, trace_ids

    base = {
        "evaluatorId": evaluator,
        "evaluationInput": {"sessionSpans": spans},
        "evaluationReferenceInputs": reference_inputs(session, trace_ids(spans)),
    }
    if level == "SESSION":
        yield base
        return
    key, ids = ("traceIds", trace_ids(spans)) if level == "TRACE" else ("spanIds", tool_span_ids(spans))
    for start in range(0, len(ids), TARGETS_A_CALL):
        yield {**base, "evaluationTarget": {key: ids[start : start + TARGETS_A_CALL]}}


def reference_inputs(session: Session, traces: list[str]) -> list[dict[str, Any]]:
    """Return the ground truth of a row: of the session, and an expected response for each trace, which is a turn."""
    row = session.row
    of_session: dict[str, Any] = {
        "context": {"spanContext": {"sessionId": session.id}},
        "expectedTrajectory": {"toolNames": row.expected_trajectory},
    }
    if row.assertions:
        of_session["assertions"] = [{"text": text} for text in row.assertions]
    of_turns = [
        {
            "context": {"spanContext": {"sessionId": session.id, "traceId": trace}},
            "expectedResponse": {"text": turn.expected_response},
        }
        for trace, turn in zip(traces, row.turns, strict=False)
        if turn.expected_response
    ]
    return [of_session, *of_turns]


def evaluator_levels(control: Any, evaluators: Iterable[str]) -> dict[str, str]:
    """Return at which level each evaluator judges; custom ones are asked for."""
    found = {}
    for evaluator in evaluators:
        name = evaluator.removeprefix("Builtin.")
        if evaluator.startswith("Builtin."):
            found[evaluator] = next((level for level, names in _LEVELS.items() if name in names), "TRACE")
        else:
            found[evaluator] = control.get_evaluator(evaluatorId=evaluator)["level"]
    return found


def span_collector(runtime: Runtime, since: datetime) -> Callable[[str], list[dict[str, Any]]]:
    """Return what fetches the spans of a session from CloudWatch."""
    from bedrock_agentcore.evaluation.agent_span_collector import CloudWatchAgentSpanCollector

    collector = CloudWatchAgentSpanCollector(
        runtime.log_group, runtime.region, max_wait_seconds=120, poll_interval_seconds=10
    )
    return lambda session_id: collector.collect(session_id, since - timedelta(minutes=5), datetime.now(UTC))


# A batch


def batches(
    name: str, runtime: Runtime, sessions: list[Session], evaluators: Iterable[str], service_name: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield the parameters of StartBatchEvaluation, for five hundred sessions each, with their ground truth."""
    chosen = [{"evaluatorId": evaluator} for evaluator in evaluators]
    for number, start in enumerate(range(0, len(sessions), SESSIONS_A_BATCH), 1):
        part = sessions[start : start + SESSIONS_A_BATCH]
        logs = {
            "serviceNames": [service_name or runtime.service_name],
            "logGroupNames": [runtime.log_group],
            "filterConfig": {"sessionIds": [session.id for session in part]},
        }
        yield {
            "batchEvaluationName": f"{name[:44]}_{number}",
            "evaluators": chosen,
            "dataSourceConfig": {"cloudWatchLogs": logs},
            "evaluationMetadata": {"sessionMetadata": [_ground_truth(session) for session in part]},
        }


def _ground_truth(session: Session) -> dict[str, Any]:
    row = session.row
    truth: dict[str, Any] = {"expectedTrajectory": {"toolNames": row.expected_trajectory}}
    if row.assertions:
        truth["assertions"] = [{"text": text} for text in row.assertions]
    truth["turns"] = [
        {
            "input": {"prompt": turn.input[:4000]},
            **({"expectedResponse": {"text": turn.expected_response}} if turn.expected_response else {}),
        }
        for turn in row.turns
    ]
    return {
        "sessionId": session.id,
        "testScenarioId": row.scenario_id,
        "groundTruth": {"inline": truth},
        "metadata": {"category": row.metadata.category},
    }
