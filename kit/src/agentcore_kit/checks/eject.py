"""The command `eject`: the last way to have something otherwise than the kit does."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agentcore_kit.config.ejected import FOLDER
from agentcore_kit.config.repository import relative, repository_path

_STAY = ("agentcore_kit.config.ejected", "agentcore_kit.config.repository")
"""What is needed to find the modules that were taken over."""


def eject(
    module: Annotated[str, typer.Argument(help="As in an import, for example serving.models", metavar="MODULE")],
) -> None:
    """Copy a module of the kit into src/ejected, from where it is used from now on, to be changed by you.

    From then on corrections of the kit do not reach it: an update says when the kit's own has changed.
    """
    name = module if module.startswith("agentcore_kit.") else f"agentcore_kit.{module}"
    target = repository_path(FOLDER, *name.split(".")).with_suffix(".py")
    if target.exists():
        _refuse(f"{relative(target)} is there already")
    try:
        found = find_spec(name)
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None or found.submodule_search_locations or name in _STAY:
        _refuse(f"{name} is no module that can be taken over; the kit's are in {Path(__file__).parents[1]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(Path(found.origin).read_bytes())
    # The order of imports depends on whose a module is.
    order = [sys.executable, "-m", "ruff", "check", "--quiet", "--select", "I", "--fix", str(target)]
    subprocess.run(order, check=False)  # noqa: S603
    print(f"{relative(target)} is used in the place of {name} from now on; to undo it, delete the file")


def _refuse(reason: str) -> NoReturn:
    print(f"eject: {reason}", file=sys.stderr)
    raise SystemExit(2)
