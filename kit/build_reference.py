"""Write `kit/llms.txt`: what of the kit a repository of any kind may use, and where its documentation is.

The form is that of llms.txt: title, summary, sections. A test compares the file with what this makes of the source.
"""

from __future__ import annotations

from pathlib import Path

from agentcore_kit.cli import ALL
from agentcore_kit.guidance.reference import entries, page

KIT = Path(__file__).parent
REFERENCE = KIT / "llms.txt"


def text() -> str:
    """Return what `kit/llms.txt` should be."""
    links = [f"- [{_title(path)}](../{path.relative_to(KIT.parent).as_posix()})" for path in _documentation()]
    return "\n".join([page(list(entries(*ALL))), "", "## Documentation", "", *links, ""])


def _documentation() -> list[Path]:
    docs = KIT.parent / "docs"
    return [KIT.parent / "README.md", KIT / "README.md", *sorted(docs.glob("*.md")), *sorted(docs.glob("kinds/*.md"))]


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").replace("`", "")


if __name__ == "__main__":
    REFERENCE.write_text(text(), encoding="utf-8")
    print(f"{REFERENCE}: written")
