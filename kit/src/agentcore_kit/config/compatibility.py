"""What a repository had in an earlier release and the kit does not read any more, and what replaces it.

A newer kit works with the skeleton of an older release. Where it cannot, it names the replacement: a field of
`evals/thresholds.yaml` in `evaluation.thresholds`, a parameter of `infra/` in `config.infrastructure`, a file here. So
a file that a team goes on editing, and that has no effect, does not stay unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentcore_kit.config.repository import repository_path

REPLACED: Mapping[str, str] = {
    "evals/attacks.py": "edit the rows of evals/redteam.jsonl",
    "evals/cases.py": "edit the rows of evals/dataset.jsonl",
    "infra/memory.yaml": "each deployment makes it of manifest.yaml, and kit render shows it",
    "ops/document.py": "what was in ops/ are commands of kit, see kit --help",
    "src/agent/wiring/service.py": "import from agentcore_kit.serving",
    "src/runtime/identity.py": "import from agentcore_kit.runtime",
    "src/tool/wiring/server.py": "import from agentcore_kit.mcp_server",
    "tests/dimensions/performance.yaml": "set alarms.latencyP95Ms in environments/<name>.yaml",
}
"""Files of former releases, a single one for what was a folder of the platform, each with what to do instead."""


def left_over() -> list[str]:
    """Return which files are here although nothing reads them: one line each, with what replaces it."""
    return [
        f"{name}:1: has no effect any more: {instead}; then remove it"
        for name, instead in REPLACED.items()
        if repository_path(name).is_file()
    ]
