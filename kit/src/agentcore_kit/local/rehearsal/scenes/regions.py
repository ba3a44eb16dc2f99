"""An environment in another region: it gets its image and its stacks there."""

from __future__ import annotations

from contextlib import chdir

from agentcore_kit.local.aws_emulator.world import environments, pipeline_roles, prepared
from agentcore_kit.local.rehearsal.scene import AGENT, TOOL, scene
from agentcore_kit.local.rehearsal.scenes.common import edit, production
from agentcore_kit.local.rehearsal.stage import Stage

REGION = "us-east-1"


@scene("another-region", "An environment of production moves to another region: its image is copied there", AGENT, TOOL)
def another_region(it: Stage) -> None:
    """Deliver to production in another region than pre-production, from the build on."""
    first = production()[0]
    edit(it.home / "environments" / f"{first}.yaml", {"region": REGION})
    with chdir(it.home):
        prepared(it.cloud)
        pipeline_roles(it.cloud)
        it.callers.environments = environments()
    digest = it.commit("Production is in another region")
    for step in it.steps("build"):
        assert it.run(step), "the image is not built and copied"
    shared = str(it.environments[first].shared_account)
    copies = it.cloud.at(shared, REGION).images.repositories
    assert any(digest in known for known in copies.values()), f"no copy of the image is in {REGION}"
    for place in list(it.cloud.places.values()):
        for repository, known in place.images.repositories.items():
            if digest in known:
                place.images.push(repository, digest, it.passed_tag(digest))
    assert it.job("production", without=("newer", "status")), "production in another region is not delivered to"
    assert it.live(first) == "1"
