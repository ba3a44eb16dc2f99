"""Another name for the component: noticed where it is not meant, and where it is, every place and what AWS keeps."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from agentcore_kit.config.manifest import load_manifest, repository_kind
from tests.delivery.shell import typed

GIT = shutil.which("git") or "git"
NEW = "revenue-helper"


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run([GIT, *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository, as cruft would have made it, with a commit."""
    copy = tmp_path / "repository"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache", ".git"))
    context = {"cookiecutter": {"kind": repository_kind().lower(), "agent_name": load_manifest().metadata.name}}
    (copy / ".cruft.json").write_text(json.dumps({"template": "t", "commit": "c", "context": context}, indent=2))
    git(copy, "init", "--quiet")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "One")
    monkeypatch.chdir(copy)
    return copy


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("file", ["manifest.yaml", "pyproject.toml", ".cruft.json"])
def test_a_name_that_was_changed_by_hand_is_noticed(home: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert typed(capsys, "manifest")[0] == 0
    old = load_manifest().metadata.name
    replace(home / file, old, NEW)
    code, _, err = typed(capsys, "manifest")
    assert code == 2
    assert file == "manifest.yaml" or f"{file}:" in err
    assert "goes on running" in err
    if file == "manifest.yaml":
        assert {line.split(":")[0] for line in err.splitlines()} == {
            ".cruft.json", "pyproject.toml", "manifest.yaml",
        }  # fmt: skip
        assert f"kit rename {NEW}" in err


def test_every_place_is_renamed_and_comments_stay(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "rename", NEW)
    assert code == 0, err
    assert load_manifest().metadata.name == NEW
    changed = git(home, "diff", "--numstat").split()
    assert changed[2::3] == [".cruft.json", "README.md", "manifest.yaml", "pyproject.toml"]
    assert {*changed[0::3], *changed[1::3]} == {"1"}, "a line each"
    assert f"name: '{NEW}' # repository and component" in (home / "manifest.yaml").read_text(encoding="utf-8")
    assert json.loads((home / ".cruft.json").read_text())["context"]["cookiecutter"]["agent_name"] == NEW
    assert (home / "README.md").read_text(encoding="utf-8").startswith(f"# {NEW}\n")
    for file in changed[2::3]:
        assert f"{file}:" in out
    assert f"+ name: '{NEW}' # repository" in out.replace("  +   ", "  + ")
    assert typed(capsys, "manifest")[0] == 0


def test_what_stays_in_aws_and_the_way_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, head = load_manifest().metadata.name, git(home, "rev-parse", "--short=12", "HEAD").strip()
    out = typed(capsys, "rename", NEW)[1]
    for env in ("dev", "preprod", "prod"):
        assert f"{old}-{env}-" in out
        assert f".venv/bin/kit destroy --env {env}" in out
    assert f"git worktree add ../{old}-before {head}" in out
    assert f"the registry record {old}" in out
    order = [out.index(part) for part in ("Commit and merge", "kit destroy")]
    assert order == sorted(order)
    expected = {
        "Agent": "Move callers to the new runtimes (revenue_helper_prod; endpoint live)",
        "Tool": "A prefix of a gateway belongs to one component",
        "Memory": f"all that is remembered: it stays with the memories of {old}; those of {NEW} start with nothing",
    }
    assert expected[repository_kind()] in out


def test_renamed_again_there_is_nothing_to_change(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(capsys, "rename", NEW)
    before = git(home, "diff")
    assert typed(capsys, "rename", NEW)[:2] == (0, f"nothing to change: every place says {NEW}\n")
    assert git(home, "diff") == before


def test_a_rename_by_hand_is_completed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = load_manifest().metadata.name
    replace(home / "manifest.yaml", old, NEW)
    git(home, "commit", "--quiet", "--all", "--message", "By hand")
    code, out, _ = typed(capsys, "rename", NEW)
    assert code == 0
    assert typed(capsys, "manifest")[0] == 0
    commit = git(home, "rev-parse", "--short", "HEAD").strip()
    assert f"../{old}-before {commit}^" in out, "the commit before the one that changed the manifest"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Revenue_Helper", "manifest.yaml:"),
        ("x", "is not right; needed: 3 to 40 lower-case"),
        ("a" * 41, "is not right; needed: 3 to 40"),
    ],
)
def test_a_wrong_name_changes_nothing(home: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    code, out, err = typed(capsys, "rename", name)
    assert (code, out) == (2, "")
    assert said in err
    assert git(home, "status", "--porcelain") == ""


def test_a_name_that_is_too_long_with_an_environment_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(home / "manifest.yaml", "spec:\n", "spec:\n  delivery: {production: [prod, prod-us-east]}\n")
    git(home, "commit", "--quiet", "--all", "--message", "A longer name")
    code, _, err = typed(capsys, "rename", "a" * 36)
    assert (code, "prod-us-east is too long" in err) == (2, True)


def test_changes_that_are_not_committed_stop_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "README.md").write_text("# other\n", encoding="utf-8")
    code, _, err = typed(capsys, "rename", NEW)
    assert (code, "README.md" in err, "commit or undo them" in err) == (2, True, True)
    assert git(home, "diff", "--name-only") == "README.md\n"


def test_other_mentions_are_told_and_left(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = load_manifest().metadata.name
    (home / "NOTES.md").write_text(f"{old} answers\n{old}-eu does not\n", encoding="utf-8")
    git(home, "add", "--all")
    git(home, "commit", "--quiet", "--message", "Notes")
    out = typed(capsys, "rename", NEW)[1]
    assert f"NOTES.md:1: {old} answers" in out
    assert "NOTES.md:2" not in out
    assert (home / "NOTES.md").read_text(encoding="utf-8").startswith(old)
