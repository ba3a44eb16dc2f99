"""`render`: write what follows from the manifest, or say that it is older than it."""

from __future__ import annotations

import sys

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.memory import page, template


def render(check: bool = False) -> None:
    """Write infra/memory.yaml and docs/configuration.md. With --check, only compare; exit code 1."""
    spec = load_manifest().spec
    wanted = {template.template_path(): template.text(spec), page.page_path(): page.text(spec)}
    stale = {
        path: text for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
    names = ", ".join(path.relative_to(repository_root()).as_posix() for path in stale)
    if check and stale:
        sys.exit(f"{names}: older than manifest.yaml; run `kit render` and commit the result")
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"configuration   written: {names}" if stale else "configuration   up to date with manifest.yaml")
