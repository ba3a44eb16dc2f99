"""`cruft update`: a repository that its team has edited takes over a new version of the template, without conflict."""

import shutil
import subprocess
from pathlib import Path

import cruft
import pytest
from cookiecutter.exceptions import FailedHookException

from tests.repository import append, files, generate

SHARED = "Makefile"
KINDS_OWN = "src/agent/tools.py"
EDITED = "src/agent/prompt.md"
ADDED = "docs/new-in-the-template.md"


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, text=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A change")


@pytest.fixture
def release(template: Path, tmp_path: Path) -> Path:
    """Return the template as a git repository, which is what cruft reads."""
    copy = Path(shutil.copytree(template, tmp_path / "release"))
    git(copy, "init", "--quiet")
    commit(copy)
    return copy


def test_update_keeps_what_the_team_wrote(release: Path, output: Path, tmp_path: Path) -> None:
    repository = cruft.create(str(release), output)
    git(repository, "init", "--quiet")
    append(repository / EDITED, "The team's own sentence.")
    commit(repository)
    assert cruft.check(repository)

    generated = release / "{{cookiecutter.agent_name}}"
    append(generated / SHARED, "# new")
    append(generated / "_kinds/agent" / KINDS_OWN, "# new")
    append(generated / "_kinds/agent" / ADDED, "new")
    commit(release)
    assert not cruft.check(repository)
    assert cruft.update(repository)

    changed = {line[3:] for line in git(repository, "status", "--porcelain", "--untracked-files=all").splitlines()}
    assert changed == {".cruft.json", SHARED, KINDS_OWN, ADDED}
    assert not git(repository, "ls-files", "--unmerged")
    assert cruft.check(repository)
    assert (repository / EDITED).read_text(encoding="utf-8").endswith("The team's own sentence.\n")
    fresh = generate(release, tmp_path / "fresh", {})
    for name in set(files(fresh)) - {Path(EDITED)}:
        assert (repository / name).read_bytes() == (fresh / name).read_bytes(), name


def test_cruft_leaves_nothing_of_what_is_refused(release: Path, output: Path, tmp_path: Path) -> None:
    with pytest.raises(FailedHookException):
        cruft.create(str(release), output, extra_context={"agent_name": "../x"})
    assert sorted(path.name for path in (*output.iterdir(), *tmp_path.iterdir())) == ["output", "release"]
