"""For a repository from before the kit, after `kit template-update --resolve`: let the team's own modules use the kit.

    python migrate_to_kit.py [REPOSITORY]

Rewrites imports in the Python files that git knows, and lists what has no equal: then the exit code is 1. It can be
run again; a file that imports nothing of the former platform is not touched. Only the standard library is used.
"""

import re
import subprocess
import sys
from pathlib import Path

MODULES = {
    "runtime.identity": "agentcore_kit.runtime.identity",
    "runtime.resilience": "agentcore_kit.runtime.retries",
    "runtime.settings": "agentcore_kit.runtime.settings",
    "agent.wiring.errors": "agentcore_kit.serving",
    "agent.wiring.settings": "agentcore_kit.serving.settings",
    "tool.wiring.declare": "agentcore_kit.mcp_server",
    "tool.wiring.failures": "agentcore_kit.mcp_server",
    "ops.evaluation.measures": "agentcore_kit.evaluation.evaluators",
    "ops.evaluation.metric": "agentcore_kit.evaluation.metric",
    "ops.evaluation.target": "agentcore_kit.evaluation.target",
}
"""Where a module of the former platform is now, or where what it had is exported."""

NAMES = {
    r"\bcall_with_retries(?=\()": "RetryPolicy().call",
    r"\bcall_with_retries\b": "RetryPolicy",
    r"\bfrom runtime import resilience\b": "from agentcore_kit.runtime import retries as resilience",
    r"\bfrom runtime import (identity|settings)\b": r"from agentcore_kit.runtime import \1",
}
"""What is called otherwise now, in the files that imported its module."""

FORMER = re.compile(
    r"^\s*(?:from|import)\s+"
    r"((?:ops|runtime|offline|agent\.wiring|tool\.wiring|tool\.lambda_handler|memory)\b[\w.]*"
    r"|tests\.(?:agreed|behind|calls|client|delivery|dimensions|homes|loosening|real|rehearsal|served|server|stage|standin"
    r"|surroundings|target|templates)\b[\w.]*"
    r"|evals\.(?:attacks|cases|expect|metrics)\b)",
    re.MULTILINE,
)
"""An import of something that was the platform's."""


def migrate(text: str) -> str:
    """Return a module's text with its imports as they are with the kit."""
    if not FORMER.search(text):
        return text
    for old, new in MODULES.items():
        text = re.sub(rf"^(\s*(?:from|import)\s+){re.escape(old)}\b", rf"\g<1>{new}", text, flags=re.MULTILINE)
    for old, new in NAMES.items():
        text = re.sub(old, new, text)
    return text


def main(repository: Path) -> int:
    """Migrate the files of a repository; return the exit code."""
    command = ["git", "ls-files", "-z", "*.py"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, check=True, text=True)  # noqa: S603
    left = 0
    for name in sorted(set(filter(None, listed.stdout.split("\0")))):
        path = repository / name
        before = path.read_text(encoding="utf-8")
        after = migrate(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"{name}: rewritten")
        for found in FORMER.finditer(after):
            left += 1
            line = after.count("\n", 0, found.start(1)) + 1
            print(f"{name}:{line}: {found[1]} is gone, see what replaces it in docs/upgrading.md", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
