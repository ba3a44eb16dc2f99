"""Replace the starter of a generated agent by another domain, as its team does, by touching only what the team owns."""

from __future__ import annotations

import shutil
from pathlib import Path

REPLACEMENTS = Path(__file__).parents[1] / "tests" / "replacements"

TEAM_OWNED = ("src/agent/", "evals/", "tests/", "manifest.yaml", "README.md")
"""All that is touched."""


def replace_starter(repository: Path, name: str) -> None:
    """Replace code, data, ground truth, tests, and what manifest and README say of them.

    Args:
        repository: A freshly generated agent.
        name: A folder of tests/replacements, which is laid out as the repository is.
    """
    source = REPLACEMENTS / name
    shutil.rmtree(repository / "src/agent/data")
    for part in ("src", "evals", "tests"):
        shutil.copytree(source / part, repository / part, dirs_exist_ok=True)
    skills = "".join(f"      {line}\n" for line in (source / "skills.yaml").read_text(encoding="utf-8").splitlines())
    manifest = repository / "manifest.yaml"
    head, _, _ = manifest.read_text(encoding="utf-8").partition("    skills:\n")
    manifest.write_text(f"{head}    skills:\n{skills}", encoding="utf-8")
    readme = repository / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(f"{text}\n{(source / 'README-part.md').read_text(encoding='utf-8')}", encoding="utf-8")
