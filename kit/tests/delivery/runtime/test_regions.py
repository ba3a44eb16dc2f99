"""An image reaches production in another region and account: copied, its digest as before, its proof as before."""

from __future__ import annotations

from pathlib import Path

import yaml

from agentcore_kit.checks.parameters import problems
from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.delivery import images, names
from agentcore_kit.local.aws_emulator.docker import digest_of
from agentcore_kit.local.aws_emulator.images import Images
from tests.delivery.runtime_world import COMMIT, World
from tests.delivery.shell import refused


def there(world: World, region: str) -> Images:
    """Return the shared account's ECR in a region."""
    return world.cloud.at(str(world.environments["prod"].shared_account), region).images


def tags(world: World, region: str, digest: str) -> set[str]:
    """Return an image's tags in a region."""
    return there(world, region).repositories[load_manifest().metadata.name].get(digest, set())


def image_in(world: World, env: str) -> str:
    """Return the image that the runtime of an environment was deployed with last."""
    (runtime,) = world.at(env).runtimes.runtimes.values()
    image: str = runtime.versions[-1]["AgentRuntimeArtifact"]["ContainerConfiguration"]["ContainerUri"]
    return image


def test_a_build_reaches_every_region_of_production(regions: World) -> None:
    built = regions.must("build", "preprod")
    assert "copy it to" in built.out
    digest = digest_of(COMMIT)
    assert tags(regions, "us-east-1", digest) == {COMMIT} == tags(regions, "eu-central-1", digest)
    again = regions.must("build", "preprod")
    assert "copy it to" not in again.out


def test_what_passed_goes_to_each_with_the_same_digest(regions: World) -> None:
    regions.must("build", "preprod")
    refused(regions.type("deploy", "prod-us"), "has not passed pre-production", "kit gate --env preprod", code=1)
    regions.passed(COMMIT)
    for env in ("prod", "prod-us"):
        regions.must("deploy", env)
        regions.must("promote", env)
    first, second = image_in(regions, "prod"), image_in(regions, "prod-us")
    assert first.rpartition("@")[2] == second.rpartition("@")[2] == digest_of(COMMIT)
    assert [".ecr.eu-central-1." in first, ".ecr.us-east-1." in second] == [True, True]
    assert regions.live("prod-us") == "1"


def test_what_another_has_tagged_there_is_no_proof(regions: World) -> None:
    """Only pre-production says what has passed; a tag in the other region's ECR does not."""
    regions.must("build", "preprod")
    digest, proof = digest_of(COMMIT), names.passed_tag(images.dataset_version(), digest_of(COMMIT))
    there(regions, "us-east-1").push(load_manifest().metadata.name, digest, proof)
    refused(regions.type("deploy", "prod-us"), "has not passed pre-production")


def test_a_region_that_was_added_later_gets_what_was_built_before(regions: World) -> None:
    refused(regions.type("build", "prod-us"), "has no image of commit", "kit build --env preprod")
    regions.ready()
    refused(regions.type("deploy", "prod-us"), "has no image", "kit build --env prod-us")
    regions.must("build", "prod-us")
    assert tags(regions, "us-east-1", digest_of(COMMIT)) == {COMMIT}
    regions.must("deploy", "prod-us")


def test_another_image_under_the_tag_of_the_commit_is_refused(regions: World) -> None:
    there(regions, "us-east-1").push(load_manifest().metadata.name, digest_of("other"), COMMIT)
    refused(
        regions.type("build", "preprod"),
        f"has image {digest_of('other')[:19]} as commit {COMMIT[:12]}",
        "prod-us gets only what preprod has tested",
        "remove tag",
    )


def test_copies_are_signed_like_the_image(regions: World, tmp_path: Path) -> None:
    regions.monkeypatch.setattr(images, "record_path", lambda: tmp_path / "build.json")
    cosign, signed = tmp_path / "bin" / "cosign", tmp_path / "signed"
    cosign.write_text(f'#!/bin/sh\necho "$3" >> "{signed}"\n', encoding="utf-8")
    cosign.chmod(0o755)
    for _ in range(2):
        regions.must("build", "preprod")
    hosts = [line.split(".")[3] for line in signed.read_text(encoding="utf-8").splitlines()]
    assert hosts == ["eu-central-1", "us-east-1"]


def test_development_builds_for_itself_only(regions: World) -> None:
    regions.must("build", "dev")
    assert tags(regions, "us-east-1", digest_of(COMMIT)) == set()


def test_a_template_that_refuses_the_new_name_is_found_before_a_deployment(second_region: Path) -> None:
    assert list(problems()) == []
    path = second_region / "infra" / "runtime.yaml"
    pattern = "    AllowedPattern: '[a-z][a-z0-9-]*'\n"
    text = path.read_text(encoding="utf-8")
    assert pattern in text
    path.write_text(text.replace(pattern, "    AllowedValues: [dev, preprod, prod]\n"), encoding="utf-8")
    assert "".join(problems()).startswith("infra/runtime.yaml: EnvironmentName: AllowedValues has no prod-us")


def test_a_sealed_role_may_read_the_image_of_its_own_region(regions: World) -> None:
    regions.must("build", "preprod")
    regions.passed(COMMIT)
    regions.must("deploy", "prod-us")
    stack = next(one for name, one in regions.at("prod-us").stacks.stacks.items() if name.endswith("-role"))
    assert ":ecr:us-east-1:" in yaml.safe_dump([each.properties for each in stack.resources.values()])
