"""A generated repository, used as its team uses it: set up once with the network, then checked and tested without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.repository import COMBINATIONS, NOT_FOR_PLATFORM, allow_a_busy_machine, generate

pytestmark = pytest.mark.generated

NOWHERE = "http://127.0.0.1:9"
# No NO_PROXY: that this machine is never reached by a proxy is the kit's own doing.
OFFLINE = {
    "UV_OFFLINE": "1",
    "PIP_NO_INDEX": "1",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
}


def run(repository: Path, *command: str, **environment: str) -> None:
    """Run a command in a repository with its output in view, each line with its kind, and fail if it fails."""
    kind = yaml.safe_load((repository / "manifest.yaml").read_text(encoding="utf-8"))["kind"].lower()
    show(kind, f"--- {' '.join(command)}")
    with subprocess.Popen(
        command,
        cwd=repository,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            show(kind, line.rstrip())
    if process.returncode:
        pytest.fail(f"{' '.join(command)} failed with {process.returncode}; its output is above", pytrace=False)


def show(kind: str, line: str) -> None:
    """Print a line at once: standard output belongs to pytest where kinds are tested side by side."""
    print(f"{kind:6} | {line}", file=sys.stderr, flush=True)


@pytest.fixture(scope="module")
def repository(template: Path, kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a generated repository that has been set up."""
    answers = {"kind": kind, "agent_name": "as-another-team-names-it"}
    repository = generate(template, tmp_path_factory.mktemp(kind), answers)
    if kind != "platform":  # which answers nobody
        allow_a_busy_machine(repository)
    run(repository, "git", "init", "--quiet")
    run(repository, "make", "setup", f"PYTHON={sys.executable}")
    return repository


@pytest.mark.parametrize("verb", ["check", "test", "eval"])
def test_it_passes_its_own(repository: Path, kind: str, verb: str) -> None:
    if (kind, verb) != ("platform", "eval"):  # whose ground truth are decisions of policies: make test
        run(repository, "make", verb, **OFFLINE)


# Those of an agent are run by test_replaced_starter.py, in another domain: each takes minutes.
WITHOUT_AGENT = ["tool", "memory"]


@pytest.mark.parametrize("kind", WITHOUT_AGENT, indirect=True)
@pytest.mark.parametrize("command", ["rehearse", "dimensions"])
def test_its_commands_pass(repository: Path, command: str) -> None:
    run(repository, ".venv/bin/kit", command, **OFFLINE)


@pytest.mark.parametrize("answers", COMBINATIONS.values(), ids=list(COMBINATIONS))
def test_its_manifest_accepts_what_the_questions_accept(
    template: Path, repository: Path, kind: str, output: Path, answers: dict[str, str]
) -> None:
    if kind == "platform" and answers in NOT_FOR_PLATFORM:
        return  # the questions refuse it: tests/test_answers.py and test_regions.py
    another = generate(template, output, {"kind": kind, **answers})
    run(another, str(repository / ".venv/bin/kit"), "manifest", **OFFLINE)
