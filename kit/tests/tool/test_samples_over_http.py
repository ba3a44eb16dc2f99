"""The code samples of docs/tools.md: each is a program that runs as it stands."""

from __future__ import annotations

import io
import re
import subprocess
from contextlib import redirect_stdout

import pytest

from agentcore_kit.tool_contract.definitions import offered
from agentcore_kit.tool_contract.pages import page_path
from tests.tool.calls import Tools

pytestmark = pytest.mark.integration

TEXT = page_path().read_text(encoding="utf-8")


def test_there_are_three_of_every_tool() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.M)[1:]
    assert [section.split("\n")[0] for section in sections] == [tool["name"] for tool in offered()]
    for section in sections:
        assert re.findall(r"^### (.+)$", section, re.M) == ["curl", "A plain MCP client", "Strands"]


def test_they_run(running: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLS_URL", running.url)
    monkeypatch.setenv("TOOLS_TOKEN", running.headers()["Authorization"].removeprefix("Bearer "))
    programs = re.findall(r"^```(sh|python)\n(.+?)^```", TEXT, re.M | re.S)
    assert len(programs) == 3 * len(offered())
    for language, program in programs:
        said = in_shell(program) if language == "sh" else in_python(program)
        assert "value" in said or "watched" in said, f"{program}\n{said}"
        assert "'error'" not in said.replace('"', "'"), f"{program}\n{said}"


def in_shell(program: str) -> str:
    return subprocess.run(["sh", "-c", program], check=True, capture_output=True, text=True, timeout=60).stdout  # noqa: S607


def in_python(program: str) -> str:
    with redirect_stdout(io.StringIO()) as said:
        exec(compile(program, str(page_path()), "exec"), {"__name__": "__main__"})  # noqa: S102
    return said.getvalue()
