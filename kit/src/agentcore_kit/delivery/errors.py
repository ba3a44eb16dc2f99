"""How a command ends when it cannot go on: what is wrong, what is live, what to do next, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

GATE_NOT_PASSED, WRONG_INPUT, COULD_NOT = 1, 2, 3
"""The exit codes, besides 0 for done and 130 for interrupted; cli.py says when which."""

_THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedException", "UnauthorizedOperation")
_SIGN_IN = (
    "sign in first, for example: aws sso login --profile PROFILE && export AWS_PROFILE=PROFILE\n"
    "      (the workflows get theirs by OIDC; kit identity --env … prints the role)"
)
_AGAIN = "wait a minute and type the same again; what is done already is not done twice"


class CommandError(Exception):
    """A command cannot go on.

    Args:
        message: What is wrong, and what is live where that could be in doubt.
        next_step: What the user types or does now.
        code: The exit code: GATE_NOT_PASSED, WRONG_INPUT, or COULD_NOT.
    """

    def __init__(self, message: str, next_step: str, code: int = COULD_NOT) -> None:
        super().__init__(message)
        self.message, self.next_step, self.code = message, next_step, code


@contextmanager
def reported_errors() -> Iterator[None]:
    """Show what stopped a command, and end the process with its exit code; never with a traceback."""
    try:
        yield
    except (CommandError, ClientError, BotoCoreError) as error:
        _end(as_command_error(error))
    except KeyboardInterrupt:
        _end(
            CommandError(
                "interrupted", "type the same again: it goes on where it was; `kit status --env …` shows where", 130
            )
        )


def as_command_error(error: CommandError | ClientError | BotoCoreError) -> CommandError:
    """Return what a user is told of an error."""
    match error:
        case CommandError():
            return error
        case ClientError():
            return _of_service(error)
        case NotConnected() | HTTPClientError():
            return CommandError(
                f"AWS cannot be reached: {error}", "check the network and the region, then type the same again"
            )
    return CommandError(f"no call to AWS was possible: {error}", _SIGN_IN)


def error_code(error: ClientError) -> str:
    """Return the service's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_denied(error: ClientError) -> bool:
    """Return whether a service says that these credentials may not make the call."""
    return error_code(error) in _DENIED


def _of_service(error: ClientError) -> CommandError:
    code, operation = error_code(error), error.operation_name
    said = f"{operation}: {error.response['Error'].get('Message', code)}"
    if code in _THROTTLED:
        return CommandError(f"AWS refuses further calls for now ({said}), after retries with growing pauses", _AGAIN)
    if is_denied(error) or code == "UnrecognizedClientException":
        return CommandError(
            f"these credentials may not do that ({said})", f"ask the platform team to allow {operation}"
        )
    if code in ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException"):
        return CommandError(f"the AWS credentials are not valid, or no longer ({said})", _SIGN_IN)
    return CommandError(said, "read the message; `kit status --env …` shows what is live")


def _end(error: CommandError) -> None:
    print(f"error: {error.message}\nnext:  {error.next_step}", file=sys.stderr)
    raise SystemExit(error.code)
