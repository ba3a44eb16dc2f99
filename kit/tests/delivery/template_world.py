"""A template with releases, a repository that was made from the first, and an index of packages, in one folder.

cruft, git and the compiler of requirement files are the real ones.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentcore_kit.checks.commands import compile_all
from agentcore_kit.cli import main
from agentcore_kit.delivery import template_release

GIT = shutil.which("git") or "git"
ENGINE = "cookiecutter"
LINES = [f"line {number}" for number in range(1, 21)]
PROJECT = """\
[project]
name = "an-agent"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["agentcore-kit[agent]~={kit}.0"]

[dependency-groups]
dev = ["agentcore-kit[dev]~={kit}.0"]
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody, with no settings of this machine."""
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "init.defaultBranch=main"]
    found = subprocess.run([GIT, *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return found.stdout


def write_wheel(folder: Path, name: str, version: str, requires: str = "") -> Path:
    """Write a wheel that holds nothing but what it requires."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    extras = "Provides-Extra: agent\nProvides-Extra: dev\n" if name == "agentcore-kit" else ""
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(path, "w") as archive:
        head = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{stem}.dist-info/METADATA", head + extras + needs)
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
        archive.writestr(f"{name.replace('-', '_')}/serving/models.py", "SAME = True\n")
        archive.writestr(f"{name.replace('-', '_')}/serving/errors.py", f"VERSION = {version!r}\n")
    return path


@dataclass
class Template:
    """A template, a repository that was made from its first release, and an index of packages, in one folder."""

    folder: Path

    @property
    def template(self) -> Path:
        """The template's repository."""
        return self.folder / "template"

    @property
    def repository(self) -> Path:
        """The team's repository."""
        return self.folder / "an-agent"

    @property
    def index(self) -> Path:
        """The index of packages."""
        return self.folder / "index"

    def publish(self, name: str, version: str) -> None:
        """Add a package to the index."""
        folder = self.index / name
        write_wheel(folder, name, version)
        links = "".join(f'<a href="{path.name}">{path.name}</a>\n' for path in sorted(folder.glob("*.whl")))
        (folder / "index.html").write_text(links, encoding="utf-8")

    def release(self, tag: str, *, kit: str = "0.1", needs: str = "library~=1.0", **files: list[str] | None) -> None:
        """Release the template with another kit, or other files; None removes one."""
        generated = self.template / f"{{{{{ENGINE}.agent_name}}}}"
        for name, lines in files.items():
            path = generated / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if lines is not None:
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for old in generated.glob("vendor/*.whl"):
            old.unlink()
        write_wheel(generated / "vendor", "agentcore-kit", f"{kit}.0", needs)
        (generated / "manifest.yaml").write_text("kind: Agent\n", encoding="utf-8")
        (generated / ".gitignore").write_text(".local/\n", encoding="utf-8")
        (generated / "pyproject.toml").write_text(PROJECT.format(kit=kit), encoding="utf-8")
        with chdir(generated):
            compile_all()
        git(self.template, "add", "--all", "--force")
        git(self.template, "commit", "--quiet", "--message", tag)
        git(self.template, "tag", tag)

    def commit(self, **files: list[str] | None) -> None:
        """Let the team commit what is open in its repository, and files of its own or edited ones."""
        for name, lines in files.items():
            path = self.repository / f"{name}.txt"
            path.unlink(missing_ok=True)
            if lines is not None:
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        git(self.repository, "add", "--all")
        git(self.repository, "commit", "--quiet", "--message", "Ours")

    def depend(self, requirement: str) -> None:
        """Let the team need a package of its own, in the line where the kit stands."""
        path = self.repository / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('dependencies = ["', f'dependencies = ["{requirement}", "'), encoding="utf-8")
        compile_all()
        self.commit()

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file of the repository."""
        return (self.repository / name).read_text(encoding="utf-8").splitlines()

    def pinned(self, name: str = "requirements.txt") -> list[str]:
        """Return what the repository pins."""
        return [line.rstrip(" \\") for line in self.lines(name) if "==" in line]

    def state(self) -> tuple[str, str]:
        """Return the last commit, and what differs from it."""
        return git(self.repository, "rev-parse", "HEAD"), git(self.repository, "status", "--porcelain")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with an index, a template with release v0.1.0, and a repository made from it."""
    folder = tmp_path_factory.mktemp("base")
    made = Template(folder)
    with pytest.MonkeyPatch.context() as patch:
        seal(patch, folder)
        for name, version in (("library", "1.0"), ("theirs", "1.0"), ("theirs", "1.1")):
            made.publish(name, version)
        made.template.mkdir()
        (made.template / f"{ENGINE}.json").write_text(json.dumps({"agent_name": "an-agent"}), encoding="utf-8")
        git(made.template, "init", "--quiet")
        made.release("v0.1.0", notes=LINES)
        create = ["create", "--no-input", "--checkout", "v0.1.0", "--output-dir", str(folder)]
        subprocess.run([template_release._cruft(), *create, str(made.template)], capture_output=True, check=True)
        yield folder


@pytest.fixture
def template(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Template:
    """Return a copy of all that, in which the repository is the working directory."""
    folder = tmp_path / "copy"
    seal(monkeypatch, folder)
    shutil.copytree(base, folder)
    made = Template(folder)
    path = made.repository / ".cruft.json"
    path.write_text(path.read_text(encoding="utf-8").replace(str(base), str(folder)), encoding="utf-8")
    git(made.repository, "init", "--quiet")
    made.commit()
    monkeypatch.chdir(made.repository)
    return made


def seal(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let git know no settings of this machine, and the compiler no index but the one in the folder."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "UV_", "PIP_"))]:
        patch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        patch.setenv(name, os.devnull)
    patch.setenv("UV_DEFAULT_INDEX", (folder / "index").as_uri())
    patch.setenv("UV_CACHE_DIR", str(folder / "cache"))
    patch.setenv("UV_NO_CONFIG", "1")


Update = Callable[..., tuple[int, str, str]]


@pytest.fixture
def update(capfd: pytest.CaptureFixture[str]) -> Update:
    """Return a function that types `kit template-update` and returns exit code, output and errors."""

    def update(*options: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = 0
        try:
            main(["template-update", *options])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capfd.readouterr()

    return update
