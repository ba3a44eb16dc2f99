"""A new release of the template reaches a repository that its team has edited: `kit template-update`, without conflict.

The template is this one, as it stands. In the place of the kit's wheel is one that needs no packages, so requirement
files are compiled for real, and without an index.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cruft
import pytest
from cookiecutter.exceptions import FailedHookException

from tests.conftest import Bake
from tests.repository import KINDS, append, defaults, files, generate

GENERATED = "{{cookiecutter.agent_name}}"
SHARED = "Makefile"
ADDED = "docs/new-in-the-template.md"
CODE = {
    "agent": "src/agent/tools.py",
    "tool": "src/tool/tools.py",
    "memory": "evals/README.md",
    "platform": "components.yaml",
}
EDITED = {
    "agent": "src/agent/prompt.md",
    "tool": "src/tool/backend.py",
    "memory": "evals/thresholds.yaml",
    "platform": "use-cases.yaml",
}


def source(template: Path, kind: str, path: str) -> Path:
    """Return where the template has a file of a repository: with the first starter offered, or with the kind."""
    starter = template / GENERATED / "_starters" / kind / defaults(kind)["starter"] / path
    return starter if starter.exists() else template / GENERATED / "_kinds" / kind / path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, text=True).stdout


def commit(folder: Path, message: str = "A change") -> None:
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", message)


def write_wheel(folder: Path, name: str, version: str) -> str:
    """Write a wheel that holds and needs nothing, and return its line in a requirement file."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    extras = "".join(f"Provides-Extra: {extra}\n" for extra in (*KINDS, "dev"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{extras}"
        )
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def release_kit(template: Path, version: str) -> None:
    """Put another version of the kit into the template, as `make wheel` does: wheel, requirement and pins."""
    vendor = template / GENERATED / "vendor"
    for path in vendor.glob("*.whl"):
        path.unlink()
    pin = write_wheel(vendor, "agentcore-kit", version)
    for kind in KINDS:
        folder = template / GENERATED / "_kinds" / kind
        for name in ("requirements.txt", "requirements-dev.txt"):
            (folder / name).write_text(pin, encoding="utf-8")
        project = folder / "pyproject.toml"
        text = project.read_text(encoding="utf-8").replace("]~=0.1.0", f"]~={version}")
        project.write_text(text, encoding="utf-8")


def kit(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the kit's command line in a repository; packages come from vendor/ and from no index."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    variables |= {"PIP_NO_INDEX": "1", "UV_NO_CONFIG": "1", "UV_OFFLINE": "1"}
    command = [sys.executable, "-m", "agentcore_kit", *arguments]
    return subprocess.run(command, cwd=repository, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def release(template: Path, tmp_path: Path) -> Path:
    """Return the template as a git repository with a first release, which is what cruft reads."""
    copy = Path(shutil.copytree(template, tmp_path / "release"))
    release_kit(copy, "0.1.0")
    git(copy, "init", "--quiet")
    commit(copy)
    git(copy, "tag", "v0.1.0")
    return copy


def test_an_edited_repository_takes_a_release(release: Path, output: Path, tmp_path: Path, kind: str) -> None:
    repository = cruft.create(str(release), output, checkout="v0.1.0", extra_context={"kind": kind})
    git(repository, "init", "--quiet")
    append(repository / EDITED[kind], "# The team's own sentence.")
    append(repository / CODE[kind], "# The team's own line.")
    commit(repository)
    assert kit(repository, "template-update").stdout == "tag=\n", "there is nothing newer"

    code = source(release, kind, CODE[kind])
    code.write_text(f"# new\n{code.read_text(encoding='utf-8')}", encoding="utf-8")
    append(release / GENERATED / SHARED, "# new")
    append(release / GENERATED / "_kinds" / kind / ADDED, "new")
    release_kit(release, "0.2.0")
    commit(release)
    git(release, "tag", "v0.2.0")
    done = kit(repository, "template-update")
    assert (done.returncode, done.stdout) == (0, "tag=v0.2.0\n"), done.stderr

    assert git(repository, "status", "--porcelain") == ""
    assert cruft.check(repository)
    fresh = generate(release, tmp_path / "fresh", {"kind": kind})
    edited = {Path(EDITED[kind]), Path(CODE[kind])}
    assert {name for name in files(repository) if name.parts[0] not in (".git", ".local")} == {
        *files(fresh),
        Path(".cruft.json"),
    }
    for name in set(files(fresh)) - edited:
        assert (repository / name).read_bytes() == (fresh / name).read_bytes(), name
    for name in edited:
        ours, theirs = ((folder / name).read_text(encoding="utf-8") for folder in (repository, fresh))
        assert ours.startswith(theirs), f"{name}: the team's line stays, after what is new"


def test_a_team_with_a_package_of_its_own_takes_a_release_of_the_kit_alone(release: Path, output: Path) -> None:
    repository = cruft.create(str(release), output, checkout="v0.1.0")
    git(repository, "init", "--quiet")
    project = repository / "pyproject.toml"
    requires = 'dependencies = ["agentcore-kit[agent]~={}", "theirs~=1.0"]'
    text = project.read_text(encoding="utf-8").replace(
        'dependencies = ["agentcore-kit[agent]~=0.1.0"]', requires.format("0.1.0")
    )
    project.write_text(text, encoding="utf-8")
    write_wheel(repository / "vendor", "theirs", "1.0")
    assert kit(repository, "lock").returncode == 0
    write_wheel(repository / "vendor", "theirs", "1.1")
    commit(repository)
    release_kit(release, "0.2.0")
    commit(release)
    git(release, "tag", "v0.2.0")

    done = kit(repository, "template-update")
    assert (done.returncode, done.stdout) == (0, "tag=v0.2.0\n"), done.stderr
    assert requires.format("0.2.0") in project.read_text(encoding="utf-8")
    pins = (repository / "requirements.txt").read_text(encoding="utf-8")
    assert "agentcore-kit==0.2.0" in pins
    assert "theirs==1.0" in pins, "1.1 fits too, but the team has not asked for it"
    assert {path.name.split("-")[1] for path in repository.glob("vendor/agentcore_kit-*.whl")} == {"0.2.0"}
    before = (repository / "requirements.txt").read_bytes()
    assert kit(repository, "lock").returncode == 0
    assert (repository / "requirements.txt").read_bytes() == before, "make lock finds nothing left to do"


def test_a_release_that_removes_an_edited_file_changes_nothing(release: Path, output: Path) -> None:
    repository = cruft.create(str(release), output, checkout="v0.1.0")
    git(repository, "init", "--quiet")
    append(repository / EDITED["agent"], "The team's own sentence.")
    commit(repository)
    head = git(repository, "rev-parse", "HEAD")
    source(release, "agent", EDITED["agent"]).unlink()
    append(release / GENERATED / SHARED, "# new")
    commit(release)
    git(release, "tag", "v0.2.0")

    done = kit(repository, "template-update")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{EDITED['agent']}: the template removed or moved it" in done.stderr
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "status", "--porcelain") == ""
    assert (repository / EDITED["agent"]).read_text(encoding="utf-8").endswith("The team's own sentence.\n")


def test_setup_takes_the_kit_from_an_index_where_there_is_no_vendor(bake: Bake) -> None:
    repository = bake()
    command = ["make", "--dry-run", "setup", f"PYTHON={sys.executable}"]
    with_wheel = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout
    shutil.rmtree(repository / "vendor")
    without = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout
    assert "--find-links vendor" in with_wheel
    assert "pip install" in without
    assert "--find-links" not in without, "pip looks for a folder that is not there"


def test_cruft_leaves_nothing_of_what_is_refused(release: Path, output: Path, tmp_path: Path) -> None:
    with pytest.raises(FailedHookException):
        cruft.create(str(release), output, extra_context={"agent_name": "../x"})
    assert sorted(path.name for path in (*output.iterdir(), *tmp_path.iterdir())) == ["output", "release"]
