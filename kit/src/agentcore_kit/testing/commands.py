"""The command `dimensions`: the tests that a version passes before it goes to production."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_root

FAILED, WRONG_INPUT, COULD_NOT_RUN = 1, 2, 3


def dimensions(
    target: Annotated[str, typer.Option(help="What to test: local, a URL, or an environment in AWS.")] = "local",
    select: Annotated[str, typer.Option(help="Only these dimensions, joined by commas; all, if empty.")] = "",
    endpoint: Annotated[
        str, typer.Option(help="The endpoint of a deployed component; its newest version, if empty.")
    ] = "",
    rows: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="So many rows of each category of the dataset, 0 for all. Without it all with the offline model, "
            "and 5 with a real one.",
        ),
    ] = None,
) -> None:
    """Test it in every dimension: what it answers, how safely, how fast, and how it keeps to its interfaces.

    Exit codes: 0 all passed, 1 a test failed, 2 wrong input, 3 could not run.
    """
    import pytest

    from agentcore_kit.testing.options import DimensionOptions, OptionsPlugin

    if endpoint and target == "local":
        print(f"--endpoint {endpoint}: what is on this machine has none; add --target ENVIRONMENT", file=sys.stderr)
        raise SystemExit(WRONG_INPUT)
    folder = Path(str(files("agentcore_kit.testing"))) / "dimensions" / repository_kind().lower()
    chosen = _chosen(folder, select)
    plugin = OptionsPlugin(DimensionOptions(target, endpoint, rows))
    # No file of the repository configures these tests, so that they are the same in each.
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={repository_root()}"]
    code = int(
        pytest.main(
            [
                *options,
                "-W",
                "ignore::DeprecationWarning",
                "-W",
                "ignore::pytest.PytestAssertRewriteWarning",
                *map(str, chosen),
            ],
            plugins=[plugin],
        )
    )
    if plugin.interrupted:
        code = COULD_NOT_RUN
    raise SystemExit(code if code in (0, FAILED, WRONG_INPUT) else COULD_NOT_RUN)


def _chosen(folder: Path, select: str) -> list[Path]:
    """Return the files of the dimensions that are selected; end with exit code 2 for a name that is none."""
    known = {path.stem.removeprefix("test_"): path for path in sorted(folder.glob("test_*.py"))}
    words = [word.strip() for word in select.split(",") if word.strip()]
    for word in words:
        if word not in known:
            print(f"--select: {word!r} is no dimension; {choose(word, known)}", file=sys.stderr)
            raise SystemExit(WRONG_INPUT)
    if select and not words:
        print(f"--select: {select!r} names no dimension; one of: {', '.join(known)}", file=sys.stderr)
        raise SystemExit(WRONG_INPUT)
    return [known[word] for word in dict.fromkeys(words)] or list(known.values())
