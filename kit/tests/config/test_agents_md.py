"""`kit agents-md`: AGENTS.md says what is there, is noticed when it does not, and keeps the team's own part."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agentcore_kit import cli
from agentcore_kit.checks.commands import steps
from agentcore_kit.guidance.agents_md import BEGIN, END
from tests.delivery.shell import typed

OWN = "\n## Ours\n\n- Figures are in EUR.\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository, whose AGENTS.md has a part of the team's own."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache", ".git"))
    monkeypatch.chdir(copy)
    replace(copy / "AGENTS.md", END, END + OWN)
    return copy


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def another_row(home: Path) -> None:
    replace(home / "README.md", "| attacks | ", "| attacks, and what is let through | ")


def another_target(home: Path) -> None:
    with (home / "Makefile").open("a", encoding="utf-8") as file:
        file.write("\nreport: ## show last week's figures\n\t@true\n")


def no_dockerfile(home: Path) -> None:
    (home / "Dockerfile").unlink()


def another_command(home: Path) -> None:
    cli.COMMANDS += (cli.Command("forecast", "agentcore_kit.none:none", "Say what next week costs.", cli.EVERYDAY),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_row, "| attacks, and what is let through | `evals/redteam.jsonl`"),
        (another_target, "- `make report`: show last week's figures\n"),
        (no_dockerfile, "\n| `.dockerignore` | the image"),
        (another_command, "- `kit forecast`: Say what next week costs.\n"),
    ],
)
def test_what_has_changed_is_noticed_and_written(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    said: str,
) -> None:
    monkeypatch.setattr(cli, "COMMANDS", cli.COMMANDS)
    assert typed(capsys, "agents-md") == (0, "AGENTS.md: up to date\n", "")
    change(home)
    code, _, err = typed(capsys, "agents-md")
    assert (code, "kit agents-md --write" in err) == (1, True)
    assert typed(capsys, "agents-md", "--write") == (0, "AGENTS.md: written\n", "")
    text = (home / "AGENTS.md").read_text(encoding="utf-8")
    assert said in text
    assert text.endswith(f"{END}{OWN}\n")
    assert typed(capsys, "agents-md", "--write") == (0, "AGENTS.md: up to date\n", "")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("`src/agent/pricing.py`", "src/agent/pricing.py is not there"),
        ("`evals/pricing/`", "evals/pricing/ is not there"),
        ("`src/agent/tools.py` | `kit forecast`", "there is no `kit forecast`"),
        ("`src/agent/tools.py` | `make test deliver`", "there is no `make deliver`"),
        ("`src/agent/tools.py` ` ` | `kit forecast`", "there is no `kit forecast`"),
    ],
)
def test_a_row_of_the_readme_that_is_wrong_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], cell: str, problem: str
) -> None:
    replace(home / "README.md", "| attacks | ", f"| prices | {cell} | `make eval` |\n| attacks | ")
    lines = (home / "README.md").read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.startswith("| prices |"))
    code, _, err = typed(capsys, "agents-md", "--write")
    assert code == 1
    assert err == f"README.md:{number}: {problem}; correct the row, then: kit agents-md --write\n"


def test_a_team_may_do_without_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "AGENTS.md"
    path.write_text(OWN, encoding="utf-8")
    assert typed(capsys, "agents-md")[0] == 0
    path.unlink()
    assert typed(capsys, "agents-md")[0] == 0
    assert not path.exists()
    path.write_text(OWN, encoding="utf-8")
    assert typed(capsys, "agents-md", "--write")[0] == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith(BEGIN)
    assert text.endswith(OWN)
    assert typed(capsys, "agents-md")[0] == 0


@pytest.mark.parametrize("mark", [BEGIN, END])
def test_half_of_it_is_refused_and_nothing_is_written(
    home: Path, capsys: pytest.CaptureFixture[str], mark: str
) -> None:
    replace(home / "AGENTS.md", mark, "")
    before = (home / "AGENTS.md").read_bytes()
    for option in ([], ["--write"]):
        code, _, err = typed(capsys, "agents-md", *option)
        assert (code, "put the lines right" in err) == (1, True)
    assert (home / "AGENTS.md").read_bytes() == before


def test_it_is_a_part_of_the_check() -> None:
    assert [one.command[-1] for one in steps() if one.name == "AGENTS.md"] == ["agents-md"]
