"""`kit rehearse`: plays scenes, each from the state after the first release, and says what callers got in each."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.rehearsal import saved as moments
from agentcore_kit.local.rehearsal import scenes as of_kinds
from agentcore_kit.local.rehearsal import sentences
from agentcore_kit.local.rehearsal.callers import summary
from agentcore_kit.local.rehearsal.component import fakes
from agentcore_kit.local.rehearsal.failure import failure
from agentcore_kit.local.rehearsal.image_trial import try_image
from agentcore_kit.local.rehearsal.not_rehearsed import not_rehearsed
from agentcore_kit.local.rehearsal.saved import Saved
from agentcore_kit.local.rehearsal.scene import MEMORY, PLATFORM, SCENES, Play, Scene
from agentcore_kit.local.rehearsal.stage import Stage, stage

_PACKAGE = "agentcore_kit.local.rehearsal"
WITHOUT_IMAGE = (MEMORY, PLATFORM)


def scenes() -> list[Scene]:
    """Return the scenes of this repository's kind, in the order in which they are played."""
    for module in of_kinds.MODULES[repository_kind()]:
        import_module(f"{_PACKAGE}.scenes.{module}")
    return [scene for scene in SCENES if repository_kind() in scene.kinds]


def rehearse(chosen: Sequence[Scene], state: Path | None = None) -> None:
    """Play scenes.

    Args:
        chosen: Which.
        state: A folder for the state after the first release: what is in it is used, else it is made there. Only for
            scenes that need no real component.

    Raises:
        AssertionError: When one does not end as it should, when a line that a command prints is not so, or when
            callers got an error that the scene does not expect.
    """
    for module in sentences.MODULES[repository_kind()]:
        import_module(f"{_PACKAGE}.sentences.{module}")
    for library in ("httpx", "mcp"):  # the requests of callers are counted, not listed
        logging.getLogger(library).setLevel(logging.WARNING)
    real = any(scene.real for scene in chosen)
    with (
        stage(real=real or repository_kind() == MEMORY) as it,
        tempfile.TemporaryDirectory(prefix="rehearsal-state-") as temporary,
    ):
        print("deliver.yml: " + " → ".join(f"{step.job}:{step.command}" for step in it.steps()))
        first = _first(it, Path(temporary), state, real=real)
        failed = ["what comes before all scenes"] if it.wrong else []
        failed += [scene.name for scene in chosen if not _passes(it, scene, first)]
        if real and repository_kind() not in WITHOUT_IMAGE:
            print(f"\n{_image(it)}")
        _summarise(it, chosen, real=real)
        if failed:
            raise AssertionError(f"these scenes do not end as they should: {', '.join(failed)}")


def _passes(it: Stage, scene: Scene, first: Saved) -> bool:
    """Play a scene from the state after the first release; show what is wrong, and return whether nothing is."""
    print(f"\n--- {scene.name}: {scene.title}", flush=True)
    it.restore(first)
    it.serve(it.component.answer if scene.real or repository_kind() == MEMORY else fakes().answer)
    it.callers.got.clear()
    it.refusal_expected = False
    try:
        scene.play(it)
    except Exception as error:  # whatever it is, the other scenes are played
        it.wrong.append(failure(error))
    print("\n".join(f"{'':8}{line}" for line in summary(it.callers.got)), flush=True)
    if it.errors_expected and any(got.failed for got in it.callers.got):
        print(f"{'':8}expected: {it.errors_expected[0]}", flush=True)
    for line in it.wrong:
        print(f"{'':8}wrong in {scene.name}: {line}", flush=True)
    return not it.wrong


def _first(it: Stage, temporary: Path, state: Path | None, *, real: bool) -> Saved:
    """Return the state after the first release: as another rehearsal has left it, or made now."""
    folder = state or temporary / "first"
    if state and (known := moments.read(state, it.server.address)):
        return known
    module, function, title = _first_of(real=real)
    first: Play = getattr(import_module(f"{_PACKAGE}.scenes.{module}"), function)
    print(f"\n--- {title}", flush=True)
    if not real and repository_kind() != MEMORY:
        it.serve(fakes().answer)
    first(it)
    print("\n".join(f"{'':8}{line}" for line in summary(it.callers.got)), flush=True)
    made = it.save(folder)
    if state:
        moments.write(made, folder)
    return made


def _first_of(*, real: bool) -> tuple[str, str, str]:
    """Return the module and the function that play what comes before all scenes, and what it is called."""
    if repository_kind() == PLATFORM:
        return "platform", "first_hour", "from empty accounts: the first hour"
    module = "memory" if repository_kind() == MEMORY else "release"
    if real:
        return module, "first_release", "the first release goes to production"
    return (
        module,
        "first_release_without_tests",
        "the first release goes to production, without tests and evaluation",
    )


def _image(it: Stage) -> str:
    """Build the image of the repository and ask it, where this machine can; return what became of it."""
    port, path = (8000, "/mcp") if repository_kind() == "Tool" else (8080, "/invocations")
    return try_image(it.home, port, path)


def _summarise(it: Stage, chosen: Sequence[Scene], *, real: bool) -> None:
    """Say how long it took, what was done, and what was not rehearsed."""
    marks: Counter[str] = Counter(row.rpartition(" ")[2] for row in it.rows)
    print(
        f"\nrehearsed {len(chosen)} {'scene' if len(chosen) == 1 else 'scenes'} in {it.seconds:.0f} s: {it.commands} "
        f"commands: {marks['refused']} of them refused or reported something, as they should, {marks['FAIL']} failed; "
        "no call went to AWS"
    )
    print("not rehearsed:")
    print("\n".join(f"  - {line}" for line in not_rehearsed(real=real)))
