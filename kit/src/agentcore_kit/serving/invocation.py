"""The shape of a request: what `/invocations` accepts, and how a wrong one is refused."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentcore_kit.serving.ag_ui import RunInput

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
MAX_PROMPT_CHARACTERS = 32_000
MAX_VALUES = 200_000
"""What `read_body` may count: a prompt can be all commas, and front ends of AG-UI send the conversation again."""
_Model = TypeVar("_Model", bound=BaseModel)
_SESSION_ID = re.compile(r"[!-~]{33,256}")


@dataclass
class BadRequest(Exception):
    """The caller's mistake.

    Attributes:
        message: What is wrong.
        field: The field or header in which it is.
    """

    message: str
    field: str


class Invocation(BaseModel):
    """The payload of one request. Who asks comes from the token, never from here."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS, pattern=r"\S")
    stream: bool = False


class Feedback(BaseModel):
    """What a user thinks of an answer of this session. No turn follows: it is counted, and compared between versions.

    Attributes:
        score: 0 (useless) to 1 (just right); a thumb down is 0, a thumb up 1.
        request_id: Which answer, by the `requestId` that it had.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    score: float = Field(ge=0, le=1)
    request_id: str = Field(default="", alias="requestId", max_length=128)


class _Rating(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    feedback: Feedback


def parse_invocation(body: bytes) -> Invocation:
    """Return the request that a body is: JSON in UTF-8, whatever its headers call it. Of a field twice the last counts.

    Raises:
        BadRequest: With the first wrong field.
    """
    return _parsed(Invocation, body)


def parse_request(body: bytes) -> Invocation | Feedback | RunInput:
    """Return what a body is: a question, `{"feedback": {…}}` to the answer of one, or a run of an AG-UI front end.

    Raises:
        BadRequest: With the first wrong field.
    """
    if b'"threadId"' in body and b'"messages"' in body and _is_run(body):
        return _run(body)
    if b'"feedback"' in body and b'"prompt"' not in body:
        return _parsed(_Rating, body).feedback
    return parse_invocation(body)


def _is_run(body: bytes) -> bool:
    """Whether a body in which the fields of a run are named has them where a run has them."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "threadId" in found and "prompt" not in found


def _run(body: bytes) -> RunInput:
    run = _parsed(RunInput, body)
    if not run.prompt.strip():
        raise BadRequest("the last message must be the user's, with text", "messages")
    if len(run.prompt) > MAX_PROMPT_CHARACTERS:
        raise BadRequest(f"the last one must have at most {MAX_PROMPT_CHARACTERS} characters", "messages")
    return run


def _parsed(model: type[_Model], body: bytes) -> _Model:
    try:
        return model.model_validate_json(body.removeprefix(BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise BadRequest(f"the body is no JSON in UTF-8: {first['ctx']['error']}", "payload") from None
        field = ".".join(str(part)[:_SHOWN] for part in first["loc"]) or "payload"
        if first["type"] == "string_too_long":
            raise BadRequest(f"must have at most {first['ctx']['max_length']} characters", field) from None
        raise BadRequest(_MESSAGES.get(first["type"], first["msg"]), field) from None


_SHOWN = 128
"""How much of a field's name is repeated, in characters."""


_MESSAGES = {
    "model_type": 'the payload must be a JSON object such as {"prompt": "What was our revenue?"}',
    "missing": "this field is required",
    "extra_forbidden": "unknown field; allowed are prompt and stream, or feedback alone with score and requestId",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must not be blank",
    "bool_type": "must be true or false",
}


def session_id_or_new(header: str | None) -> str:
    """Return the caller's session id, or a new one.

    Args:
        header: As the caller sent it; None where it sent none.

    Raises:
        BadRequest: When it has not the 33 to 256 characters that the Runtime's API accepts.
    """
    if header is None:
        return f"session-{uuid4()}"
    if not _SESSION_ID.fullmatch(header):
        raise BadRequest("must have 33 to 256 printable ASCII characters without spaces", SESSION_HEADER)
    return header
