"""What tests of a deployed component say when they cannot reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.delivery.errors import CommandError, as_command_error


@contextmanager
def reached() -> Iterator[None]:
    """End all tests with the cause and the next step, as the verbs do, instead of a stack for each."""
    try:
        yield
    except (CommandError, ClientError, BotoCoreError) as error:
        stop = as_command_error(error)
        pytest.exit(f"{stop.message}\nnext:  {stop.next_step}", stop.code)
