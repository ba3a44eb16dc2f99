"""Move the files of the chosen kind and starter to the top of the new repository, then say what to type next.

`_kinds/agent/` is for agents, `_kinds/agent+tool/` for agents and tools alike; `_starters/agent/hr/` is for agents that
begin as an HR assistant.
"""

import json
import shutil
import sys
from pathlib import Path

KINDS, STARTERS = Path("_kinds"), Path("_starters")
FIRST_USE = {
    "agent": 'make ask Q="What can you do?"',
    "tool": "make dev",
    "memory": "make eval",
    "platform": "make dev",
}
ANSWERS = json.loads(r'{{ cookiecutter | tojson }}')  # fmt: skip  # tojson escapes the apostrophe


def promote(source: Path, target: Path) -> None:
    """Move everything in source into target, merging folders; a file that is already there stops the generation."""
    for path in sorted(source.iterdir()):
        destination = target / path.name
        if path.is_dir() and destination.is_dir():
            promote(path, destination)
        elif destination.exists():
            sys.exit(f"The template holds {destination.as_posix()} twice: shared, and in {source.as_posix()}.")
        else:
            path.rename(destination)


if KINDS.is_dir():
    for folder in sorted(KINDS.iterdir()):
        if ANSWERS["kind"] in folder.name.split("+"):
            promote(folder, Path())
    shutil.rmtree(KINDS)

if STARTERS.is_dir():
    chosen = STARTERS / ANSWERS["kind"] / ANSWERS["starter"]
    if chosen.is_dir():
        promote(chosen, Path())
    shutil.rmtree(STARTERS)

print(f"""
{ANSWERS["agent_name"]} is ready. Next:

    cd {ANSWERS["agent_name"]}
    make setup
    {FIRST_USE[ANSWERS["kind"]]}
""")
