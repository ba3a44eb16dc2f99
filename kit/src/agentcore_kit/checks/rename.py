"""The command `rename`: another name for the component, in every place of the repository, and what AWS keeps."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.config.component_name import mentions
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.loader import parse
from agentcore_kit.config.manifest import Manifest, load_manifest
from agentcore_kit.config.repository import MANIFEST, repository_path, repository_root
from agentcore_kit.delivery import images, names
from agentcore_kit.delivery.context import DeploymentContext
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors
from agentcore_kit.kinds.base import kind_of

_SHOWN = 20


def rename(new: Annotated[str, typer.Argument(help="The new name, as in manifest.yaml", metavar="NEW-NAME")]) -> None:
    """Change the component's name in every place of this repository, and print what stays in AWS under the old one.

    Nothing in AWS is changed. Typed again, it changes what still has another name.
    """
    with reported_errors():
        before = load_manifest()
        texts = _renamed(before.metadata.name, new)
        olds = [before.metadata.name, *(each.name for each in mentions())]
        old = next((name for name in olds if name != new), "")
        if not old:
            print(f"nothing to change: every place says {new}")
            return
        commit = _clean()
        known = {name: repository_path(name).read_text(encoding="utf-8") for name in texts}
        for name, text in texts.items():
            repository_path(name).write_text(text, encoding="utf-8")
        for name, text in texts.items():
            print(*_difference(name, known[name], text), sep="\n")
        if left := list(_left(old)):
            print(f"\nleft as it is, as it may mean something else than the component ({old}):")
            print(*left[:_SHOWN], *([f"  and {len(left) - _SHOWN} lines more"] if left[_SHOWN:] else []), sep="\n")
        print("", *_in_aws(before, old, new, commit if old == before.metadata.name else _last_with(old)), sep="\n")


def _renamed(old: str, new: str) -> dict[str, str]:
    """Return the new text of each file that changes, the manifest first.

    Raises:
        ConfigError: When the new name is not right.
    """
    found: dict[str, str] = {}
    manifest = repository_path(MANIFEST).read_text(encoding="utf-8")
    line = parse(repository_path(MANIFEST)).lines["metadata", "name"]
    lines = manifest.splitlines(keepends=True)
    lines[line - 1] = re.sub(
        rf"(\bname\s*:\s*['\"]?){re.escape(old)}(?![\w-])", lambda match: f"{match[1]}{new}", lines[line - 1], count=1
    )
    _refuse_wrong("".join(lines), new, line)
    if "".join(lines) != manifest:
        found[MANIFEST] = "".join(lines)
    titles = {old}
    for each in mentions():
        if each.name != new:
            titles.add(each.name)
            text = found.get(each.file) or repository_path(each.file).read_text(encoding="utf-8")
            found[each.file] = text[: each.start] + new + text[each.start + len(each.name) :]
    readme = repository_path("README.md")
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    title, rest = text.partition("\n")[0], text.partition("\n")[2]
    if title.removeprefix("# ").strip() in titles - {new}:
        found["README.md"] = f"# {new}\n{rest}"
    return found


def _refuse_wrong(manifest: str, new: str, line: int) -> None:
    """Raise ConfigError when a manifest is wrong, or has not got the new name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MANIFEST
        path.write_text(manifest, encoding="utf-8")
        try:
            found = load_manifest(path)
        except ConfigError as error:
            raise ConfigError([problem.replace(f"{folder}/", "") for problem in error.problems]) from None
    if found.metadata.name != new:
        raise ConfigError(
            [f"{MANIFEST}:{line}: metadata.name: write {new} there yourself, commit, then the same again"]
        )


def _clean() -> str:
    """Return the commit that is checked out. Raises CommandError when there is none, or files are changed."""
    done = _git("status", "--porcelain")
    head = _git("rev-parse", "--short=12", "HEAD")
    if done is None or head is None:
        raise CommandError("this is no git repository with a commit yet; nothing was changed", "git init, then commit")
    if done:
        files = ", ".join(line[3:] for line in done.splitlines()[:3])
        raise CommandError(
            f"files are not committed ({files}); nothing was changed",
            "commit or undo them first, so that the rename is a commit of its own",
            WRONG_INPUT,
        )
    return head


def _last_with(old: str) -> str:
    """Return the last commit whose manifest has the old name, as git names it."""
    changed = _git("log", "-1", "--format=%h", f"-S{old}", "--", MANIFEST)
    return f"{changed}^" if changed else "COMMIT-OF-BEFORE"


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments], cwd=repository_root(), capture_output=True, text=True, check=False  # noqa: S607
        )  # fmt: skip
    except FileNotFoundError:
        return None
    return done.stdout.rstrip() if done.returncode == 0 else None


def _difference(name: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines that have changed."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    for number, (old, new) in enumerate(pairs, 1):
        if old != new:
            yield f"{name}:{number}\n  - {old.strip()}\n  + {new.strip()}"


def _left(old: str) -> Iterator[str]:
    """Yield the lines that still have the old name."""
    word = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])")
    for name in (_git("ls-files") or "").splitlines():
        try:
            lines = repository_path(name).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):  # deleted, or no text
            continue
        yield from (f"  {name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if word.search(line))


def _in_aws(manifest: Manifest, old: str, new: str, commit: str) -> Iterator[str]:
    """Yield what AWS has under the old name, and how to move, in order."""
    spec = manifest.spec
    known = manifest.model_copy(update={"metadata": manifest.metadata.model_copy(update={"name": old})})
    contexts: list[DeploymentContext] = [
        DeploymentContext(known, read_environment(name, manifest)) for name in manifest.delivery.environments
    ]
    yield f"In AWS everything stays as it is, under {old}, where it was deployed:"
    for one in contexts:
        yield f"  {one.name}: stacks {', '.join(kind_of(manifest.kind).stack_names(one))}"
        yield f"  {'':{len(one.name)}}  history {names.memory(old, one.name)}* in SSM"
    if manifest.kind != "Memory":
        yield f"  images, and that they passed: repository {old} in {_registries(contexts)}"
    yield f"  the registry record {old}, which {manifest.delivery.publisher} has published"
    if manifest.kind == "Memory":
        yield f"  all that is remembered: it stays with the memories of {old}; those of {new} start with nothing"
    steps = [*_steps(manifest, contexts, old, new)]
    steps.append(
        f"When nobody calls {old} any more, remove it from a checkout of before:\n"
        f"git worktree add ../{old}-before {commit} && cd ../{old}-before && make setup\n"
        + "\n".join(f".venv/bin/kit destroy --env {one.name}" for one in contexts)
    )
    if getattr(spec, "prefix", None) == old:
        yield f"  spec.prefix stays {old}: agents call {old}___…; change it by itself if that is meant too"
    yield "\nTo move, in this order:"
    for number, step in enumerate(steps, 1):
        first, *more = step.splitlines()
        yield "\n".join([f"  {number}. {first}", *(f"       {line}" for line in more)])


def _registries(contexts: list[DeploymentContext]) -> str:
    return ", ".join(dict.fromkeys(images.registry(one) for one in contexts))


def _steps(manifest: Manifest, contexts: list[DeploymentContext], old: str, new: str) -> Iterator[str]:
    """Yield what is done between the rename and the removal of what was there before."""
    if manifest.kind == "Memory":
        yield "If you rename the repository on GitHub too, the platform team corrects whom the pipeline's roles trust."
    else:
        yield (
            f"Ask the platform team for repository {new} in {_registries(contexts)}, and where tests sign in with a\n"
            f"client of their own, for its secret under {names.memory(new, 'ENVIRONMENT')}. If the repository on\n"
            "GitHub is renamed too, they correct whom the pipeline's roles trust."
        )
    yield f"Commit and merge: the delivery makes everything anew beside the old, as {new}."
    match manifest.kind:
        case "Tool":
            prefix = manifest.spec.prefix
            yield (
                f"A prefix of a gateway belongs to one component: kit register refuses {prefix} until it is free. In\n"
                "each environment: from a checkout of before kit deregister --env … --force, then here kit register\n"
                f"--env …; agents are without the tools in between. Or give {new} another spec.prefix, and move agents."
            )
        case "Memory":
            yield (
                f"Move agents: spec.memory: {new} in their manifest.yaml, memory.id in their environments/*.yaml (kit\n"
                f"status --env … prints it), and the policies of /agentops/memories/{new}/. Where what was said must\n"
                f"stay, leave them on {old}, whose events end with spec.eventExpiryDays."
            )
        case _:
            live = ", ".join(names.snake(new, name) for name in manifest.delivery.production)
            yield f"Move callers to the new runtimes ({live}; endpoint {names.LIVE}), as the registry's record says."
