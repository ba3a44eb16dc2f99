"""`template-update` with a real template in a repository on this machine: taken over, or said what conflicts.

cruft, git and the compiler of requirement files are the real ones; packages come from an index in a folder.
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
from hashlib import sha256
from pathlib import Path
from typing import Any

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


def test_a_release_is_taken_over_and_the_teams_change_stays(template: Template, update: Update) -> None:
    code, said, told = update()
    assert (code, said) == (0, "tag=\n")
    assert "this repository has release v0.1.0, the newest" in told
    template.commit(notes=[*LINES[:-1], "ours"])
    template.release("v0.2.0", notes=["newer", *LINES[1:]], added=["new"])
    template.release("v0.10.0", notes=["newest", *LINES[1:]])

    assert update("--to", "v0.2.0")[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("notes.txt") == ["newer", *LINES[1:-1], "ours"]
    assert template.lines("added.txt") == ["new"]
    assert update()[:2] == (0, "tag=v0.10.0\n")
    assert template.lines("notes.txt") == ["newest", *LINES[1:-1], "ours"]
    assert git(template.repository, "status", "--porcelain") == ""
    assert "release v0.10.0" in git(template.repository, "log", "-1", "--format=%s")
    assert json.loads("\n".join(template.lines(".cruft.json")))["checkout"] == "v0.10.0"
    assert "release v0.10.0 (before: v0.2.0)" in "\n".join(template.lines(".local/delivery/update.md"))
    assert update()[:2] == (0, "tag=\n")


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({"notes": [*LINES[:-1], "ours"]}, {"notes": [*LINES[:-1], "newer"]}, "both changed the same lines"),
        ({"notes": [*LINES[:-1], "ours"]}, {"notes": None}, "removed or moved it, and this repository changed it"),
        ({"notes": [*LINES[:-1], "ours"]}, {"notes": None, "moved": ["quite", "another"]}, "removed or moved it, and"),
        ({"added": ["ours"]}, {"added": ["theirs"]}, "both added it, with another content"),
    ],
    ids=["same-lines", "removed", "rewritten-elsewhere", "added-by-both"],
)
def test_a_conflict_is_named_and_changes_nothing(
    template: Template, update: Update, ours: dict[str, list[str]], theirs: dict[str, Any], reason: str
) -> None:
    template.commit(**ours)
    before = template.state()
    template.release("v0.2.0", **theirs)
    code, said, told = update()
    name = next(iter(ours))
    assert (code, said) == (1, "")
    assert f"{name}.txt: " in told
    assert reason in told
    assert "kit template-update --to v0.2.0 --resolve" in told
    assert template.state() == before
    assert template.lines(f"{name}.txt") == ours[name]
    assert git(template.repository, "worktree", "list").count("\n") == 1, "nothing is left behind"


def test_a_file_that_the_template_moved_keeps_the_teams_change(template: Template, update: Update) -> None:
    template.commit(notes=["ours", *LINES[1:]])
    template.release("v0.2.0", notes=None, moved=[*LINES, "newer"])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("moved.txt") == ["ours", *LINES[1:], "newer"]
    assert not Path("notes.txt").exists()


def test_a_file_that_the_team_deleted_stays_deleted_and_the_report_says_so(template: Template, update: Update) -> None:
    template.commit(notes=None)
    template.release("v0.2.0", notes=["newer", *LINES[1:]])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert not Path("notes.txt").exists()
    assert "`notes.txt` stays deleted" in "\n".join(template.lines(".local/delivery/update.md"))


def test_a_file_that_shall_be_left_alone_is(template: Template, update: Update) -> None:
    path = template.repository / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[tool.cruft]\nskip = ["note*"]\n', encoding="utf-8")
    template.commit(notes=["ours"])
    template.release("v0.2.0", notes=["newer"])
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.lines("notes.txt") == ["ours"]


def test_only_the_kit_changed_beside_packages_of_the_team(template: Template, update: Update) -> None:
    template.depend("theirs==1.0")
    template.publish("library", "1.2")
    template.publish("library", "1.3")
    path = template.repository / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("theirs==1.0", "theirs>=1.0"), encoding="utf-8")
    template.commit()
    assert template.pinned() == ["agentcore-kit==0.1.0", "library==1.0", "theirs==1.0"]
    for name in ("errors", "models"):
        path = template.repository / f"src/ejected/agentcore_kit/serving/{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("OURS = True\n", encoding="utf-8")
    template.commit()
    template.release("v0.2.0", kit="0.2", needs="library~=1.2.0")

    code, said, told = update()
    assert (code, said) == (0, "tag=v0.2.0\n"), told
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.2", "theirs==1.0"], (
        "1.1 fits, but was not asked for"
    )
    assert template.pinned("requirements-dev.txt") == ["agentcore-kit==0.2.0", "library==1.2", "theirs==1.0"]
    (wheel,) = Path("vendor").iterdir()
    assert wheel.name == "agentcore_kit-0.2.0-py3-none-any.whl"
    assert f"sha256:{sha256(wheel.read_bytes()).hexdigest()}" in "\n".join(template.lines("requirements.txt"))
    assert 'dependencies = ["theirs>=1.0", "agentcore-kit[agent]~=0.2.0"]' in template.lines("pyproject.toml")
    assert 'dev = ["agentcore-kit[dev]~=0.2.0"]' in template.lines("pyproject.toml")
    report = template.lines(".local/delivery/update.md")
    assert "- `agentcore-kit`: 0.1.0 → 0.2.0" in report
    assert "- `library`: 1.0 → 1.2" in report
    assert "- `src/ejected/agentcore_kit/serving/errors.py`: the kit's own of it has changed; compare them" in report
    assert "models.py" not in "".join(report)
    assert "theirs" not in "".join(report)


def test_a_pin_that_the_team_raised_stays_and_the_others_are_the_releases(template: Template, update: Update) -> None:
    template.publish("library", "1.5")
    for name in template_release.LOCKS:
        git_file = template.repository / name
        git_file.write_text(
            git_file.read_text(encoding="utf-8").replace("library==1.0", "library==1.5"), encoding="utf-8"
        )
    compile_all()
    template.commit()
    template.publish("library", "1.6")
    template.release("v0.2.0", kit="0.2")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.5"]


def test_the_kit_may_come_from_an_index_instead_of_vendor(template: Template, update: Update) -> None:
    shutil.rmtree("vendor")
    template.publish("agentcore-kit", "0.1.0")
    compile_all()
    template.commit()
    before = template.state()
    template.release("v0.2.0", kit="0.2")
    code, said, told = update()
    assert (code, said) == (3, ""), "the new kit is not in the index yet"
    assert "could not be compiled" in told
    assert template.state() == before
    template.publish("agentcore-kit", "0.2.0")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert not Path("vendor").exists()
    assert template.pinned() == ["agentcore-kit==0.2.0"]


def test_a_package_of_the_kits_name_in_an_index_is_not_taken(template: Template, update: Update) -> None:
    template.release("v0.2.0", kit="0.2")
    template.publish("agentcore-kit", "0.2.5")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0"]


def test_the_kits_wheel_may_change_without_its_version(template: Template, update: Update) -> None:
    before = sha256(next(Path("vendor").iterdir()).read_bytes()).hexdigest()
    template.release("v0.2.0", kit="0.1", needs="library>=1.0")
    assert update()[:2] == (0, "tag=v0.2.0\n")
    pins = "\n".join(template.lines("requirements.txt") + template.lines("requirements-dev.txt"))
    assert before not in pins
    assert pins.count(sha256(next(Path("vendor").iterdir()).read_bytes()).hexdigest()) == 2


def test_conflicts_can_be_left_in_the_files_and_resolved(template: Template, update: Update) -> None:
    template.depend("theirs==1.0")
    template.commit(notes=[*LINES[:-1], "ours"])
    template.release("v0.2.0", kit="0.2", notes=[*LINES[:-1], "newer"], added=["new"])
    code, _, told = update("--resolve")
    assert code == 1
    assert "notes.txt: both changed the same lines" in told
    assert {"ours", "newer"} < set(template.lines("notes.txt"))
    code, said, told = update()
    assert (code, said) == (1, "")
    assert "conflicts of an earlier update or merge are still open in: notes.txt" in told
    assert {"ours", "newer"} < set(template.lines("notes.txt")), "the open merge stays"

    compile_all()
    template.commit(notes=[*LINES[:-1], "both"])
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0", "theirs==1.0"]
    assert template.lines("added.txt") == ["new"]
    assert update()[:2] == (0, "tag=\n")


def test_resolve_without_a_conflict_leaves_the_merge_to_be_committed(template: Template, update: Update) -> None:
    template.release("v0.2.0", kit="0.2", notes=["newer", *LINES[1:]])
    code, said, _ = update("--resolve")
    assert code == 0
    assert "git commit --all" in said
    assert template.pinned() == ["agentcore-kit==0.2.0", "library==1.0"]
    git(template.repository, "commit", "--quiet", "--all", "--message", "Update")
    assert template.state()[1] == ""
    assert update()[:2] == (0, "tag=\n")


def test_what_stops_it_has_its_own_reason_and_code(
    template: Template, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    template.release("v0.2.0", notes=["newer"])
    Path("notes.txt").write_text("not committed\n", encoding="utf-8")
    code, said, told = update()
    assert (code, said) == (2, "")
    assert "changes that are not committed: notes.txt" in told
    assert template.lines("notes.txt") == ["not committed"]
    git(template.repository, "checkout", "--quiet", "notes.txt")

    code, _, told = update("--to", "v9.9.9")
    assert code == 2
    assert "the template has no release v9.9.9" in told
    assert "the newest is v0.2.0" in told

    with monkeypatch.context() as patch:
        patch.setattr(template_release, "TOOLS", template.index)
        patch.setattr(template_release, "BIN", template.index)
        code, _, told = update()
        assert code == 3
        assert "cruft is not installed" in told

    hook = template.template / "hooks" / "pre_gen_project.py"
    hook.parent.mkdir()
    hook.write_text('raise SystemExit("agent_name: an-agent is not right any more")\n', encoding="utf-8")
    template.release("v0.3.0")
    before = template.state()
    code, said, told = update()
    assert (code, said) == (3, "")
    assert (
        "version v0.3.0 of the template cannot be generated with the answers in .cruft.json:\nagent_name: an-" in told
    )
    assert "Traceback" not in told
    assert template.state() == before

    template.template.rename(template.template.with_name("gone"))
    code, _, told = update()
    assert code == 3
    assert "the template's releases cannot be listed" in told
    assert "check the network" in told

    git(template.repository, "rm", "--quiet", ".cruft.json")
    code, _, told = update()
    assert code == 2
    assert "cruft link" in told
    git(template.repository, "checkout", "--quiet", "HEAD", ".cruft.json")
    shutil.rmtree(".git")
    code, _, told = update()
    assert code == 2
    assert "this is no git repository" in told


def test_a_template_that_was_never_released_has_nothing(template: Template, update: Update) -> None:
    git(template.template, "tag", "--delete", "v0.1.0")
    code, said, told = update()
    assert (code, said) == (0, "tag=\n")
    assert "the template has no release yet" in told
