"""What this component is and who owns it: `manifest.yaml`, the one source of its identity."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from agentcore_kit.config.delivery import Delivery, delivery_findings
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.loader import Document, Finding, Model, check, parse
from agentcore_kit.config.repository import MANIFEST, repository_path

KindName = Literal["Agent", "Tool", "Memory", "Platform"]
KINDS: tuple[KindName, ...] = get_args(KindName)

# Only the models of the repository's own kind are imported: every start of a server waits for them.
_MODELS: dict[str, str] = {
    "Agent": "agentcore_kit.config.agent:AgentManifest",
    "Tool": "agentcore_kit.config.tool:ToolManifest",
    "Memory": "agentcore_kit.config.memory:MemoryManifest",
    "Platform": "agentcore_kit.config.platform:PlatformManifest",
}

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
# In snake case it names the Runtime, which may have 48 characters: 40 leave room for an environment.
ComponentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=3, max_length=40)]
OwnerText = Annotated[
    str, StringConstraints(pattern=f"^({_EMAIL}|@{_LOGIN}/{_TEAM}|{_TEAM})$", min_length=3, max_length=128)
]
_TAG_NEEDS = "1 to 64 letters, digits, dots, hyphens, underscores or slashes"


class Metadata(Model):
    """Identity and ownership. Owner, cost centre and use case become tags on every resource."""

    name: ComponentName = Field(
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
    owner: OwnerText = Field(
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
    """`manifest.yaml`. Each kind has a subclass, whose `spec` is that kind's own."""

    api_version: Literal["agentops/v1"] = Field(description="the version of this format", examples=["agentops/v1"])
    kind: KindName = Field(description="the kind of component", examples=["Agent"])
    metadata: Metadata = Field(description="identity and ownership")
    spec: Any = Field(description="what is particular to this kind of component")

    @property
    def delivery(self) -> Delivery:
        """The environments that the component is delivered to."""
        found: Delivery = self.spec.delivery
        return found

    @classmethod
    def spec_findings(cls, document: Document) -> Iterator[Finding]:
        """Yield the rules between fields of `spec` that a manifest breaks; a kind that has such overrides this."""
        yield from ()


def load_manifest(path: Path | None = None) -> Manifest:
    """Return the manifest, as the model of its own kind.

    Args:
        path: The file; the repository's own where it is left out.

    Raises:
        ConfigError: With file, line and field of every problem, and what would be right.
    """
    document = parse(path or repository_path(MANIFEST))
    _refuse_unknown_kind(document)  # by which fields the rest is to be judged is not known then
    model = manifest_model(document)
    shared = [*_tag_findings(document), *delivery_findings(document)]
    return check(document, model, [*shared, *model.spec_findings(document)])


def manifest_model(document: Document) -> type[Manifest]:
    """Return the model for what a file says under `kind`; that of an agent where it says nothing known."""
    model: type[Manifest] = import_string(_MODELS.get(str(document.data.get("kind")), _MODELS["Agent"]))
    return model


def repository_kind() -> KindName:
    """Return the kind of component that this repository is, without checking anything else of its manifest.

    Raises:
        ConfigError: When there is no manifest, or its kind is not known.
    """
    path = repository_path(MANIFEST)
    return _kind_of(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=8)
def _kind_of(path: Path, _: int) -> KindName:
    """Return what a file says under `kind`; read once for each time at which the file was written."""
    document = parse(path)
    _refuse_unknown_kind(document)
    document.refuse()
    for known in KINDS:
        if known == document.data.get("kind"):
            return known
    raise ConfigError([f"{MANIFEST}:1: kind: missing; one of: {', '.join(KINDS)}"])


def _refuse_unknown_kind(document: Document) -> None:
    """Refuse a file whose kind is not known; what else is wrong with it can then not be said."""
    kind = document.data.get("kind")
    if kind is not None and kind not in KINDS:
        from agentcore_kit.config.explain import choose  # only a wrong file needs it

        document.report(("kind",), f"{kind!r} is not known; {choose(str(kind), KINDS)}")
        document.refuse()


def _tag_findings(document: Document) -> Iterator[Finding]:
    tags = document.section("metadata").get("tags")
    for tag in tags if isinstance(tags, dict) else ():
        if tag in _OWNER_TAGS or tag.lower().startswith("aws:"):
            yield ("metadata", "tags", tag), "is set by others; choose another name"
