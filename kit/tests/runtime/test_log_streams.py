"""What is printed becomes log lines, in any order, from any thread, and to the end of the process."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from agentcore_kit.runtime.logging import MaskedStream

BEGIN = "from agentcore_kit.runtime.logging import begin_logging\nbegin_logging()\n"


def lines_of(code: str, **variables: str) -> list[dict[str, Any]]:
    """Run code as a process; return its lines, all of which have to be JSON."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False, timeout=60, env=variables
    )
    return [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]


def said(code: str, **variables: str) -> list[str]:
    return [f"{one['message']} {one.get('exception', '')}".strip() for one in lines_of(code, **variables)]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("class A:\n    def __del__(self): raise ValueError('late')\na = A()", "late"),
        ("import atexit\natexit.register(lambda: [][0])", "list index out of range"),
        ("import sys\nsys.exit('ended with words')", "ended with words"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("from agentcore_kit.config.errors import ConfigError\nraise ConfigError(['which field'])", "which field"),
        ("import warnings\nwarnings.warn('a warning')", "a warning"),
        ("import logging\nlogging.getLogger().handlers.clear()\nlogging.error('nobody listens')", "nobody listens"),
        ("print('no end', end='')", "no end"),
        ("import asyncio\nasync def a(): 1 / 0\nasyncio.run(a())", "ZeroDivisionError"),
        ("import sys\nsys.excepthook = None\n1 / 0", "ZeroDivisionError"),
        ("import threading\nthreading.Thread(target=lambda: print('of a thread')).start()", "of a thread"),
        ("import logging\nlogging.getLogger('a').propagate = False\nlogging.getLogger('a').error('lost')", "lost"),
    ],
)
def test_every_line_is_json(code: str, wanted: str) -> None:
    found = said(code)
    assert wanted in "\n".join(found)


@pytest.mark.parametrize("level", ["DEBUG", "ERROR"])
def test_what_is_printed_is_kept_at_any_level(level: str) -> None:
    assert "printed" in said("print('printed')", LOG_LEVEL=level)


def test_what_threads_print_at_once_is_not_mixed() -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda n: print("begin", n, "end"), range(400)))
"""
    assert sorted(said(code)) == sorted(f"begin {number} end" for number in range(400))


def test_bytes_and_descriptors_of_a_stream_still_work() -> None:
    code = """
import subprocess, sys
print(sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.fileno(), sys.stdout.writable())
sys.stdout.buffer.write(b'{"message": "bytes"}\\n')
sys.stdout.buffer.flush()
subprocess.run([sys.executable, "-c", "print('{}')"], stdout=sys.stdout, check=True)
"""
    found = lines_of(code)
    assert {"message": "bytes"} in found
    assert {} in found
    assert any(str(one.get("message", "")).startswith("False utf-8 1 True") for one in found)


def test_secrets_are_masked_in_what_is_printed() -> None:
    code = """
from agentcore_kit.runtime import masking
masking.register("KEY", "hunter2hunter2")
print("the key is hunter2hunter2")
print('{"key": "hunter2hunter2"}')
"""
    assert all("hunter2" not in json.dumps(one) for one in lines_of(code))


def test_a_format_of_the_teams_own_that_fails_loses_no_line() -> None:
    code = """
import logging
class Broken(logging.Formatter):
    def format(self, record): raise RuntimeError("broken format")
for handler in logging.getLogger().handlers: handler.setFormatter(Broken())
logging.error("something happened")
print("printed")
"""
    found = lines_of(code)
    assert [one["message"] for one in found] == ["something happened", "printed"]
    assert all("broken format" in one["exception"] for one in found)


def test_a_line_for_a_stream_that_was_closed_fails_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    handler = MaskedStream(stream)
    stream.close()
    handler.handle(logging.makeLogRecord({"msg": "too late"}))
    assert "too late" in capsys.readouterr().err, "Python says on standard error what it could not write"
