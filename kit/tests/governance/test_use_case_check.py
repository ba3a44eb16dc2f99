"""A component's use case against the register of the platform repository beside it, as `kit check` does it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentcore_kit.checks.commands import Step, steps
from agentcore_kit.governance.use_case_check import main
from tests.governance.conftest import declare, use_case


def checked(capsys: pytest.CaptureFixture[str], platform: Path | None = None) -> tuple[int, str]:
    """Return what the check of the repository in the working directory ends with, and what it says."""
    code = 0
    try:
        main(platform)
    except SystemExit as end:
        code = int(str(end.code))
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def step(platform: Path | None = None) -> Step | None:
    """Return the step of `kit check` in the working directory; None where it has none."""
    return next((one for one in steps(platform) if one.name == "use case"), None)


@pytest.mark.parametrize("kind", ["agent", "tool", "memory"])
def test_an_approved_use_case_is_right_for_every_kind(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    monkeypatch.chdir(clones / f"example-{kind}")
    assert step()
    assert checked(capsys) == (0, "")


@pytest.mark.parametrize("kind", ["agent", "tool", "memory"])
def test_an_unknown_use_case_is_found_with_its_line_and_the_next_step(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    declare(clones / "example-platform", "use-cases.yaml", "useCases", [use_case("UC-0043")])
    monkeypatch.chdir(clones / f"example-{kind}")
    line = Path("manifest.yaml").read_text(encoding="utf-8").partition("useCaseId")[0].count("\n") + 1
    code, text = checked(capsys)
    assert code == 1
    assert f"manifest.yaml:{line}: metadata.useCaseId: use case UC-0042 is not in" in text
    assert "did you mean" in text
    assert "next: " in text


def test_an_expired_use_case_is_found(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(clones / "example-platform", "use-cases.yaml", "useCases", [use_case("UC-0042", expires="2026-01-31")])
    monkeypatch.chdir(clones / "example-agent")
    code, text = checked(capsys)
    assert code == 1
    assert "ended on 2026-01-31" in text


def test_the_last_day_still_holds_and_is_warned_of(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    declare(clones / "example-platform", "use-cases.yaml", "useCases", [use_case("UC-0042", expires=tomorrow)])
    monkeypatch.chdir(clones / "example-agent")
    code, text = checked(capsys)
    assert code == 0
    assert text.startswith("warning: manifest.yaml:")
    assert tomorrow in text


def test_a_team_may_begin_before_the_approval_and_is_told(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = use_case("UC-0042", approvedBy=None, approvedOn=None)
    declare(clones / "example-platform", "use-cases.yaml", "useCases", [waiting])
    monkeypatch.chdir(clones / "example-agent")
    code, text = checked(capsys)
    assert code == 0
    assert "warning: " in text
    assert "nobody has approved use case UC-0042" in text


def test_without_a_platform_at_hand_there_is_no_such_check(
    clones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = shutil.copytree(clones / "example-agent", tmp_path / "elsewhere" / "example-agent")
    monkeypatch.chdir(alone)
    assert step() is None
    assert checked(capsys) == (0, "")


def test_the_platform_itself_is_not_checked_against_itself(clones: Path) -> None:
    assert step() is None


def test_a_platform_elsewhere_can_be_named(
    clones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = shutil.copytree(clones / "example-agent", tmp_path / "elsewhere" / "example-agent")
    declare(clones / "example-platform", "use-cases.yaml", "useCases", [])
    monkeypatch.chdir(alone)
    platform = clones / "example-platform"
    found = step(platform)
    assert found
    assert found.command[-2:] == ("--platform", str(platform))
    assert checked(capsys, platform)[0] == 1
    assert checked(capsys, clones / "example-tool")[0] == 2


def test_of_several_platforms_it_is_the_one_of_the_same_organisation(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(clones / "example-platform", clones / "another-platform")
    declare(other, "use-cases.yaml", "useCases", [])
    monkeypatch.chdir(clones / "example-agent")
    code, text = checked(capsys)
    assert code == 2
    assert "--platform PATH" in text
    manifest = other / "manifest.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("example-org", "other-org"), encoding="utf-8")
    assert checked(capsys) == (0, "")


def test_a_broken_register_is_not_the_teams_fault(
    clones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (clones / "example-platform" / "use-cases.yaml").write_text("useCases: [", encoding="utf-8")
    monkeypatch.chdir(clones / "example-agent")
    code, text = checked(capsys)
    assert code == 0
    assert "warning: the use case is not checked" in text
