"""Generate a repository; read it as its users' tools do; compare it with the answers it was made from."""

import fnmatch
import html
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cookiecutter.main import cookiecutter
from jinja2 import Template

ROOT = Path(__file__).parents[1]
QUESTIONS: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
KINDS: list[str] = QUESTIONS["kind"]
STARTERS: dict[str, list[str]] = {
    folder.name: sorted(path.name for path in folder.iterdir() if path.is_dir())
    for folder in sorted((ROOT / "{{cookiecutter.agent_name}}" / "_starters").iterdir())
}
"""What a component of a kind may begin as; kinds that are not here begin in one way."""

BEGINNINGS = [(kind, starter) for kind in KINDS for starter in STARTERS.get(kind, ["none"])]


def defaults(kind: str, starter: str | None = None) -> dict[str, str]:
    """Return what is answered by pressing Enter: the name and the description are those of kind and starter."""
    offered = {name: answer for name, answer in QUESTIONS.items() if isinstance(answer, str)}
    answers = {"kind": kind}
    for name, answer in offered.items():
        answers[name] = Template(answer).render(cookiecutter=answers)
        if name == "starter" and starter:
            answers[name] = starter
    del answers["kind"]
    return answers


DEFAULTS = defaults("agent")

COMBINATIONS: dict[str, dict[str, str]] = {
    "as offered": {},
    "quotes and slashes": {"description": r"""Says "it's" \ 'that', & <b>more</b>: #1 – {a} [b] |c| `d` $e ${f} %g"""},
    "other scripts": {"description": "Erklärt Führungskräften die Umsätze: 売上高を説明します 👩\u200d💻"},
    "200 characters": {"description": "é" * 200},
    "one character": {"description": "-"},
    "like YAML values": {"description": "null", "owner": "yes", "cost_center": "1e3", "use_case_id": "2026-01-01"},
    "team": {"owner": "analytics", "github_org": "A"},
    "team of another organisation": {"owner": "@other-org/analytics_team"},
    "longest names": {"agent_name": "a" * 40, "github_org": "o" * 39, "cost_center": "c" * 64},
    "shortest name": {"agent_name": "abc"},
    "one account": {name: "012345678901" for name in DEFAULTS if name.endswith("_account_id")},
    "region of a partition": {"region": "us-gov-west-1"},
}

NOT_FOR_PLATFORM = [COMBINATIONS[name] for name in ("one account", "region of a partition")]
"""What a platform refuses: each account has the same names, and that region lacks what a platform is made of."""

IN_MANIFEST = {
    "agent_name": "name",
    "description": "description",
    "owner": "owner",
    "cost_center": "costCenter",
    "use_case_id": "useCaseId",
    "github_org": "githubOrg",
}


def generate(template: Path, output: Path, answers: Mapping[str, object], **options: Any) -> Path:
    """Generate a repository below the output folder, with the defaults for what is not answered."""
    return Path(
        cookiecutter(str(template), no_input=True, extra_context=dict(answers), output_dir=str(output), **options)
    )


def files(folder: Path) -> list[Path]:
    """List all files below a folder, relative to it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def is_copied(name: Path) -> bool:
    """Whether cookiecutter copies a file of the template as it is, instead of rendering it."""
    patterns = QUESTIONS["_copy_without_render"]
    return any(fnmatch.fnmatch(str(path), pattern) for path in (name, *name.parents) for pattern in patterns)


def append(path: Path, line: str) -> None:
    """Add a line to a file, which need not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def allow_a_busy_machine(repository: Path) -> None:
    """Let answers and tools take as long as they take on a machine that is busy with other tests."""
    limits = {"environments/local.yaml": r"(latencyP95Ms: )\d+", "evals/thresholds.yaml": r"(atencyP95: \{max: )\d+"}
    for name, limit in limits.items():
        path = repository / name
        path.write_text(re.sub(limit, r"\g<1>60000", path.read_text(encoding="utf-8")), encoding="utf-8")


def load(path: Path) -> Any:
    """Return what a YAML or TOML file says."""
    text = path.read_text(encoding="utf-8")
    return tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)


def _yaml(text: str) -> None:
    for _ in yaml.parse(text):  # the syntax only: CloudFormation has tags of its own
        pass


def _json_lines(text: str) -> None:
    for line in text.splitlines():
        json.loads(line)


_PARSERS: dict[str, Callable[[str], Any]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": tomllib.loads,
    ".json": json.loads,
    ".jsonl": _json_lines,
    ".py": lambda text: compile(text, "generated", "exec"),
}


@cache  # most files are the same in every repository
def _parse(suffix: str, content: bytes) -> None:
    _PARSERS.get(suffix, str)(content.decode())


def assert_parses(repository: Path) -> None:
    """Parse every file; what is raised names the file."""
    for name in files(repository):
        if name.suffix == ".whl":
            continue
        try:
            _parse(name.suffix, (repository / name).read_bytes())
        except Exception as error:
            error.add_note(f"in {name}")
            raise


def assert_says(repository: Path, answers: Mapping[str, object]) -> None:
    """Assert that each answer stands, exactly as given and as text, wherever it belongs."""
    assert repository.name == answers["agent_name"]
    metadata = load(repository / "manifest.yaml")["metadata"]
    assert {field: metadata[name] for field, name in IN_MANIFEST.items()} == {f: answers[f] for f in IN_MANIFEST}
    project = load(repository / "pyproject.toml")["project"]
    assert (project["name"], project["description"]) == (answers["agent_name"], answers["description"])
    assert str(answers["description"]) in html.unescape((repository / "README.md").read_text(encoding="utf-8"))
    for name in ("local", "dev", "preprod", "prod"):
        environment = load(repository / f"environments/{name}.yaml")
        assert environment["region"] == answers["region"]
        if name != "local":
            assert environment["account"] == answers[f"{name}_account_id"]
            assert environment["sharedAccount"] == answers["shared_account_id"]
