"""All of a change is written, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.authoring import changes as module
from agentcore_kit.authoring.changes import Changes
from agentcore_kit.delivery.errors import CommandError


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    """Return a change of two files and a new one, not written yet."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("old\n")
    (tmp_path / "a.txt").chmod(0o640)
    found = Changes(tmp_path)
    found.set("a.txt", "old\nnew\n")
    found.create("folder/c.txt", "new\n")
    found.set("b.txt", "new\n")
    return found


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_is_shown_is_what_is_written(changes: Changes, tmp_path: Path) -> None:
    assert changes.difference().splitlines()[:5] == ["--- a/a.txt", "+++ b/a.txt", "@@ -1 +1,2 @@", " old", "+new"]
    changes.write()
    assert contents(tmp_path) == {"a.txt": "old\nnew\n", "b.txt": "new\n", "folder/c.txt": "new\n"}
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk", "ctrl-c"])
def test_what_fails_half_way_leaves_every_file_as_it_was(
    changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    before, replace = contents(tmp_path), module._replace

    def failing(path: Path, content: bytes) -> None:
        if path.name == "b.txt":
            raise error
        replace(path, content)

    monkeypatch.setattr(module, "_replace", failing)
    with pytest.raises((CommandError, KeyboardInterrupt)):
        changes.write()
    assert contents(tmp_path) == before


def test_a_file_that_was_changed_meanwhile_is_not_written_over(changes: Changes, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("theirs\n")
    with pytest.raises(CommandError, match=r"b\.txt:1: was changed meanwhile"):
        changes.write()
    assert contents(tmp_path) == {"a.txt": "old\n", "b.txt": "theirs\n"}
