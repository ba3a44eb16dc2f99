"""Generate an agent, set it up, ask it seven questions, see that the answers hold together, and evaluate it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).parents[1]
SCRATCH = ROOT / ".demo"

ONE_QUESTION_FOUR_WAYS = (
    "What's our Q3 revenue in EMEA?",
    "How much did we make in Europe last quarter?",
    "EMEA Q3 numbers?",
    "Show me European revenue for July through September.",
)
MORE = ("Show me growth compared to last quarter", "Compare all regions for 2024")
OUT_OF_SCOPE = "What's the CEO's bonus?"


def generate() -> Path:
    """Return a new repository, made with the default answers, in place of the one of the last time."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir()
    return Path(cookiecutter(str(ROOT), no_input=True, output_dir=str(SCRATCH), default_config=True))


def make(repository: Path, *arguments: str) -> str:
    """Run a make verb in the repository, show its output and return it."""
    lines = []
    # A width that any window has, and none of the settings of the make that runs this script.
    environment = {**os.environ, "COLUMNS": "120", "MAKEFLAGS": ""}
    with subprocess.Popen(
        ["make", "--no-print-directory", *arguments],
        cwd=repository,
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        for line in process.stdout or ():
            print(line.rstrip(), flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(f"make {arguments[0]} failed")
    return "".join(lines)


def ask(repository: Path, question: str) -> list[str]:
    """Ask the agent, and return the tool calls that it shows, each with its parameters."""
    print(f'\n$ make ask Q="{question}"')
    return re.findall(r"^→ (\w+\(.*\))", make(repository, "ask", f"Q={question}"), re.MULTILINE)


def main() -> None:
    """Run the demo; exit with an error when an answer is not what the tools' documentation promises."""
    repository = generate()
    print("$ make setup")
    make(repository, "setup", f"PYTHON={sys.executable}")
    calls = {question: ask(repository, question) for question in (*ONE_QUESTION_FOUR_WAYS, *MORE, OUT_OF_SCOPE)}

    same = {tuple(calls[question]) for question in ONE_QUESTION_FOUR_WAYS}
    problems = [
        f"no tool was called for: {question}" for question in calls if not calls[question] and question != OUT_OF_SCOPE
    ]
    if len(same) != 1:
        problems.append(f"the first four questions are one, and led to different calls: {same}")
    if calls[OUT_OF_SCOPE]:
        problems.append(f"out of scope, and yet a tool was called: {calls[OUT_OF_SCOPE]}")
    if problems:
        sys.exit("\n".join(["\nNot as expected:", *problems]))
    print(f"\nThe first four questions led to the same call, {', '.join(*same)}; the last was declined without one.")
    print("\n$ make eval")
    make(repository, "eval")
    print(f"The agent is in {repository.relative_to(ROOT)}: go there and ask it more.")


if __name__ == "__main__":
    main()
