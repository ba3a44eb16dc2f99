"""A repository from before the kit is brought to today's layout, by the steps of docs/upgrading.md.

`fixtures/before_the_kit` holds what an agent's team could edit then, and a little of the platform that was copied into
every repository. Laid over today's template it is the template from before the kit, as far as an update is concerned.
"""

import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import ROOT, append, files, generate
from tests.test_update import GENERATED, commit, git, kit, release_kit, source, write_wheel

OVERLAY = ROOT / "tests" / "fixtures" / "before_the_kit"
SCRIPT = ROOT / "docs" / "migrate_to_kit.py"
OLD_PROJECT = 'dependencies = [\n    "aws-opentelemetry-distro~=0.21",'

OWN_MODULE = '''\
"""A price of our own."""

from agent.wiring.errors import tool_error
from runtime.resilience import call_with_retries


async def price(name: str) -> object:
    """Return a price."""
    try:
        return await call_with_retries(len, name)
    except TimeoutError:
        return tool_error(503, "no price")
'''
OWN_TEST = """\
import asyncio

from agent.prices import price


def test_price() -> None:
    assert asyncio.run(price("abc")) == 3
"""


def replace(path: Path, old: str, new: str) -> None:
    """Edit a file as a team does; the text must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} in {path}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def rewrite_imports(repository: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of the documentation in a repository."""
    command = [sys.executable, str(SCRIPT)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


@pytest.fixture
def history(template: Path, tmp_path: Path) -> Path:
    """Return the template with two commits: as it was before the kit, and today's, which is release v0.1.0."""
    folder = Path(shutil.copytree(template, tmp_path / "release"))
    agent = folder / GENERATED / "_kinds" / "agent"
    shutil.rmtree(folder / GENERATED / "vendor")
    source(folder, "agent", "tests/test_tools.py").unlink()
    for path in OVERLAY.rglob("*.old"):
        target = source(folder, "agent", path.relative_to(OVERLAY).with_suffix("").as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    append(agent / "evals/cases.py", "CASES = []")
    append(folder / GENERATED / "ops/document.py", "NEEDED = 1")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (agent / name).write_text("strands-agents==1.62.0\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    commit(folder)
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(template, folder, dirs_exist_ok=True)
    release_kit(folder, "0.1.0")
    commit(folder)
    git(folder, "tag", "v0.1.0")
    git(folder, "tag", "before", "HEAD~1")
    return folder


@pytest.fixture
def repository(history: Path, tmp_path: Path) -> Path:
    """Return an agent from before the kit, made without cruft and edited by its team."""
    git(history, "checkout", "--quiet", "before")
    made = generate(history, tmp_path / "output", {})
    git(history, "checkout", "--quiet", "v0.1.0")
    git(made, "init", "--quiet")
    commit(made)
    (made / "src/agent/prices.py").write_text(OWN_MODULE, encoding="utf-8")
    (made / "tests/test_prices.py").write_text(OWN_TEST, encoding="utf-8")
    replace(made / "src/agent/tools.py", "Retrieves our own quarterly", "Retrieves our own audited quarterly")
    replace(made / "src/agent/backend.py", "packaged sample data", "our packaged sample data")
    replace(made / "evals/dataset.jsonl", '"scenario_id":"', '"scenario_id":"our-')
    replace(made / "evals/thresholds.yaml", "groundedness: {min: 0.95}", "groundedness: {min: 0.9}")
    replace(made / "environments/prod.yaml", "temperature: 0.2", "temperature: 0.1")
    replace(made / "pyproject.toml", OLD_PROJECT, f'{OLD_PROJECT}\n    "theirs~=1.0",')
    append(made / "evals/cases.py", "CASES += []")
    commit(made, "The team's own")
    return made


def test_the_steps_of_the_documentation_bring_an_old_agent_to_the_kit(
    history: Path, repository: Path, tmp_path: Path
) -> None:
    link = [sys.executable, "-m", "cruft", "link", str(history), "--checkout", "before", "--no-input"]
    subprocess.run(link, cwd=repository, check=True, capture_output=True)
    commit(repository, "Link")

    done = kit(repository, "template-update", "--resolve")
    assert done.returncode == 1
    named = re.findall(r"^ +(\S+): ", done.stderr, re.MULTILINE)
    assert sorted(named) == ["evals/cases.py", "pyproject.toml"], done.stderr

    project = repository / "pyproject.toml"
    text = re.sub(r"<<<<<<< .*?=======\n(.*?)>>>>>>> [^\n]*\n", r"\1", project.read_text(encoding="utf-8"), flags=re.S)
    project.write_text(text.replace('[agent]~=0.1.0"]', '[agent]~=0.1.0", "theirs~=1.0"]'), encoding="utf-8")
    git(repository, "rm", "--quiet", "evals/cases.py")
    write_wheel(repository / "vendor", "theirs", "1.0")
    git(repository, "add", "--all")
    migrated = rewrite_imports(repository)
    assert "src/agent/prices.py: rewritten" in migrated.stdout
    assert migrated.returncode == 0, migrated.stderr
    assert kit(repository, "lock").returncode == 0
    commit(repository, "To the kit")

    for command in (["manifest"], ["dataset"], ["eval"]):
        done = kit(repository, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=repository, capture_output=True, text=True)
    assert tests.returncode == 0, tests.stdout
    for name, words in {
        "src/agent/tools.py": "Retrieves our own audited quarterly",
        "src/agent/backend.py": "our packaged sample data",
        "evals/dataset.jsonl": '"scenario_id":"our-',
        "evals/thresholds.yaml": "groundedness: {min: 0.9}",
        "environments/prod.yaml": "temperature: 0.1",
        "requirements.txt": "theirs==1.0",
    }.items():
        assert words in (repository / name).read_text(encoding="utf-8"), name
    own = {"src/agent/prices.py", "tests/test_prices.py", ".cruft.json", "vendor/theirs-1.0-py3-none-any.whl"}
    fresh = {str(name) for name in files(generate(history, tmp_path / "fresh", {}))}
    assert set(git(repository, "ls-files").split()) == fresh | own
    assert kit(repository, "template-update").stdout == "tag=\n"


def test_the_script_names_what_has_no_equal_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "mine.py").write_text("import json\n\nfrom ops.delivery.place import Place\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("def call_with_retries() -> None: ...\n", encoding="utf-8")
    git(tmp_path, "add", "--all")
    done = rewrite_imports(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mine.py:3: ops.delivery.place is gone, see what replaces it in docs/upgrading.md\n"


def test_the_script_leads_to_modules_that_there_are() -> None:
    for module in runpy.run_path(str(SCRIPT))["MODULES"].values():
        assert importlib.util.find_spec(module), module
