"""Release notes of this repository, and releases of its template."""

from __future__ import annotations

from ops.delivery import notes, template


def test_release_notes_from_commits_and_evaluation() -> None:
    subjects = ["feat: compare regions", "fix(tools)!: quarters", "Say more", "docs: verbs"]
    lines = notes.text("agent", "1.2.0", "v1.1.0", subjects, "| Correctness | 90 % |")
    order = [
        "# agent 1.2.0",
        "Since v1.1.0.",
        "## Breaking",
        "## Added",
        "## Changed",
        "## Documentation",
        "## Evaluation",
    ]
    assert [lines.index(part) for part in order] == sorted(lines.index(part) for part in order)
    assert "- compare regions" in lines


def test_the_newest_release_by_version_not_by_name() -> None:
    listing = "a\trefs/tags/v0.9.0\nb\trefs/tags/v0.10.0\nc\trefs/tags/v0.10.0^{}\nd\trefs/tags/next"
    assert template.newest_release(listing) == "v0.10.0"
    assert template.newest_release("") is None
