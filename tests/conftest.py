"""What the tests share: a clean copy of the template, `bake`, and an environment that cannot reach AWS."""

import contextlib
import os
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException

from tests.repository import BEGINNINGS, KINDS, ROOT, generate

Bake = Callable[..., Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rehearse-each", action="store_true", help="rehearse after each change of a team's (an hour)")
    parser.addoption("--record-filesets", action="store_true", help="write tests/filesets instead of comparing")


def pytest_configure() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has it ignored, and its children


@pytest.fixture(scope="session", autouse=True)
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests, and what they start, away from the user's configuration and from any AWS account."""
    home = tmp_path_factory.mktemp("home")
    config = home / "cookiecutter.yaml"
    config.write_text(yaml.safe_dump({"replay_dir": f"{home}/replay", "cookiecutters_dir": f"{home}/templates"}))
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("AWS_", "AGENT_", "GIT_", "MAKE", "OTEL_")):
                patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("COOKIECUTTER_CONFIG", str(config))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Test")
            patch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what git has or would add: the template as users get it, without caches and other left-overs."""
    copy = tmp_path_factory.mktemp("template")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return the folder that repositories are generated in."""
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


@pytest.fixture
def bake(template: Path, output: Path) -> Bake:
    """Return a function that generates a repository from the given answers and the defaults."""

    def bake(**answers: object) -> Path:
        return generate(template, output, answers)

    return bake


@pytest.fixture
def hooks_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the hooks without starting Python for each: for tests that generate often."""

    def run_script(script: str, cwd: str) -> None:
        with contextlib.chdir(cwd):
            try:
                runpy.run_path(script, run_name="__main__")
            except SystemExit as error:
                print(error, file=sys.stderr)
                raise FailedHookException from None

    monkeypatch.setattr("cookiecutter.hooks.run_script", run_script)


@pytest.fixture(params=KINDS, scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """Run the test for each kind."""
    return str(request.param)


@pytest.fixture(params=BEGINNINGS, ids="-".join)
def beginning(request: pytest.FixtureRequest) -> dict[str, str]:
    """Run the test for each kind and each of its starters; return them as answers."""
    kind, starter = request.param
    return {"kind": kind, "starter": starter}
