"""The dimensions before production: they pass the tools as they are, and refuse them with a fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agentcore_kit.cli import main
from agentcore_kit.config.repository import repository_path


@contextmanager
def changed(file: str, old: str, new: str) -> Iterator[None]:
    """Change a file of the repository, and change it back."""
    path = repository_path(*file.split("/"))
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def dimensions(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """Run `kit dimensions`, and return its exit code and what it printed."""
    with pytest.raises(SystemExit) as stopped:
        main(["dimensions", *arguments])
    printed = capsys.readouterr()
    return stopped.value.code, printed.out + printed.err


def test_the_tools_as_they_are_pass_in_every_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = dimensions(capsys)

    assert code == 0, text
    assert "skipped" not in text


def test_tools_that_are_too_slow(capsys: pytest.CaptureFixture[str]) -> None:
    with changed("environments/local.yaml", "latencyP95Ms: 1000", "latencyP95Ms: 1"):
        code, text = dimensions(capsys, "--select", "performance")

    assert code == 1
    assert "alarms.latencyP95Ms of environments/local.yaml is 1" in text


def test_tools_that_repeat_what_they_were_given(capsys: pytest.CaptureFixture[str]) -> None:
    with changed("src/tool/tools.py", 'Literal["EMEA", "APAC", "AMER"]', "str"):
        code, text = dimensions(capsys, "--select", "security")

    assert code == 1
    assert "repeats what it was given as region" in text


def test_tools_that_break_their_contract(capsys: pytest.CaptureFixture[str]) -> None:
    with changed("src/tool/tools.py", '"sales", "customers"]', '"sales"]'):
        code, text = dimensions(capsys, "--select", "contract")

    assert code == 1
    assert "test_no_tool_breaks_those_who_use_it" in text


def test_tools_whose_results_strict_clients_refuse(capsys: pytest.CaptureFixture[str]) -> None:
    """The schema of a date and time asks for a time zone, which Python's does not need to have."""
    declared = '    changed: bool = Field(default=False, description="whether this call changed the list")\n'
    naive = '    at: datetime = Field(default=datetime(2026, 1, 1), description="when")\n'
    with changed("src/tool/tools.py", declared, f"{declared}{naive}"):  # noqa: SIM117
        with changed("src/tool/tools.py", "from typing import", "from datetime import datetime\nfrom typing import"):
            code, text = dimensions(capsys, "--select", "contract")

    assert code == 1
    assert "'2026-01-01T00:00:00' is not a 'date-time'" in text


def test_what_is_no_dimension_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = dimensions(capsys, "--select", "acceptance")

    assert (code, text) == (2, "--select: 'acceptance' is no dimension; one of: contract, performance, security\n")


def test_the_latency_of_the_tools_is_limited_in_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        changed("evals/thresholds.yaml", "  toolErrorRate: {max: 0}", "  toolLatencyP95: {max: 500}"),
        pytest.raises(SystemExit) as stopped,
    ):
        main(["eval"])

    assert stopped.value.code == 2
    assert "the limit is alarms.latencyP95Ms in environments/local.yaml" in capsys.readouterr().err
