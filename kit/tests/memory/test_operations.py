"""The operations: parameters as the service's model has them, the same errors, nothing half done."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from agentcore_kit.cli import main
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.local.memory_server.extraction import Message
from agentcore_kit.local.memory_server.extraction.model import ModelExtractor
from agentcore_kit.local.memory_server.settings import Settings
from agentcore_kit.testing.dimensions.memory.targets import Memory
from tests.memory.configuration import SPEC

EVENT = {"actorId": "a", "sessionId": "s", "eventTimestamp": 1_790_000_000}
UNKNOWN = "no_such_memory-a1B2c3D4e5"


def code(call: Any, **parameters: Any) -> str:
    """Return the service's code of the error that a call must end with."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


def test_an_unknown_memory_event_or_record(memory: Memory) -> None:
    client, known = memory.client(), memory.memory_id
    assert code(client.list_actors, memoryId=UNKNOWN) == "ResourceNotFoundException"
    event = {"memoryId": known, "actorId": "a", "sessionId": "s", "eventId": "0000000000000000001#00000000"}
    assert code(client.get_event, **event) == "ResourceNotFoundException"
    record = f"mem-{'0' * 36}"
    assert code(client.get_memory_record, memoryId=known, memoryRecordId=record) == "ResourceNotFoundException"
    done = client.batch_delete_memory_records(memoryId=known, records=[{"memoryRecordId": record}])
    assert done["failedRecords"][0]["status"] == "FAILED"


def by(operator: str, **value: Any) -> dict[str, Any]:
    """Return a filter of the indexed key of manifest.yaml, which is a text."""
    right = {"right": {"metadataValue": value}} if value else {}
    return {"left": {"metadataKey": "source"}, "operator": operator, **right}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("list_events", {"actorId": "a", "sessionId": "has space"}),
        ("list_events", {"actorId": "a", "sessionId": "s", "maxResults": 101}),
        ("list_events", {"actorId": "a", "sessionId": "s", "nextToken": "bm9uZQ=="}),
        ("list_actors", {"nextToken": base64.b64encode(b"-5").decode()}),
        ("list_memory_records", {"namespace": "/f/", "metadataFilters": [by("EQUALS_TO")]}),
        ("list_memory_records", {"namespace": "/f/", "metadataFilters": [by("EQUALS_TO", numberValue=1)]}),
        ("list_memory_records", {"namespace": "/f/", "metadataFilters": [by("GREATER_THAN", stringValue="a")]}),
        ("list_memory_records", {"namespace": "/f/", "metadataFilters": [by("BEFORE", dateTimeValue=0)]}),
        ("list_events", {"actorId": "a", "sessionId": "s", "filter": {"eventMetadata": [by("EQUALS_TO")]}}),
        ("create_event", {"actorId": "a", "sessionId": "s", "eventTimestamp": -1, "payload": []}),
        ("create_event", {**EVENT, "payload": [{"blob": "half a character: \ud83d"}]}),
        ("retrieve_memory_records", {"namespace": "/f/", "searchCriteria": {"searchQuery": "x" * 10_001}}),
        ("retrieve_memory_records", {"namespace": "/f/", "searchCriteria": {"searchQuery": "x", "topK": 101}}),
        ("delete_event", {"actorId": "a", "sessionId": "s", "eventId": "not-an-event"}),
    ],
)
def test_parameters_are_held_to_the_services_model(memory: Memory, operation: str, parameters: dict[str, Any]) -> None:
    client = memory.client()
    found = code(getattr(client, operation), memoryId=memory.memory_id, **parameters)
    assert found == "ValidationException"


def test_who_does_not_sign_is_refused_and_what_is_no_operation_too(memory: Memory) -> None:
    assert memory.server
    url = f"{memory.server.address}/memories/{memory.memory_id}/actors"
    assert httpx.post(url, json={}).status_code == 403
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/bedrock-agentcore/aws4_request"}
    assert httpx.post(f"{memory.server.address}/nothing", headers=signed).status_code == 404
    assert httpx.get(f"{memory.server.address}/ping").json() == {"status": "Healthy"}


@pytest.mark.parametrize("body", [b"{", b"null", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(memory: Memory, body: bytes) -> None:
    assert memory.server
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/bedrock-agentcore/aws4_request"}
    answer = httpx.post(f"{memory.server.address}/memories/{memory.memory_id}/actors", content=body, headers=signed)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")


def test_a_client_token_makes_one_event(memory: Memory) -> None:
    said = {"conversational": {"content": {"text": "I prefer euros."}, "role": "USER"}}
    call = {"memoryId": memory.memory_id, "actorId": "a", "sessionId": "s", "eventTimestamp": 1_790_000_000}
    made = [
        memory.client().create_event(**call, payload=[said], clientToken="once-and-only-once-000000000000000")
        for _ in range(2)
    ]
    assert made[0]["event"]["eventId"] == made[1]["event"]["eventId"]
    assert len(memory.events("a", "s")) == 1


def test_extraction_is_skipped_where_the_caller_says_so(memory: Memory) -> None:
    said = {"conversational": {"content": {"text": "I prefer euros."}, "role": "USER"}}
    memory.client().create_event(
        memoryId=memory.memory_id, actorId="a", sessionId="s", eventTimestamp=1_790_000_000, payload=[said],
        extractionMode="SKIP",
    )  # fmt: skip
    assert len(memory.events("a", "s")) == 1
    assert memory.texts("/preferences/a/") == []


def test_metadata_filters_events_and_times_records(memory: Memory) -> None:
    for number in range(3):
        memory.client().create_event(
            memoryId=memory.memory_id, actorId="a", sessionId="s", eventTimestamp=1_790_000_000 + number,
            payload=[{"blob": {"n": number}}], metadata={"n": {"stringValue": str(number)}},
        )  # fmt: skip
    test = {"left": {"metadataKey": "n"}, "operator": "EQUALS_TO", "right": {"metadataValue": {"stringValue": "1"}}}
    found = memory.client().list_events(
        memoryId=memory.memory_id, actorId="a", sessionId="s", filter={"eventMetadata": [test]}
    )
    assert [each["payload"][0]["blob"] for each in found["events"]] == [{"n": 1}]
    (record,) = memory.client().batch_create_memory_records(
        memoryId=memory.memory_id,
        records=[
            {"requestIdentifier": "1", "namespaces": ["/f/"], "content": {"text": "x"}, "timestamp": 1_790_000_000}
        ],
    )["successfulRecords"]
    for operator, count in (("BEFORE", 0), ("AFTER", 1)):
        time = {"left": {"metadataKey": "x-amz-agentcore-memory-updatedAt"}, "operator": operator,
                "right": {"metadataValue": {"dateTimeValue": 1_780_000_000}}}  # fmt: skip
        listed = memory.client().list_memory_records(memoryId=memory.memory_id, namespace="/f/", metadataFilters=[time])
        assert [each["memoryRecordId"] for each in listed["memoryRecordSummaries"]] == [
            record["memoryRecordId"]
        ] * count
    order = [each["metadata"]["n"]["stringValue"] for each in memory.events("a", "s")]
    assert order == ["2", "1", "0"], "the newest first"


def test_records_are_corrected_by_hand(memory: Memory) -> None:
    memory.say("a", "s", "I'm working on the Atlas project.")
    (record,) = memory.search("Atlas", "/facts/a/")
    change = {
        "memoryRecordId": record["memoryRecordId"],
        "timestamp": 1_790_000_000,
        "content": {"text": "Works on Orion"},
    }
    memory.client().batch_update_memory_records(memoryId=memory.memory_id, records=[change])
    assert memory.texts("/facts/a/") == ["Works on Orion"]
    assert memory.search("Atlas", "/facts/a/")[0]["score"] == 0.25, "the old words no longer find it"


def test_many_write_at_once(memory: Memory) -> None:
    client = memory.client()

    def write(number: int) -> None:
        said = {"conversational": {"content": {"text": f"I'm working on the p{number} project."}, "role": "USER"}}
        client.create_event(
            memoryId=memory.memory_id, actorId=f"actor{number % 8}", sessionId=f"s{number}",
            eventTimestamp=1_790_000_000 + number, payload=[said],
        )  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))
    for number in range(8):
        assert memory.texts(f"/facts/actor{number}/") == [f"Works on the p{number + 56} project"]


def test_a_port_that_is_taken_could_not_be_served(memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    assert memory.server
    with pytest.raises(SystemExit) as ended:
        main(["dev", "--port", str(memory.server.server_port)])
    assert ended.value.code == 3
    assert f"port {memory.server.server_port}" in capsys.readouterr().err


def test_a_wrong_manifest_ends_in_two(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong() -> None:
        raise ConfigError(["manifest.yaml:1: wrong"])

    monkeypatch.setattr("agentcore_kit.local.memory_server.settings.load_manifest", wrong)
    with pytest.raises(SystemExit) as ended:
        main(["dev"])
    assert (ended.value.code, capsys.readouterr().err) == (2, "manifest.yaml:1: wrong\n")


def test_a_configured_model_extracts_and_personal_data_stays_out() -> None:
    facts = SPEC.strategy("facts")
    extractor = ModelExtractor("http://127.0.0.1:9/v1", "any")
    assert extractor.extract(facts, [Message("USER", "Hello.")], [], []) == [], "nobody answers: nothing is lost"
    kept = [{"text": "Works on Atlas", "topic": "project"}, {"text": "Reach her at jo@example.com", "topic": "mail"}]
    extractor._ask = lambda *_: json.loads(json.dumps({"records": kept, "forget": ["mem-of-somebody-else"]}))  # type: ignore[method-assign]
    (change,) = extractor.extract(facts, [Message("USER", "I work on Atlas.")], [], [])
    assert (change.text, change.topic, change.forget) == ("Works on Atlas", "project", ())


def test_the_environment_file_chooses_the_extractor() -> None:
    wanted = {
        "MEMORY_EXTRACTOR": "openai-compatible",
        "MEMORY_MODEL_ID": "m",
        "MEMORY_MODEL_BASE_URL": "http://127.0.0.1:9/v1",
    }
    assert Settings.of(load_manifest(), wanted).extractor.provider == "openai-compatible"


@pytest.mark.parametrize("reply", ["no JSON", '{"records": [{}]}', '{"records": [{"text": 1}]}', '{"records": 1}'])
def test_an_answer_of_a_model_that_cannot_be_read_changes_nothing(reply: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(url: str, **_: Any) -> httpx.Response:
        message = {"choices": [{"message": {"content": reply}}]} if reply != "no JSON" else {"choices": []}
        return httpx.Response(200, json=message, request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", answer)
    extractor = ModelExtractor("http://127.0.0.1:9/v1", "any")
    assert extractor.extract(SPEC.strategy("facts"), [Message("USER", "Hello.")], [], []) == []
