"""`kit render`: what follows from the manifest, to look at: the template that is deployed, and a page in words."""

from __future__ import annotations

from pathlib import Path

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.memory import MemorySpec
from agentcore_kit.config.repository import LOCAL, relative, repository_path
from agentcore_kit.delivery.memory import page, template


def rendered_folder() -> Path:
    """Return the folder that rendered templates are written to; `kit check` looks at them there."""
    return repository_path(LOCAL, "infra")


def render_template(spec: MemorySpec) -> Path:
    """Write the memory's template to where it can be looked at, and return the path."""
    return _written(rendered_folder() / "memory.yaml", template.text(spec))


def render() -> None:
    """Write the template that is deployed, and the configuration on one page, into .local/, to look at."""
    spec = load_manifest().spec
    for path in (render_template(spec), _written(repository_path(LOCAL, "configuration.md"), page.text(spec))):
        print(f"{relative(path)}: written")


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
