"""Build the kit as a wheel, put it into `vendor/` of the template, and pin it in the requirement files of every kind.

`--check` only says whether wheel and source differ. What an organisation with an index publishes is the same file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from agentcore_kit.authoring.starter import checksums

KIT = Path(__file__).parent
TEMPLATE = KIT.parent / "{{cookiecutter.agent_name}}"
VENDOR = TEMPLATE / "vendor"
KINDS = ("agent", "tool", "memory", "platform")

STARTERS = KIT / "src" / "agentcore_kit" / "authoring" / "starter_lines.json"
"""By which `kit adopt` knows the starters of agents."""


def starter_lines() -> str:
    """Return what STARTERS is to have: by starter the files that `kit adopt` replaces, with the checksums of lines."""
    found = {}
    for starter in sorted(path for path in (TEMPLATE / "_starters" / "agent").iterdir() if path.is_dir()):
        found[starter.name] = _checksums(TEMPLATE / "_kinds" / "agent") | _checksums(starter)
    return json.dumps(found, indent=0, sort_keys=True) + "\n"


def _checksums(folder: Path) -> dict[str, str]:
    paths = [*folder.glob("src/agent/**/*"), *folder.glob("evals/*.jsonl"), *folder.glob("tests/test_tools.py")]
    return {
        path.relative_to(folder).as_posix(): checksums(path.read_text(encoding="utf-8"))
        for path in paths
        if path.is_file() and path.suffix in (".py", ".md", ".csv", ".yaml", ".jsonl")
    }


def build(folder: Path) -> Path:
    """Build the wheel into a folder, without the network; every build of the same source is the same file."""
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--quiet", "--offline", "--no-build-isolation"]
    subprocess.run([*command, "--out-dir", str(folder), str(KIT)], check=True)
    (folder / ".gitignore").unlink(missing_ok=True)  # uv writes one, which would keep the wheel out of git
    (wheel,) = folder.glob("*.whl")
    return wheel


def content(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel. Their compression depends on the machine, so wheels are compared by this."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def vendored() -> Path | None:
    """Return the wheel that generated repositories get, None when there is none."""
    return next(iter(VENDOR.glob("agentcore_kit-*.whl")), None)


def difference() -> str:
    """Return how wheel and source differ, in one line; empty when they do not."""
    with tempfile.TemporaryDirectory() as folder:
        new, old = build(Path(folder)), vendored()
        if old is None:
            return "there is no wheel in vendor/"
        if old.name != new.name:
            return f"vendor/ has {old.name}, the source is {new.name}"
        before, after = content(old), content(new)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return f"{len(changed)} files differ, {changed[0]} for example" if changed else ""


def pin(kind: str) -> None:
    """Compile the requirement files of a kind: exact versions with hashes, and no address of an index."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = (TEMPLATE / "_kinds" / kind / "pyproject.toml").read_text(encoding="utf-8")
        rendered = [line for line in source.splitlines() if "cookiecutter" not in line]
        text = "\n".join(rendered).replace("[project]", '[project]\nname = "component"', 1)
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
        for path in (TEMPLATE / "_kinds" / kind).glob("requirements*.txt"):
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / "manifest.yaml").write_text(f"kind: {kind.capitalize()}\n", encoding="utf-8")
        (folder / "vendor").symlink_to(VENDOR)
        code = "from agentcore_kit.checks.commands import compile_all; compile_all()"
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
        for path in folder.glob("requirements*.txt"):
            (TEMPLATE / "_kinds" / kind / path.name).write_bytes(path.read_bytes())


def main() -> None:
    """Build and pin, or with `--check` compare."""
    if "--check" in sys.argv:
        if found := difference():
            sys.exit(f"{found}; run: make wheel")
        return
    VENDOR.mkdir(exist_ok=True)
    STARTERS.write_text(starter_lines(), encoding="utf-8")
    if difference():
        for old in VENDOR.glob("agentcore_kit-*.whl"):
            old.unlink()
        build(VENDOR)
    for kind in KINDS:
        pin(kind)
    print(f"{vendored()}: built and pinned for {', '.join(KINDS)}")


if __name__ == "__main__":
    main()
