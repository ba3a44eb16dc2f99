"""What a generated repository consists of: its files, that nothing in them is unfinished, that tools can read them."""

import ast
import fnmatch
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from agentcore_kit.cli import COMMANDS
from agentcore_kit.config.agent import AgentEnvironment, AgentManifest
from agentcore_kit.config.memory import MemoryEnvironment, MemoryManifest
from agentcore_kit.config.platform import PlatformEnvironment, PlatformManifest
from agentcore_kit.config.tool import ToolEnvironment, ToolManifest

from tests.conftest import Bake
from tests.repository import (
    COMBINATIONS,
    DEFAULTS,
    KINDS,
    NOT_FOR_PLATFORM,
    QUESTIONS,
    ROOT,
    STARTERS,
    assert_parses,
    assert_says,
    defaults,
    files,
    is_copied,
)

RENDERED = (
    "manifest.yaml",
    "environments/*.yaml",
    "components.yaml",
    "use-cases.yaml",
    "pyproject.toml",
    "Dockerfile",
    "README.md",
    "Makefile",
    ".github/CODEOWNERS",
    "_starters/*/*.jinja",
)
MOST_FILES = {"agent": 60, "tool": 55, "memory": 40, "platform": 70}
MOST_PYTHON_LINES = 1000
MOST_LINES = 300
MOST_MAKEFILE_LINES = 60
DATA_AND_LOCKS = ("requirements*.txt", "evals/*.jsonl", "tests/contract.json", "vendor/*.whl")
OF_A_STARTER = ("src/", "evals/", "tests/", "docs/tools.md", "manifest.yaml", "README.md")
VARIABLE = re.compile(r"cookiecutter\.(\w+)")
PACKAGE_HOST = re.compile(r"(pypi|pythonhosted|npmjs|debian)\.org")


@pytest.fixture(params=COMBINATIONS.values(), ids=list(COMBINATIONS))
def answers(request: pytest.FixtureRequest, kind: str) -> dict[str, str]:
    refused = kind == "platform" and request.param in NOT_FOR_PLATFORM
    return {**defaults(kind), "kind": kind, **({} if refused else request.param)}


@pytest.fixture
def sources(template: Path) -> dict[Path, str]:
    """Return the files that become the repository, with their texts."""
    folder = template / "{{cookiecutter.agent_name}}"
    return {name: (folder / name).read_text(encoding="utf-8") for name in files(folder) if name.suffix != ".whl"}


def test_answers_arrive_and_every_file_parses(bake: Bake, answers: dict[str, str]) -> None:
    repository = bake(**answers)
    assert_parses(repository)
    assert_says(repository, answers)


def test_exactly_these_files(bake: Bake, beginning: dict[str, str], request: pytest.FixtureRequest) -> None:
    kind, starter = beginning.values()
    record = ROOT / "tests/filesets" / (f"{kind}-{starter}.txt" if kind in STARTERS else f"{kind}.txt")
    found = "".join(f"{name.as_posix()}\n" for name in files(bake(**beginning)))
    if request.config.getoption("--record-filesets"):
        record.write_text(found, encoding="utf-8")
    assert found == record.read_text(encoding="utf-8"), "as intended? then record it: make fileset"


def test_a_repository_is_small_enough_to_read(
    bake: Bake, beginning: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    repository, kind = bake(**beginning), beginning["kind"]
    found = files(repository)
    lines = {
        name: len((repository / name).read_text(encoding="utf-8").splitlines())
        for name in found
        if not any(fnmatch.fnmatch(name.as_posix(), pattern) for pattern in DATA_AND_LOCKS)
    }
    python = sum(number for name, number in lines.items() if name.suffix == ".py")
    longest = max(lines, key=lambda name: lines[name])
    with capsys.disabled():
        print(
            f"\n{' '.join(beginning.values())}: {len(found)} files (at most {MOST_FILES[kind]}), "
            f"{python} lines of Python (at most {MOST_PYTHON_LINES}), "
            f"the longest file {longest} with {lines[longest]} (at most {MOST_LINES})"
        )
    assert len(found) <= MOST_FILES[kind]
    assert python <= MOST_PYTHON_LINES
    assert lines[longest] <= MOST_LINES
    assert lines[Path("Makefile")] <= MOST_MAKEFILE_LINES


def test_nothing_is_left_of_the_template_or_of_this_machine(
    bake: Bake, template: Path, beginning: dict[str, str]
) -> None:
    repository = bake(**beginning)
    machine = [str(path) for path in (repository.parent, template, ROOT, Path.home())]
    for name in files(repository):
        text = (repository / name).read_bytes().decode(errors="replace")
        assert not re.search(r"cookiecutter|_kinds|_starters|[{}]", name.as_posix())
        assert not VARIABLE.search(text), name
        assert not PACKAGE_HOST.search(text), name
        assert not [path for path in machine if f"{path}/" in text], name


MANIFESTS = {"agent": AgentManifest, "tool": ToolManifest, "memory": MemoryManifest, "platform": PlatformManifest}
ENVIRONMENTS = {
    "agent": AgentEnvironment,
    "tool": ToolEnvironment,
    "memory": MemoryEnvironment,
    "platform": PlatformEnvironment,
}


def test_the_table_of_what_to_change_where_is_true(bake: Bake, kind: str) -> None:
    """Every path of the README's table is there, and every field is one of the file's model."""
    repository = bake(kind=kind)
    table = (repository / "README.md").read_text(encoding="utf-8").split("\n| to change |")[1].split("\n\n")[0]
    rows = [line.split(" | ")[1] for line in table.splitlines()[2:]]
    assert len(rows) >= 8
    for row in rows:
        paths = [text for text in re.findall(r"`([^`]+)`", row) if re.fullmatch(r"[\w./-]+(\.\w+|/)", text)]
        paths = [text for text in paths if "/" in text or (repository / text).exists()]
        assert paths, row
        assert "which you add" in row or all((repository / path).exists() for path in paths), row
        for field in re.findall(r"`([a-z]\w*(?:\.\w+)*)`", row.partition(": ")[2]):
            model = MANIFESTS[kind] if paths[0] == "manifest.yaml" else ENVIRONMENTS[kind]
            if paths[0] == "manifest.yaml" or paths[0].startswith("environments/"):
                assert has_field(model, field.split(".")), row


def test_make_offers_only_what_the_kind_has(bake: Bake, kind: str) -> None:
    text = (bake(kind=kind) / "Makefile").read_text(encoding="utf-8")
    known = {command.name for command in COMMANDS if kind.capitalize() in command.kinds}
    typed = set(re.findall(r"^\t@(?:exec )?\$\(BIN\)/kit ([a-z-]+)", text, re.MULTILINE))
    assert {"check", "dev", "lock"} <= typed <= known
    assert ("ground truth" in text) == ("eval" in typed)


NOT_EXPLAINED = (".editorconfig", ".gitattributes", ".gitignore", "AGENTS.md")


def test_agents_md_is_what_the_kit_writes_of_the_repository(
    bake: Bake, beginning: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """It is current in a fresh repository, whatever its starter, and says of every file where it is."""
    repository, kind, record = bake(**beginning), beginning["kind"], request.config.getoption("--record-filesets")
    source = ROOT / "{{cookiecutter.agent_name}}" / "_kinds" / kind / "AGENTS.md"
    command = [sys.executable, "-m", "agentcore_kit", "agents-md", *(["--write"] if record else [])]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    text = (repository / "AGENTS.md").read_text(encoding="utf-8")
    if record:
        source.write_text(text, encoding="utf-8")
    assert done.returncode == 0, f"{done.stderr}\nas intended? then record it: make fileset"
    assert text == source.read_text(encoding="utf-8")
    listed = re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`.+`) \| [^|]+ \|$", text, re.MULTILINE)))
    unsaid = [name.as_posix() for name in files(repository) if name.as_posix() not in (*listed, *NOT_EXPLAINED)]
    assert not [name for name in unsaid if not name.startswith(tuple(one for one in listed if one.endswith("/")))]


def has_field(model: Any, path: list[str]) -> bool:
    """Whether a model has a field, by the names that stand in the file."""
    for name in path:
        fields = {info.alias or key: info for key, info in getattr(model, "model_fields", {}).items()}
        if name not in fields:
            return False
        model = fields[name].annotation
    return True


def test_owners_review_everything(bake: Bake) -> None:
    owners = {
        "a.b@example.com": "a.b@example.com",
        "@other-org/data": "@other-org/data",
        "data": "@example-org/data",
    }
    for number, (owner, reviewer) in enumerate(owners.items()):
        repository = bake(agent_name=f"agent-{number}", owner=owner)
        assert f"\n* {reviewer}\n" in (repository / ".github/CODEOWNERS").read_text(encoding="utf-8")


def test_the_wheel_is_the_kit_as_it_stands() -> None:
    """What repositories get must be what is tested here; `make wheel` brings it up to date."""
    done = subprocess.run(
        [sys.executable, ROOT / "kit/build_wheel.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_wheel_is_pinned_by_its_hash(template: Path) -> None:
    folder = template / "{{cookiecutter.agent_name}}"
    (wheel,) = (folder / "vendor").glob("*.whl")
    version = wheel.name.split("-")[1]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pins = sorted(folder.glob("_kinds/*/requirements*.txt"))
    assert len(pins) == 2 * len(KINDS)
    for path in pins:
        pinned = path.read_text(encoding="utf-8").replace("\\\n", " ")
        assert re.search(rf"^agentcore-kit=={re.escape(version)}\s+--hash=sha256:{digest}$", pinned, re.MULTILINE), path


def test_production_installs_nothing_that_only_development_needs(template: Path, kind: str) -> None:
    folder = template / "{{cookiecutter.agent_name}}/_kinds" / kind
    if kind == "platform":
        return  # nothing of it is installed but on a laptop and in its pipeline
    pinned = {line.split("==")[0] for line in (folder / "requirements.txt").read_text().splitlines() if "==" in line}
    assert not pinned & {
        "typer",
        "pytest",
        "ruff",
        "mypy",
        "cfn-lint",
        "uv",
        "strands-agents-evals",
        "watchfiles",
        "zizmor",
    }


def test_cloudformation_is_valid(bake: Bake, kind: str) -> None:
    templates = sorted((bake(kind=kind) / "infra").glob("**/*.yaml"))
    assert templates
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([cfn_lint, "--", *templates], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_identity_is_rendered(sources: dict[Path, str]) -> None:
    """All other files are copied, so that they lint where they stand and an update can merge them; the Makefile has
    what the kind has."""
    for name, text in sources.items():
        above = {"_kinds": 2, "_starters": 3 if len(name.parts) > 3 else 0}.get(name.parts[0], 0)
        place = Path(*name.parts[above:])
        assert is_copied(name) != any(fnmatch.fnmatch(place.as_posix(), pattern) for pattern in RENDERED), name
        assert not (is_copied(name) and VARIABLE.search(text)), name


def test_every_question_is_used_and_every_variable_is_asked(sources: dict[Path, str]) -> None:
    used = {variable for text in sources.values() for variable in VARIABLE.findall(text)}
    assert used | {"kind"} == {"kind", *DEFAULTS}  # the kind decides which files there are


def test_what_is_offered_is_of_kind_and_starter(bake: Bake, beginning: dict[str, str]) -> None:
    repository = bake(**beginning)
    assert_says(repository, defaults(**beginning))
    listed = repository / "components.yaml"
    assert not listed.exists() or f"name: {repository.name}\n" not in listed.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", STARTERS)
def test_a_starter_is_only_what_a_team_owns(bake: Bake, kind: str) -> None:
    """What else a starter would need is missing in the kit."""
    same = {"kind": kind, "description": "The same."}
    made = [bake(**same, starter=starter, agent_name=f"a-{starter}") for starter in STARTERS[kind]]
    for other in made[1:]:
        texts = [
            {name: (folder / name).read_bytes().replace(folder.name.encode(), b"NAME") for name in files(folder)}
            for folder in (made[0], other)
        ]
        names = texts[0].keys() | texts[1].keys()
        differing = {name.as_posix() for name in names if texts[0].get(name) != texts[1].get(name)}
        shared = {f"src/{kind}/{name}" for name in ("__init__.py", "app.py", "agent.py")}
        assert {name for name in differing if not name.startswith(OF_A_STARTER)} == set()
        assert not differing & shared


def test_the_starters_that_are_offered_are_there(template: Path) -> None:
    tree = ast.parse((template / "hooks/pre_gen_project.py").read_text(encoding="utf-8"))
    (offered,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "STARTERS"
    ]
    assert {kind: sorted(names) for kind, names in offered.items()} == STARTERS
    prompt = str(QUESTIONS["__prompts__"]["starter"])
    for kind, names in offered.items():
        assert f"{kind}: {', '.join(names)}" in prompt
        assert defaults(kind)["starter"] == names[0]


@pytest.mark.parametrize("starter", STARTERS["agent"])
def test_the_question_of_the_readme_is_one_of_the_ground_truth(bake: Bake, starter: str) -> None:
    repository = bake(kind="agent", starter=starter)
    asked = re.findall(r'make ask Q="([^"…]+)"', (repository / "README.md").read_text(encoding="utf-8"))
    assert asked
    rows = [json.loads(line) for line in (repository / "evals/dataset.jsonl").read_text(encoding="utf-8").splitlines()]
    assert set(asked) <= {row["turns"][0]["input"] for row in rows}


@pytest.mark.parametrize("starter", sorted({*STARTERS["agent"]} - {"finance"}))
def test_a_starter_says_nothing_of_another(bake: Bake, starter: str) -> None:
    repository = bake(kind="agent", starter=starter)
    for name in files(repository):
        if name.suffix != ".whl" and name.parts[0] != "docs":
            text = (repository / name).read_text(encoding="utf-8")
            assert not re.search(r"EMEA|revenue\b|financial analytics", text), name


def test_every_question_is_explained() -> None:
    prompts = QUESTIONS["__prompts__"]
    assert list(prompts) == ["kind", *DEFAULTS]
    assert list(prompts["kind"]) == ["__prompt__", *KINDS]


def test_no_name_is_rendered(sources: dict[Path, str]) -> None:
    assert not [name for name in sources if re.search(r"[{}]", name.as_posix())]


def test_each_kind_offered_has_its_folder_and_the_other_way_round(template: Path) -> None:
    folders = [path.name.split("+") for path in (template / "{{cookiecutter.agent_name}}/_kinds").iterdir()]
    assert all(set(kinds) & set(KINDS) for kinds in folders)
    assert [kind for kind in KINDS if [kind] not in folders] == []


def test_lock_files_hold_no_addresses() -> None:
    """Packages come from where the machine is configured to take them. npm adds addresses of sponsors: remove these."""
    command = ["git", "ls-files", "*lock*.json", "*.lock", "*requirements*.txt"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {Path(name).name for name in names} >= {"package-lock.json", "requirements.txt", "requirements-dev.txt"}
    assert [name for name in names if "://" in (ROOT / name).read_text(encoding="utf-8")] == []
