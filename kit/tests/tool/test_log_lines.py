"""Every line that a tool's server writes is JSON, whoever wrote it. Marked `integration`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.homes import home_in
from tests.noise import check, check_failing_start, log_of

pytestmark = pytest.mark.integration


def is_loaded(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/ping").is_success
    return False


def test_whatever_is_written_is_a_line_of_json(tmp_path: Path) -> None:
    home = home_in(tmp_path / "home")
    check(log_of("tool.app", home, home / "src" / "tool" / "tools.py", is_loaded))


@pytest.mark.parametrize("wrong", ["manifest", "level", "module"])
def test_a_failing_start_is_told_in_json_too(tmp_path: Path, wrong: str) -> None:
    home = home_in(tmp_path / "home")
    if wrong == "manifest":
        (home / "manifest.yaml").write_text("kind: Tool\n")
    if wrong == "module":
        (home / "src" / "tool" / "tools.py").write_text("import there_is_none")
    check_failing_start("tool.app", home, LOG_LEVEL="LOUD" if wrong == "level" else "INFO")
