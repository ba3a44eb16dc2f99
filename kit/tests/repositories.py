"""Repositories for the kit's tests: generated from the template beside the kit, as it stands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[2]

KINDS = ("agent", "tool", "memory", "platform")
STARTERS = ("finance", "hr")
"""Of the starters of an agent, those that the tests run in: nothing in the kit may be tied to either."""


def generate(folder: Path, kind: str, starter: str = "finance", name: str = "") -> Path:
    """Return a repository of a kind, generated into a folder; without a name it is called `example-<kind>`."""
    template = folder / "template"
    _copy_template(template)
    config = folder / "cookiecutter.yaml"
    config.write_text(yaml.safe_dump({"replay_dir": f"{folder}/replay", "cookiecutters_dir": f"{folder}/templates"}))
    answers = {"kind": kind, "agent_name": name or f"example-{kind}"} | (
        {"starter": starter} if kind == "agent" else {}
    )
    made = cookiecutter(
        str(template), no_input=True, extra_context=answers, output_dir=str(folder), config_file=str(config)
    )
    return Path(made)


def _copy_template(copy: Path) -> None:
    """Copy what git has or would add: the template as users get it, without caches and other left-overs."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "cookiecutter.json", "hooks",
              "{{cookiecutter.agent_name}}"]  # fmt: skip
    for name in subprocess.run(listed, cwd=TEMPLATE, capture_output=True, check=True, text=True).stdout.split("\0"):
        if name and (TEMPLATE / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, copy / name)
