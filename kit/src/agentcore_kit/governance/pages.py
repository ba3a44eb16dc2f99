"""Pages of one file, without any address of elsewhere: they open from a folder, a mail or a static web server."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from agentcore_kit.config.errors import ConfigError

_STYLES = (
    files("agentcore_kit.evaluation") / "reports" / "report.css",
    files("agentcore_kit.governance") / "pages.css",
)
"""Colours and text as in the reports of evaluations, then what these pages have besides."""


def write(path: Path, template: str, content: Mapping[str, Any]) -> None:
    """Write a page to a file. Every text in it is escaped: names and descriptions come from other teams.

    Args:
        path: The file; its folder is made.
        template: The name of the template in this package.
        content: What the template shows.

    Raises:
        ConfigError: When it cannot be written.
    """
    loader = PackageLoader("agentcore_kit", "governance")
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    style = "".join(one.read_text(encoding="utf-8") for one in _STYLES)
    text = environment.get_template(template).render(style=style, **content)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror or error}; choose another"]) from None
