"""Line ends: what git stores arrives with LF, also where git is set to write CRLF; and CRLF is read all the same."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bake
from tests.repository import files

WINDOWS = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
PICKS_UV = re.compile(r"awk '[^']+' requirements(?:-dev)?\.txt")


def clone(source: Path, target: Path) -> Path:
    """Commit a folder, and clone it as git for Windows does by default."""
    for command in (["init", "--quiet"], ["add", "--all", "--force"], ["commit", "--quiet", "--message", "All"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    subprocess.run(["git", *WINDOWS, "clone", "--quiet", str(source), str(target)], check=True)
    shutil.rmtree(source / ".git")
    shutil.rmtree(target / ".git")
    return target


def with_crlf(folder: Path) -> None:
    """Give all requirement files CRLF."""
    for path in folder.glob("requirements*.txt"):
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def picked(command: str, folder: Path) -> str:
    """Return what a command, found in a file, picks out of the requirements."""
    (found,) = PICKS_UV.findall(command)
    return subprocess.run(["sh", "-c", found], cwd=folder, capture_output=True, check=True).stdout.decode()


def planned(folder: Path) -> str:
    """Return what `make setup` would run."""
    plan = ["make", "--dry-run", "--always-make", "setup"]
    return subprocess.run(plan, cwd=folder, capture_output=True, check=True, text=True).stdout


def test_a_clone_of_a_repository_is_as_it_was(bake: Bake, kind: str, tmp_path: Path) -> None:
    repository = bake(kind=kind)
    cloned = clone(repository, tmp_path / "clone")
    assert {name: (cloned / name).read_bytes() for name in files(cloned)} == {
        name: (repository / name).read_bytes() for name in files(repository)
    }


def test_a_clone_of_the_template_is_as_it_was(template: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(template, tmp_path / "source"))
    cloned = clone(source, tmp_path / "clone")
    assert [name for name in files(source) if (cloned / name).read_bytes() != (source / name).read_bytes()] == []


def test_requirements_with_crlf_are_read_by_setup_and_image(bake: Bake, kind: str) -> None:
    """Somebody removed .gitattributes, or an editor wrote it."""
    repository = bake(kind=kind)
    commands = [planned(repository)]
    if (repository / "Dockerfile").exists():
        commands.append((repository / "Dockerfile").read_text(encoding="utf-8"))
    expected = [picked(command, repository) for command in commands]
    assert all(re.fullmatch(r"uv==\S+ \\\n(    --hash=\S+( \\)?\n)+", text) for text in expected)
    with_crlf(repository)
    assert [picked(command, repository).replace("\r\n", "\n") for command in commands] == expected


def test_what_the_kit_reads_may_have_crlf(bake: Bake, kind: str) -> None:
    repository = bake(kind=kind)
    for path in repository.rglob("*"):
        if path.suffix in {".yaml", ".jsonl", ".txt", ".md", ".toml", ".py"}:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    for check in ("agentcore_kit manifest", "agentcore_kit dataset", "agentcore_kit.checks.parameters"):
        command = [sys.executable, "-m", *check.split()]
        done = subprocess.run(command, cwd=repository, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_requirements_with_crlf_are_read_by_the_template_s_setup(template: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(template / name, tmp_path / name)
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit/pyproject.toml").touch()
    command = planned(tmp_path)
    expected = picked(command, tmp_path)
    assert expected.startswith("uv==")
    assert expected.count("==") == 1
    with_crlf(tmp_path)
    assert picked(command, tmp_path).replace("\r\n", "\n") == expected


@pytest.mark.parametrize("name", ["", "{{cookiecutter.agent_name}}"])
def test_git_is_told_which_line_ends_to_write(template: Path, name: str) -> None:
    lines = (template / name / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert {"* text=auto eol=lf", "*.whl binary"} <= set(lines)
