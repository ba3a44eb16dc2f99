"""`kit catalog`: from clones, from the registry, from both; what is alike; a page that shows hostile texts as text."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentcore_kit.governance.catalog import catalog, merged
from agentcore_kit.governance.catalog_entry import CatalogEntry
from tests.governance.conftest import DOCUMENTED, Registered, component, declare, tool_record
from tests.governance.test_fleet import HOSTILE, Tags, evaluated


def made(folder: Path, **options: Any) -> dict[str, dict[str, Any]]:
    """Return what the catalog's JSON says, by the names of the components."""
    catalog(folder=folder, **options)
    found = json.loads((folder / "catalog.json").read_text(encoding="utf-8"))["components"]
    return {one["name"]: one for one in found}


def change(repository: Path, **values: Any) -> None:
    """Change values of a manifest: `metadata` and `spec` are merged."""
    path = repository / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in values.items():
        manifest[name] |= value
    path.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")


def test_clones_say_who_owns_what_what_it_offers_who_uses_it_and_how_it_was_measured(
    clones: Path, tmp_path: Path
) -> None:
    change(clones / "example-agent", spec={"tools": {"gateways": ["company-tools"]}, "memory": "example-memory"})
    evaluated(clones / "example-agent", True, "2026-05-01T08:00:00+00:00")
    found = made(tmp_path / "out", source=clones)
    assert set(found) == {"example-agent", "example-tool", "example-memory"}
    agent, tool, memory = (found[f"example-{kind}"] for kind in ("agent", "tool", "memory"))
    assert (agent["score"], agent["owner"]) == (0.9, "analytics-team@example.com")
    assert {"example-agent"} <= set(tool["consumers"])
    assert {"assistant", "example-agent"} <= set(memory["consumers"])
    assert "example-tool___getMarketData" in {one["name"] for one in tool["offers"]}
    assert all("Use when" in one["description"] for one in tool["offers"])
    assert tool["compliance"]["dataClassification"] == "internal"
    ast.parse(tool["samples"]["Python"])
    ast.parse(agent["samples"]["Python"])
    assert "example-tool___" in tool["samples"]["Python"]
    assert yaml.safe_load(tool["samples"]["manifest.yaml"]) == {"spec": {"tools": {"gateways": ["company-tools"]}}}


def test_near_duplicates_are_shown_on_both_sides_and_others_are_not(
    clones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(clones / "example-tool", clones / "another-tool")
    change(copy, metadata={"name": "another-tool"})
    found = made(tmp_path / "out", source=clones)
    assert [one["name"] for one in found["example-tool"]["similar"]] == ["another-tool"]
    assert [one["name"] for one in found["another-tool"]["similar"]] == ["example-tool"]
    assert not found["example-agent"]["similar"]
    assert "2 of them nearly the same" in capsys.readouterr().out
    assert "like another-tool" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_the_registry_says_what_is_approved_and_components_yaml_who_uses_it(
    registered: Registered, clones: Path, tmp_path: Path
) -> None:
    uses = component("reporter", "Agent", gateways=["company-tools"])
    declare(clones / "example-platform", "components.yaml", "components", [component("claims"), uses])
    compliance = {"dataClassification": "confidential", "personalData": True}
    ends = {"removal": "2027-06-30", "useInstead": "claims-2"}
    registered.add("claims", tool_record(DOCUMENTED, compliance=compliance, deprecation=ends))
    gone = registered.add("retired", tool_record(DOCUMENTED))
    registered.control.update_registry_record_status(
        registryId=registered.arn, recordId=gone, status="DEPRECATED", statusReason="gone"
    )
    found = made(tmp_path / "out", env="shared")
    assert set(found) == {"claims"}
    one = found["claims"]
    assert (one["approval"], one["kind"], one["cost_center"]) == ("waits for approval", "Tool", "CC-1234")
    assert one["compliance"] == compliance
    assert one["deprecated"] == "ends on 2027-06-30; use claims-2"
    assert [each["name"] for each in one["offers"]] == ["claims___getClaim"]
    assert "C-17" not in one["samples"]["Python"]
    assert "'claim': 'text'" in one["samples"]["Python"]


def test_consumers_of_a_record_follow_from_the_gateway_that_they_may_use(
    registered: Registered, clones: Path, tmp_path: Path
) -> None:
    from agentcore_kit.delivery.registry import Descriptor

    uses = component("reporter", "Agent", gateways=["company-tools"])
    declare(clones / "example-platform", "components.yaml", "components", [component("claims"), uses])
    registered.add("claims", tool_record(DOCUMENTED))
    registered.add("reporter", Descriptor("AGENT", "custom", json.dumps({"skills": []})))
    assert made(tmp_path / "out", env="shared")["claims"]["consumers"] == ["reporter"]


def test_clones_complete_the_records_and_show_what_has_none(
    registered: Registered, clones: Path, tmp_path: Path
) -> None:
    registered.add("example-tool", tool_record(DOCUMENTED))
    evaluated(clones / "example-tool", True, "2026-05-01T08:00:00+00:00")
    found = made(tmp_path / "out", env="shared", source=clones)
    assert (found["example-tool"]["score"], found["example-tool"]["approval"]) == (0.9, "waits for approval")
    assert found["example-agent"]["approval"] == "not in the registry"


def test_each_of_two_records_of_one_name_is_completed() -> None:
    old, new, clone = (CatalogEntry(name="claims", kind="Tool", version=one) for one in ("1", "2", "3"))
    found = merged([old, new], [replace(clone, score=0.9), replace(clone, name="other")], {})
    assert [(one.name, one.version, one.score) for one in found] == [
        ("claims", "1", 0.9), ("claims", "2", 0.9), ("other", "3", None),
    ]  # fmt: skip


def test_hostile_names_and_descriptions_stay_text(registered: Registered, clones: Path, tmp_path: Path) -> None:
    change(clones / "example-agent", metadata={"description": HOSTILE, "owner": HOSTILE})
    change(clones / "example-memory", metadata={"name": HOSTILE})
    registered.add("odd", tool_record({"name": HOSTILE, "description": HOSTILE, "inputSchema": {"required": ["x"]}}))
    found = made(tmp_path / "out", env="shared", source=clones)
    assert found["odd"]["samples"].keys() == {"manifest.yaml"}, "no program can be made of a broken schema"
    read = Tags()
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    read.feed(text)
    assert [tag for tag, _ in read.tags].count("script") == 1
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    assert "".join(read.said).count(HOSTILE) >= 3


def test_the_page_is_one_file_that_loads_nothing(clones: Path, tmp_path: Path) -> None:
    made(tmp_path / "out", source=clones)
    read = Tags()
    read.feed((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    assert not [one for one in read.tags if one[0] in ("link", "img", "iframe") or "src" in one[1]]
    hrefs = [attributes["href"] for tag, attributes in read.tags if "href" in attributes]
    assert all(str(one).startswith("#") for one in hrefs)
    policy = [attributes.get("content") for tag, attributes in read.tags if "http-equiv" in attributes]
    assert policy
    assert str(policy[0]).startswith("default-src 'none'")


def test_a_wrong_neighbour_is_shown_with_what_is_wrong(clones: Path, tmp_path: Path) -> None:
    (clones / "example-agent" / "manifest.yaml").write_text("kind: Agent\nmetadata: {name: x}", encoding="utf-8")
    (clones / "example-tool" / "tests" / "contract.json").write_text("{", encoding="utf-8")
    found = made(tmp_path / "out", source=clones)
    assert "manifest.yaml:" in found["x"]["problem"]
    assert found["example-tool"]["offers"] == []


def test_it_must_be_said_where_from(clones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        catalog()
    assert end.value.code == 2
    assert "--from" in capsys.readouterr().err
