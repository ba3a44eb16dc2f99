"""Line ends: what git stores arrives with LF, also where git is set to write CRLF; and CRLF is read all the same."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from agentcore_kit.checks import installer

from tests.conftest import Bake
from tests.repository import files

WINDOWS = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
PICKS_THE_KIT = re.compile(r"awk '[^']+' requirements-dev\.txt")


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


def picked(folder: Path) -> str:
    """Return what `make setup` picks out of the requirements to install first."""
    plan = ["make", "--dry-run", "--always-make", "setup"]
    commands = subprocess.run(plan, cwd=folder, capture_output=True, check=True, text=True).stdout
    (found,) = PICKS_THE_KIT.findall(commands)
    return subprocess.run(["sh", "-c", found], cwd=folder, capture_output=True, check=True).stdout.decode()


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


def test_requirements_with_crlf_are_read_by_setup(bake: Bake, kind: str) -> None:
    """Somebody removed .gitattributes, or an editor wrote it."""
    repository = bake(kind=kind)
    expected = picked(repository)
    assert re.fullmatch(r"agentcore-kit(\[\S+\])?==\S+ \\\n(    --hash=\S+( \\)?\n)+", expected)
    with_crlf(repository)
    assert picked(repository).replace("\r\n", "\n") == expected


def test_what_the_kit_reads_may_have_crlf(bake: Bake, kind: str) -> None:
    repository = bake(kind=kind)
    for path in repository.rglob("*"):
        if path.suffix in {".yaml", ".jsonl", ".txt", ".md", ".toml", ".py"}:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    truth = "policies" if kind == "platform" else "dataset"
    for check in ("agentcore_kit manifest", f"agentcore_kit {truth}", "agentcore_kit.checks.parameters"):
        command = [sys.executable, "-m", *check.split()]
        done = subprocess.run(command, cwd=repository, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_requirements_with_crlf_are_read_by_what_installs_them(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(template / "requirements.txt", tmp_path)
    with_crlf(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(installer, "_run", lambda *_, **__: None)
    installer.install(tmp_path / "requirements.txt")
    first = (tmp_path / "uv.txt").read_text(encoding="utf-8")
    assert re.fullmatch(r"uv==\S+ \\\n(    --hash=\S+( \\)?\n)+", first)


@pytest.mark.parametrize("name", ["", "{{cookiecutter.agent_name}}"])
def test_git_is_told_which_line_ends_to_write(template: Path, name: str) -> None:
    lines = (template / name / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert {"* text=auto eol=lf", "*.whl binary"} <= set(lines)
