"""The commands `check`, `lock` and `setup-tools`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from agentcore_kit.checks.installer import uv
from agentcore_kit.config.delivery import environment_names
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.repository import repository_path

BIN = Path(sys.executable).parent
TOOLS = BIN.parent / "tools" / "bin"
"""Where checkov, check-jsonschema and cruft are: they would hold the component's own packages back."""

ATTACKS = Path("evals/redteam.jsonl")

AT_ONCE = 2

_KIT_PIN = re.compile(r"^agentcore-kit==.*\n(?:    --hash.*\n)*", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One check: what it is called, its command, and what to do when it finds something."""

    name: str
    command: tuple[str, ...]
    fix: str = ""


def check(
    platform: Annotated[
        Path | None,
        typer.Option(help="A clone of the platform repository, whose use cases hold; one beside this, if empty."),
    ] = None,
) -> None:
    """Check format, lint, types, imports, files, infrastructure and workflows. Exit code 1 for a finding."""
    failed = False
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for step, done, seconds in pool.map(_run, steps(platform)):
            print(
                f"check: {step.name:<15} {'ok' if done.returncode == 0 else 'FAILED':<7} {seconds:4.1f} s", flush=True
            )
            for line in [] if done.returncode else done.stdout.splitlines():
                if line.startswith("warning: "):
                    print(line, flush=True)
            if done.returncode:
                failed = True
                print(done.stdout.rstrip(), *([f"fix:   {step.fix}"] if step.fix else []), sep="\n", file=sys.stderr)
    if failed:
        raise SystemExit(1)
    print("check: all right")


def steps(platform: Path | None = None) -> Iterator[Step]:
    """Yield the checks of this repository, the slow ones first.

    Args:
        platform: The platform repository; one beside this repository where it is left out, and there is one.
    """
    from agentcore_kit.governance.use_case_check import is_checked

    python, kit = sys.executable, (sys.executable, "-m", "agentcore_kit")
    templates = sorted(map(str, Path("infra").glob("**/*.yaml")))
    workflows = sorted(map(str, Path(".github/workflows").glob("*.yml")))
    kind = repository_kind()
    if kind == "Memory":
        templates += _rendered()
    yield Step("types", (python, "-m", "mypy", "--no-error-summary"))
    yield Step(
        "security",
        (str(TOOLS / "checkov"), "--file", *templates, "--framework", "cloudformation", "--compact", "--quiet",
         "--skip-download"),
    )  # fmt: skip
    if kind == "Platform":
        yield from _infrastructure_of_accounts((python, str(BIN / "cfn-lint"), "--regions"))
    else:
        yield Step("infrastructure", (python, str(BIN / "cfn-lint"), "--regions", *regions(), "--", *templates))
    yield Step("format", (python, "-m", "ruff", "format", "--check", "--quiet", "."), "ruff format, in .venv/bin")
    yield Step("lint", (python, "-m", "ruff", "check", "--quiet", "--output-format", "concise", "."))
    yield Step("manifest", (*kit, "manifest"))
    yield Step("AGENTS.md", (*kit, "agents-md"))
    yield Step("regions", (python, "-m", "agentcore_kit.checks.regions"))
    if is_checked(platform):
        where = ("--platform", str(platform)) if platform else ()
        yield Step("use case", (python, "-m", "agentcore_kit.governance.use_case_check", *where))
    if kind != "Platform":
        yield Step("ground truth", (*kit, "dataset"))
        if ATTACKS.exists():
            yield Step("attacks", (*kit, "dataset", str(ATTACKS)))
    if kind in ("Agent", "Tool"):
        yield Step("imports", (python, "-m", "agentcore_kit.checks.production_imports"))
    if kind != "Memory":
        yield Step("parameters", (python, "-m", "agentcore_kit.checks.parameters"))
    if kind in ("Agent", "Tool"):
        yield Step("tools", (*kit, "tools"))
    if kind == "Platform":
        yield Step("policies", (*kit, "policies"))
    jsonschema = str(TOOLS / "check-jsonschema")
    yield Step("workflows", (jsonschema, "--builtin-schema", "vendor.github-workflows", *workflows))
    yield Step("dependabot", (jsonschema, "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"))
    yield Step("pipeline", (str(BIN / "zizmor"), "--offline", "--quiet", ".github/workflows"))


def _infrastructure_of_accounts(lint: tuple[str, ...]) -> Iterator[Step]:
    """Yield the check of a platform's templates, each for the regions that it is deployed to."""
    from agentcore_kit.checks.platform_templates import templates_by_regions

    for where, paths in templates_by_regions().items():
        yield Step("infrastructure", (*lint, *where, "--", *paths))


def _rendered() -> list[str]:
    """Return the path of the memory's template, made from its manifest; none when the manifest is wrong."""
    from agentcore_kit.config.manifest import load_manifest
    from agentcore_kit.delivery.memory.render import render_template

    try:
        return [str(render_template(load_manifest().spec))]
    except ConfigError:  # the check of the manifest says what is wrong
        return []


def regions() -> list[str]:
    """Return the regions of the environments: a template must be valid in each of them."""
    found = set()
    for name in environment_names():
        try:
            found.add(read_environment(name, None).region)
        except ConfigError:  # the check of the manifest says what is wrong
            continue
    return sorted(found)


def _run(step: Step) -> tuple[Step, subprocess.CompletedProcess[str], float]:
    started = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603
            step.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except FileNotFoundError as error:
        done = subprocess.CompletedProcess(step.command, 3, f"{error.filename} is not installed; run: make setup")
    return step, done, time.monotonic() - started


def lock(
    upgrade: Annotated[bool, typer.Option(help="To the newest versions that the ranges allow.")] = False,
) -> None:
    """Compile requirements.txt (production) and requirements-dev.txt from pyproject.toml, with hashes."""
    compile_all(upgrade=upgrade)
    print("lock: requirements.txt and requirements-dev.txt; next: make setup")


def compile_all(*, upgrade: bool = False) -> None:
    """Compile both requirement files, for every platform and without the address of any index.

    Where `vendor/` holds the kit, the kit is that wheel and no other, whatever an index has under its name.

    Args:
        upgrade: Whether to take the newest versions; else those that are pinned stay while they fit.
    """
    options = [
        "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
        "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate",
    ]  # fmt: skip
    compiler = uv(exact=False)
    options += ["--upgrade"] if upgrade else []
    if repository_path("vendor").is_dir():
        options += ["--find-links", "vendor"]
    kit = next(repository_path("vendor").glob("agentcore_kit-*.whl"), None)
    production = ["pyproject.toml", "--output-file", "requirements.txt"]
    development = ["pyproject.toml", "--group", "dev", "--constraint", "requirements.txt"]
    with tempfile.TemporaryDirectory() as folder:
        if kit:
            exactly = Path(folder) / "kit.txt"
            exactly.write_text(f"agentcore-kit=={kit.name.split('-')[1]}\n", encoding="utf-8")
            options += ["--constraint", str(exactly)]
        for arguments in (production, [*development, "--output-file", "requirements-dev.txt"]):
            requirements = Path(arguments[-1])
            if kit and requirements.exists():  # the compiler would keep the hash of an earlier wheel of this version
                text = requirements.read_text(encoding="utf-8")
                requirements.write_text(_KIT_PIN.sub("", text), encoding="utf-8")
            compiler.run(*options, *arguments)


def setup_tools() -> None:
    """Install checkov, check-jsonschema and cruft into .venv/tools, exactly as this version of the kit pins them."""
    installer = uv(exact=True)
    if not (TOOLS / "python").exists():
        installer.run("venv", "--quiet", str(TOOLS.parent))
    with as_file(files("agentcore_kit.checks") / "requirements-tools.txt") as pinned:
        installer.run("pip", "sync", "--quiet", "--require-hashes", "--python", str(TOOLS / "python"), str(pinned))
    print("setup: checkov, check-jsonschema and cruft, each checked against its hash, in .venv/tools")
