"""What tests of a deployed component say when they cannot reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.delivery.errors import CommandError, as_command_error

WRONG_INPUT = 2


@contextmanager
def reached() -> Iterator[None]:
    """End all tests with the cause and the next step, as the commands do, instead of a traceback for each."""
    try:
        yield
    except ConfigError as error:
        pytest.exit(str(error), WRONG_INPUT)
    except (CommandError, ClientError, BotoCoreError) as error:
        found = as_command_error(error)
        pytest.exit(f"{found.message}\nnext:  {found.next_step}", found.code)
