"""The tool's part of the manifest: what is wrong is refused with line and field, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_path

TEXT = repository_path("manifest.yaml").read_text(encoding="utf-8")


def problems(tmp_path: Path, before: str, after: str) -> list[str]:
    assert before in TEXT
    path = tmp_path / "manifest.yaml"
    path.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_manifest(path)
    return [problem.partition("manifest.yaml")[2] for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "  prefix: ",
            "  prefix: market_data #",
            "spec.prefix: 'market_data' is not right; needed: letters, digits and",
        ),
        ("    dataClassification: internal", "    # ", "spec.compliance.dataClassification: missing; every tool on a"),
        ("    dataOwner: ", "    # ", "spec.compliance.dataOwner: missing; every tool on a shared gateway"),
        (
            "outbound: jwt-passthrough",
            "outbound: gateway-iam-role",
            "outbound: must be jwt-passthrough with inbound jwt",
        ),
        ("target: runtime", "target: lambda", "spec.auth.inbound: must be iam with target lambda"),
        ("scope: shared", "scope: public", "spec.gateway.scope: 'public' is not known; one of: shared, application"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field(tmp_path: Path, before: str, after: str, said: str) -> None:
    found = problems(tmp_path, before, after)
    assert any(said in problem for problem in found), found
    assert all(problem.split(":")[1].isdigit() for problem in found)


def test_an_application_gateway_asks_for_no_compliance(tmp_path: Path) -> None:
    text = TEXT.replace("scope: shared", "scope: application").replace("    dataClassification: internal", "    # ")
    path = tmp_path / "manifest.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_manifest(path).spec.compliance.data_classification is None


@pytest.mark.parametrize(
    ("region", "inbound", "target", "is_refused"),
    [
        ("us-west-1", "iam", "runtime", True),
        ("us-west-1", "iam", "lambda", False),
        ("us-west-1", "jwt", "runtime", False),
        ("us-west-2", "iam", "runtime", False),
    ],
)
def test_only_a_region_with_resource_policies_keeps_callers_for_the_gateway(
    tmp_path: Path, region: str, inbound: str, target: str, is_refused: bool
) -> None:
    outbound = "gateway-iam-role" if inbound == "iam" else "jwt-passthrough"
    manifest = load_manifest()
    raw = manifest.model_dump(by_alias=True)
    raw["spec"] |= {"target": target, "auth": {"inbound": inbound, "outbound": outbound}}
    text = repository_path("environments/dev.yaml").read_text(encoding="utf-8")
    (tmp_path / "dev.yaml").write_text(text.replace("eu-central-1", region), encoding="utf-8")
    said: list[str] = []
    try:
        read_environment("dev", type(manifest).model_validate(raw), folder=tmp_path)
    except ConfigError as refused:
        said = list(refused.problems)
    assert [f"region: {region} has no AgentCore resource policies" in each for each in said] == [True] * is_refused
