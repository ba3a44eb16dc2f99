"""Regions and partitions: what one lacks is said before a deployment, and what can be left out is left out."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from botocore.session import Session

from agentcore_kit.checks import commands as checks
from agentcore_kit.checks import regions
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.config.regions import WITH_REGISTRY, WITH_RUNTIME, WITHOUT, global_profiles
from agentcore_kit.delivery.regions import domain, partition

KIND = repository_kind()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a copy of the repository."""
    copy = tmp_path / "copy"
    shutil.copytree(Path.cwd(), copy, ignore=shutil.ignore_patterns(".local", "__pycache__", ".*_cache"))
    monkeypatch.chdir(copy)
    return copy


def moved(folder: Path, env: str, region: str) -> None:
    """Let an environment be in another region."""
    path = folder / "environments" / f"{env}.yaml"
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^region: .*$", f"region: {region}", text)
    if region.startswith("us-gov-"):  # its models are its own
        text = text.replace("id: global.", "id: us-gov.")
    path.write_text(text, encoding="utf-8")


def test_the_partition_of_each_region_is_botocores() -> None:
    for region in WITH_RUNTIME | WITHOUT:
        assert partition(region) == Session().get_partition_for_region(region)
        assert global_profiles(region) == (partition(region) == "aws"), region


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1"])
def test_the_domain_of_a_partition_is_that_of_botocores_endpoints(region: str) -> None:
    client = Session().create_client("ec2", region, aws_access_key_id="x", aws_secret_access_key="x")
    assert client.meta.endpoint_url == f"https://ec2.{region}.{domain(region)}"


def test_a_region_that_lacks_what_is_optional_is_warned_of_and_deployed_to(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for env in ("dev", "preprod", "prod"):
        moved(copy, env, "us-gov-west-1")
    assert list(regions.problems()) == []
    said = "\n".join(regions.warnings())
    assert "environments/prod.yaml: region: no region of partition aws-us-gov has AWS Agent Registry" in said
    assert ("no online evaluation in us-gov-west-1" in said) == (KIND == "Agent")
    assert regions.main() == 0
    assert all(line.startswith("warning: ") for line in capsys.readouterr().out.splitlines())


def test_the_registry_may_be_in_another_region(copy: Path) -> None:
    (line,) = [line for line in regions.warnings() if "Registry" in line]
    assert line.startswith("environments/prod.yaml: region: eu-central-1 has no AWS Agent Registry")
    assert "eu-west-1" in line
    moved(copy, "prod", "eu-west-1")
    assert not [line for line in regions.warnings() if "Registry" in line]
    assert "eu-west-1" in WITH_REGISTRY


def test_two_partitions_have_no_image_in_common(copy: Path) -> None:
    moved(copy, "prod", "us-gov-west-1")
    found = [line for line in regions.problems() if "partition" in line]
    if KIND == "Memory":  # it has no image, and each environment has a role of its own
        assert found == []
    else:
        (line,) = found
        assert line.startswith("environments/prod.yaml: region: us-gov-west-1 is in partition aws-us-gov")
        assert "preprod is in aws" in line


def test_check_shows_warnings_of_a_step_that_passed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warn = (sys.executable, "-c", "print('warning: mind the gap'); print('other output')")
    monkeypatch.setattr(checks, "steps", lambda *_: iter([checks.Step("regions", warn)]))
    checks.check()
    said = capsys.readouterr()
    assert "warning: mind the gap" in said.out
    assert "other output" not in said.out
