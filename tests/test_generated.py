"""A generated repository, used as its team uses it: set up once with the network, then checked and tested without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.repository import (
    BEGINNINGS,
    COMBINATIONS,
    NOT_FOR_PLATFORM,
    STARTERS,
    allow_a_busy_machine,
    defaults,
    generate,
)

pytestmark = pytest.mark.generated

FIRST = {kind: defaults(kind)["starter"] for kind in STARTERS}
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


# The starter that is offered first is that of `repository`; the one of test_first_year.py is looked at there.
FURTHER = [(kind, one) for kind, one in BEGINNINGS if kind in STARTERS and one not in ("hr", FIRST[kind])]


OF_A_STARTER = [
    [".venv/bin/ruff", "format", "--check", "."],
    [".venv/bin/ruff", "check", "."],
    [".venv/bin/mypy"],
    [".venv/bin/kit", "manifest"],
    [".venv/bin/kit", "dataset"],
    ["make", "test", "eval"],
]
"""What looks at the files that a starter has of its own: of `make check`, not what is the same for all of a kind."""


ADDED = [
    ["tool", "getExchangeRate", "--parameter", "currency", "--values", "EUR,GBP"],
    ["secret", "CRM_KEY"],
    ["env", "prod-us", "--region", "us-east-1"],
]
"""What every starter takes, and what changes nothing when it is typed again."""


@pytest.mark.parametrize(("kind", "starter"), FURTHER, indirect=["kind"])
def test_another_starter_passes_its_own(
    template: Path, repository: Path, output: Path, kind: str, starter: str
) -> None:
    """What is installed is the same, so it is shared."""
    another = generate(template, output, {"kind": kind, "starter": starter, "agent_name": f"begins-as-{starter}"})
    allow_a_busy_machine(another)
    for shared in (".venv", ".mypy_cache"):
        (repository / shared).mkdir(exist_ok=True)
        (another / shared).symlink_to(repository / shared)
    further = [[".venv/bin/kit", "redteam"]] if kind == "agent" else [[".venv/bin/kit", "tools"]]
    for command in [*OF_A_STARTER, *further]:
        run(another, *command, **OFFLINE)
    added = [[".venv/bin/kit", "add", *what, "--yes"] for what in ADDED]
    for command in added:
        run(another, *command, **OFFLINE)  # which tries it in a copy, with the checks that it concerns
    before = _contents(another)
    for command in added:
        run(another, *command, **OFFLINE)
    assert _contents(another) == before


def _contents(repository: Path) -> dict[Path, bytes]:
    """Return every file of the repository that its team owns."""
    return {
        path: path.read_bytes()
        for path in repository.rglob("*")
        if path.is_file() and not path.relative_to(repository).parts[0].startswith((".venv", ".mypy_cache", ".local"))
    }


# Those of an agent are run by test_first_year.py, in another domain: each takes minutes.
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
