"""Every resource of the platform says who owns it and who pays, as those of components do."""

from __future__ import annotations

from pathlib import Path

from agentcore_kit.config.infrastructure import read_template
from agentcore_kit.testing.infrastructure import TAGS


def test_every_resource_has_the_tags_of_its_owner_or_says_why_not() -> None:
    found = []
    for path in sorted(Path("infra").glob("*/*.yaml")):
        for name, resource in read_template(path.read_text(encoding="utf-8"))["Resources"].items():
            bodies = [resource] if isinstance(resource, dict) else [*resource[2].values()]  # Fn::ForEach
            for body in bodies:
                tags = body.get("Properties", {}).get("Tags", {})
                keys = {tag["Key"] for tag in tags} if isinstance(tags, list) else {*tags}
                if not keys >= TAGS and "Tags" not in body.get("Metadata", {}).get("Reviewed", {}):
                    found.append(f"{path}: {name}")
    assert found == []
