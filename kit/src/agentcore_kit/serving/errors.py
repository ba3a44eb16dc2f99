"""How a turn fails, in one table of what its caller is told, and how a team's code says no to a model or a caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CALLER = "caller"
"""The kind of a failure that is no error of the agent."""


class RequestRefused(Exception):
    """A request that the agent does not answer. Raised by the function that `on_request` of `create_app` names.

    The caller gets status 403 with the message, so it must hold nothing that a stranger may not read.
    """


def tool_error(code: int, message: str) -> dict[str, Any]:
    """Return a failed tool result, in the form that Strands gives a model.

    Args:
        code: What went wrong, as an HTTP status, for example 400, 404 or 503.
        message: What the model is told, and what to do about it.
    """
    return {"status": "error", "content": [{"text": f"Error {code}: {message}"}]}


@dataclass(frozen=True)
class Failure:
    """What the caller of a turn that failed is told. The cause stays in the log: it may hold addresses or data.

    Attributes:
        status: The HTTP status of an answer that is not streamed.
        message: What it says, which is also what an `error` event of a stream says.
        retry_after: After how many seconds it is worth asking again; None where that does not matter.
        kind: What failed, in the metric of errors; `CALLER` for what only the caller can mend.
    """

    status: int
    message: str
    retry_after: int | None = None
    kind: str = "internal"

    def body(self, request_id: str) -> dict[str, Any]:
        """Return it as the body of an answer, or as what an `error` event has besides its type."""
        waiting = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        return {"error": self.message, "status": self.status, "requestId": request_id, **waiting}


def retry_after(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that say of a failure's body when to ask again."""
    return {"Retry-After": str(body["retryAfterSeconds"])} if "retryAfterSeconds" in body else {}


class TurnFailed(Exception):
    """A turn that ends for a reason that its caller is told.

    Attributes:
        failure: What the caller is told.
    """

    def __init__(self, failure: Failure, cause: str = "") -> None:
        """Make it; `cause` is for the log only."""
        super().__init__(cause or failure.message)
        self.failure = failure


INTERNAL = Failure(500, "internal error")
TOO_LONG = Failure(
    413,
    "the question and what belongs to it do not fit into the model's context window; ask for less at once",
    kind=CALLER,
)
BROKE_OFF = Failure(502, "the model's answer broke off; please ask again", kind="model")
FULL = Failure(503, "the agent answers as many sessions as it can; please ask again in 1 s", 1, "capacity")
STOPPING = Failure(503, "the agent is being restarted; please ask again in 1 s", 1, "restart")


def out_of_time(seconds: float) -> Failure:
    """Return what the caller is told of a turn that took longer than the environment allows."""
    return Failure(504, f"no answer within {seconds:g} seconds; please ask again, or for less at once", kind="timeout")


def refused_by_model(throttled: bool, retry_after: int) -> Failure:
    """Return what the caller is told of a turn whose model did not answer.

    Args:
        throttled: Whether it has too many requests; else it cannot be reached, or fails.
        retry_after: After how many seconds it is worth asking again.
    """
    if throttled:
        busy = f"the model has too many requests; please ask again in {retry_after} s"
        return Failure(429, busy, retry_after, "throttled")
    return Failure(503, f"the model is unavailable; please ask again in {retry_after} s", retry_after, "model")


def failure_of(error: BaseException) -> Failure:
    """Return what whoever asked is told of an error that ended a turn."""
    from strands.types.exceptions import ContextWindowOverflowException

    from agentcore_kit.serving.model_stream import AnswerBrokeOff

    told: dict[type[BaseException], Failure] = {
        ContextWindowOverflowException: TOO_LONG,
        AnswerBrokeOff: BROKE_OFF,
    }
    cause = getattr(error, "original_exception", error)  # Strands wraps what fails after the first tool call
    if isinstance(cause, TurnFailed):
        return cause.failure
    return next((failure for kind, failure in told.items() if isinstance(cause, kind)), INTERNAL)
