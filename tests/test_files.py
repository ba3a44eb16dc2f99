"""What a generated repository consists of: its files, that nothing in them is unfinished, that tools can read them."""

import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bake
from tests.repository import (
    COMBINATIONS,
    DEFAULTS,
    KINDS,
    QUESTIONS,
    ROOT,
    assert_parses,
    assert_says,
    files,
    is_copied,
)

RENDERED = ("manifest.yaml", "environments/*.yaml", "pyproject.toml", "README.md", ".github/CODEOWNERS")
VARIABLE = re.compile(r"cookiecutter\.(\w+)")
PACKAGE_HOST = re.compile(r"(pypi|pythonhosted|npmjs|debian)\.org")


@pytest.fixture(params=COMBINATIONS.values(), ids=list(COMBINATIONS))
def answers(request: pytest.FixtureRequest, kind: str) -> dict[str, str]:
    return {**DEFAULTS, "kind": kind, **request.param}


@pytest.fixture
def sources(template: Path) -> dict[Path, str]:
    """Return the files that become the repository, with their texts."""
    folder = template / "{{cookiecutter.agent_name}}"
    return {name: (folder / name).read_text(encoding="utf-8") for name in files(folder)}


def test_answers_arrive_and_every_file_parses(bake: Bake, answers: dict[str, str]) -> None:
    repository = bake(**answers)
    assert_parses(repository)
    assert_says(repository, answers)


def test_exactly_these_files(bake: Bake, kind: str, request: pytest.FixtureRequest) -> None:
    record = ROOT / "tests/filesets" / f"{kind}.txt"
    found = "".join(f"{name.as_posix()}\n" for name in files(bake(kind=kind)))
    if request.config.getoption("--record-filesets"):
        record.write_text(found, encoding="utf-8")
    assert found == record.read_text(encoding="utf-8"), "as intended? then record it: make fileset"


def test_nothing_is_left_of_the_template_or_of_this_machine(bake: Bake, template: Path, kind: str) -> None:
    repository = bake(kind=kind)
    machine = [str(path) for path in (repository.parent, template, ROOT, Path.home())]
    for name in files(repository):
        text = (repository / name).read_text(encoding="utf-8")
        assert not re.search(r"cookiecutter|_kinds|[{}]", name.as_posix())
        assert not VARIABLE.search(text), name
        assert not PACKAGE_HOST.search(text), name
        assert not [path for path in machine if f"{path}/" in text], name


def test_owners_review_everything(bake: Bake) -> None:
    owners = {
        "a.b@example.com": "a.b@example.com",
        "@other-org/data": "@other-org/data",
        "data": "@example-org/data",
    }
    for number, (owner, reviewer) in enumerate(owners.items()):
        repository = bake(agent_name=f"agent-{number}", owner=owner)
        assert f"\n* {reviewer}\n" in (repository / ".github/CODEOWNERS").read_text(encoding="utf-8")


def test_cloudformation_is_valid(bake: Bake, kind: str) -> None:
    templates = sorted((bake(kind=kind) / "infra").glob("*.yaml"))
    assert templates
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([cfn_lint, "--", *templates], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_identity_is_rendered(sources: dict[Path, str]) -> None:
    """All other files are copied, so that they lint where they stand and an update can merge them."""
    for name, text in sources.items():
        place = Path(*name.parts[2:]) if name.parts[0] == "_kinds" else name
        assert is_copied(name) != any(fnmatch.fnmatch(place.as_posix(), pattern) for pattern in RENDERED), name
        assert not (is_copied(name) and VARIABLE.search(text)), name


def test_every_question_is_used_and_every_variable_is_asked(sources: dict[Path, str]) -> None:
    used = {variable for text in sources.values() for variable in VARIABLE.findall(text)}
    assert used | {"kind"} == {"kind", *DEFAULTS}  # the kind decides which files there are


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
