"""`make ask Q=…` hands on what was typed: it is no command, to make or to the shell."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.delivery.test_no_shell import HOSTILE

MAKE = str(shutil.which("make"))


def test_what_make_ask_is_given_is_no_command(repository: Path) -> None:
    bin_ = repository / ".venv" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "kit").write_text(f'#!/bin/sh\nprintf "%s" "$3" > "{repository}/asked"\n', encoding="utf-8")
    (bin_ / "kit").chmod(0o755)
    typed = [MAKE, "-o", ready(repository), "ask", f"Q={HOSTILE}"]
    made = subprocess.run(typed, cwd=repository, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert (repository / "asked").read_text(encoding="utf-8") == HOSTILE
    assert not [*repository.rglob("x")], "a shell has read it"


def ready(folder: Path) -> str:
    """Return the name of the file that says that `make setup` is done."""
    asked = subprocess.run([MAKE, "-pn", "help"], cwd=folder, capture_output=True, text=True, check=False).stdout
    found = re.search(r"^READY := (\S+)", asked, re.MULTILINE)
    assert found
    return found[1]
