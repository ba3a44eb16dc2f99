"""What this component is and who owns it: `manifest.yaml`, the one source of its identity."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from agentcore_kit.config.loader import ROOT, Document, Finding, Model, check, parse
from agentcore_kit.config.agent import Kind, Spec

MANIFEST = ROOT / "manifest.yaml"

_EMAIL = r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_LOGIN = r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*"
_TEAM = r"[a-z0-9][a-z0-9_-]*"
_OWNER_TAGS = {"owner", "cost-center", "use-case-id"}
_JOINERS = "\u200c\u200d"


def _one_line(text: str) -> str:
    """Refuse what YAML, a tag or a reader could misread: control and invisible characters, line separators."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    if text != text.strip() or any(unicodedata.category(c) in hidden and c not in _JOINERS for c in text):
        raise ValueError("not one line of visible text")
    return text


TagText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
_TAG_NEEDS = "1 to 64 letters, digits, dots, hyphens, underscores or slashes"


class Metadata(Model):
    """Identity and ownership. Owner, cost centre and use case become tags on every resource."""

    # In snake case it names the Runtime, which may have 48 characters: 40 leave room for an environment.
    name: str = Field(
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        min_length=3,
        max_length=40,
        description="3 to 40 lower-case letters and digits, words joined by one hyphen, a letter first",
        examples=["financial-analytics-agent"],
    )
    version: str = Field(
        pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$",
        description="a semantic version of the component",
        examples=["0.1.0"],
    )
    description: Annotated[str, AfterValidator(_one_line)] = Field(
        min_length=1,
        max_length=1000,
        description="what the component does, on one line",
        examples=["Answers questions about revenue, growth and markets."],
    )
    owner: str = Field(
        pattern=f"^({_EMAIL}|@{_LOGIN}/{_TEAM}|{_TEAM})$",
        min_length=3,
        max_length=128,
        description="an e-mail address or a GitHub team",
        examples=["analytics-team@example.com"],
    )
    cost_center: TagText = Field(description=f"who pays, {_TAG_NEEDS}", examples=["CC-1234"])
    use_case_id: TagText = Field(description=f"as approved by governance, {_TAG_NEEDS}", examples=["UC-0042"])
    github_org: str = Field(
        pattern=f"^{_LOGIN}$",
        max_length=39,
        description="the GitHub organisation of the repository",
        examples=["example-org"],
    )
    # The characters that every tagged service accepts.
    tags: dict[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._:/=+@-]{1,128}$")],
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._:/=+@-]{0,256}$")],
    ] = Field(
        default={},
        description="further tags, letters, digits, spaces and ._:/=+@- only",
        examples=["{data-classification: internal}"],
    )


class Manifest(Model):
    """`manifest.yaml`."""

    api_version: Literal["agentops/v1"] = Field(description="the version of this format", examples=["agentops/v1"])
    kind: Kind = Field(description="the kind of component", examples=list(get_args(Kind)))
    metadata: Metadata = Field(description="identity and ownership")
    spec: Spec = Field(description="what is particular to this kind of component")


def load_manifest(path: Path = MANIFEST) -> Manifest:
    """Return the manifest.

    Raises:
        DocumentError: with every problem's file, line and field, and what would be right.
    """
    document = parse(path)
    return check(document, Manifest, [*_tag_findings(document), *Spec.findings(document)])


def _tag_findings(document: Document) -> Iterator[Finding]:
    tags = document.section("metadata").get("tags")
    for tag in tags if isinstance(tags, dict) else ():
        if tag in _OWNER_TAGS or tag.lower().startswith("aws:"):
            yield ("metadata", "tags", tag), "is set by others; choose another name"
