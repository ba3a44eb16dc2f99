"""The reader of sentences: what is not so, and what nobody knows, is found; what is so is not."""

from __future__ import annotations

from importlib import import_module

import pytest

from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.local.aws_emulator.cloud import Cloud
from agentcore_kit.local.aws_emulator.runtimes import Endpoint, Runtime
from agentcore_kit.local.aws_emulator.world import environments, prepared
from agentcore_kit.local.rehearsal import sentences
from agentcore_kit.local.rehearsal.callers import Got, place_of, summary
from agentcore_kit.local.rehearsal.reader import Told, untrue
from agentcore_kit.local.rehearsal.saved import copied, read, save, write

for module in sentences.MODULES[repository_kind()]:
    import_module(f"agentcore_kit.local.rehearsal.sentences.{module}")


def cloud_with(live: str | None) -> Cloud:
    cloud = Cloud()
    prepared(cloud)
    place = place_of(cloud, environments()["prod"])
    image = {"ContainerConfiguration": {"ContainerUri": f"1.dkr.ecr.eu.amazonaws.com/x@sha256:{'a' * 64}"}}
    versions = [{"AgentRuntimeArtifact": image}] * 3
    runtime = Runtime("x", "x-1", "arn:x", versions)
    if live:
        runtime.endpoints["live"] = Endpoint("live", live, live)
    place.runtimes.runtimes["x-1"] = runtime
    return cloud


def told(before: str | None, after: str | None, code: int = 0, command: str = "promote") -> Told:
    known = environments()
    return Told(command, (command,), known["prod"], code, cloud_with(before), cloud_with(after), known)


@pytest.mark.parametrize(
    "line",
    [
        "= prod: version 2 is live (sha256:aaaaaaaaaaaa); before it: 1",
        "  - endpoint live: version 1 → 2, and back when its test fails",
        "… endpoint live: version 1 → 2",
        "next:  kit status --env prod",
        "[11/28/26 01:47:00] INFO     HTTP Request: POST",
    ],
)
def test_what_is_so_is_read(line: str) -> None:
    assert untrue(line, told("1", "2")) == []


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("= prod: version 3 is live; before it: 1", "live serves 2"),
        ("= prod: version 2 is live (sha256:bbbbbbbbbbbb); before it: 1", "version 2 is of"),
        ("= prod: version 2 is live; before it: 3", "live served 1 before"),
        ("  - endpoint live: version 3 → 2", "served 1 before"),
        ("= nothing was changed; live: version 2", "changed:"),
        ("= prod: nothing is live", "live serves 2"),
        ("= prod: all is well", "no sentence of the table knows"),
        ("next:  kit wonder --env prod", "names a command that is none: wonder"),
        ("  environment prod   account 000000000000   region eu-central-1", "prod is account"),
    ],
)
def test_what_is_not_so_is_found(line: str, instead: str) -> None:
    (found,) = untrue(line, told("1", "2"))
    assert instead in found


def test_what_callers_got_is_summed_up_by_version() -> None:
    got = {Got("prod", "live", "1", 200): 3, Got("prod", "live", "2", 200): 2, Got("prod", "live", "2", 500): 1}
    assert summary(got) == [
        "callers of prod (live): 5 answers (version 1: 3, version 2: 2), 1 errors (version 2: HTTP 500: 1)"
    ]


def test_a_saved_moment_is_what_it_was_at_another_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, home = tmp_path_factory.mktemp("state") / "first", tmp_path_factory.mktemp("home")
    (home / "manifest.yaml").write_text("kind: Agent\n", encoding="utf-8")
    cloud = cloud_with("2")
    cloud.address = "http://127.0.0.1:1111"
    place_of(cloud, environments()["prod"]).parameters.values["/url"] = f"{cloud.address}/mcp"
    write(save(cloud, home, folder), folder)
    cloud.places.clear()
    saved = read(folder, "http://127.0.0.1:2222")
    assert saved is not None
    place = place_of(copied(saved.cloud), environments()["prod"])
    assert place.parameters.values["/url"] == "http://127.0.0.1:2222/mcp"
    assert place.runtimes.runtimes["x-1"].endpoints["live"].live == "2"
    assert (saved.home / "manifest.yaml").is_file()
