"""The image, really built from the Dockerfile, started and asked: where Docker or Buildah works on this machine."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from agentcore_kit.delivery.build_settings import build_options

NAME = "agentcore-kit-rehearsal"
"""The name of the image and of the container, which is removed at the end."""

USER = "10001"
"""Whom the image runs as, by its Dockerfile."""

BUILD_SECONDS, START_SECONDS = 1800.0, 120.0

_NOT_THE_IMAGES_FAULT = (
    "exec format error",
    "failed to do request",
    "failed to resolve source metadata",
    "no such host",
    "connection refused",
    "i/o timeout",
    "pinging container registry",
    "tls:",
    "operation not permitted",
)
"""What a build says, in any case of letters, that cannot get its base image, or cannot run its architecture here."""


class CannotBuild(Exception):
    """Why this machine cannot build the image, which says nothing of the image."""


def try_image(home: Path, port: int, path: str) -> str:
    """Build the image of a repository, start it, and ask it.

    Args:
        home: A folder with the repository's files.
        port: The port that the component listens on in the container.
        path: Where it takes requests: `/invocations` or `/mcp`.

    Returns:
        A sentence: that it was built and what it answered, or that it was not built, and why.

    Raises:
        AssertionError: When it cannot be built or started, or does not answer as it should.
    """
    try:
        builder = _builder()
        _build(builder, home)
    except CannotBuild as reason:
        return f"the image was not built: {reason}"
    with _started(builder, port) as address:
        uid = _output(*_inside(builder), "id", "-u").strip()
        assert uid == USER, f"the image runs as user {uid}, and must as {USER}"
        ping = httpx.get(f"{address}/ping", timeout=10)
        assert ping.status_code == 200, f"GET /ping of the image: {ping.status_code} {ping.text}"
        asked = httpx.post(f"{address}{path}", json={}, timeout=60)
        assert asked.status_code == 401, f"POST {path} of the image, without a token: {asked.status_code} {asked.text}"
    return f"the image was built by {builder}, ran as user {USER}, answered GET /ping, and refused who had no token"


def _builder() -> str:
    """Return what builds images here. Raises CannotBuild without one that works: a client alone does not."""
    reasons = []
    for name, probe in (("docker", ("info", "--format", "{{.ServerVersion}}")), ("buildah", ("info",))):
        if shutil.which(name) is None:
            reasons.append(f"there is no {name}")
            continue
        done = subprocess.run([name, *probe], capture_output=True, text=True, timeout=30, check=False)
        if done.returncode == 0:
            return name
        reasons.append(f"{name} does not work ({_last(done.stderr)})")
    raise CannotBuild(" and ".join(reasons))


def _build(builder: str, home: Path) -> None:
    command = [*(("docker", "buildx", "build", "--load") if builder == "docker" else ("buildah", "build"))]
    with build_options() as options:
        done = subprocess.run(
            [*command, "--platform", "linux/arm64", "--tag", NAME, *options, "."],
            cwd=home, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False,
        )  # fmt: skip
    if done.returncode == 0:
        return
    said = done.stderr.lower()
    if any(each in said for each in _NOT_THE_IMAGES_FAULT):
        raise CannotBuild(f"{builder} cannot get the base image or run it here ({_last(done.stderr)})")
    raise AssertionError(f"{builder} cannot build the image:\n{done.stderr[-3000:]}")


@contextmanager
def _started(builder: str, port: int) -> Iterator[str]:
    """Start the image in a container; yield its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    process = None
    try:
        if builder == "docker":
            _output("docker", "run", "--detach", "--name", NAME, "--publish", f"127.0.0.1:{free}:{port}", NAME)
        else:
            _output("buildah", "from", "--name", NAME, NAME)
            command = json.loads(
                _output("buildah", "inspect", "--type", "image", "--format", "{{json .OCIv1.Config.Cmd}}", NAME)
            )
            network = ["--network", "host", "--env", f"PORT={free}"]
            process = subprocess.Popen(["buildah", "run", *network, NAME, "--", *command])  # noqa: S607
        address = f"http://127.0.0.1:{free}"
        _wait(address)
        yield address
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=20)
        remove = ("docker", "rm", "--force", NAME) if builder == "docker" else ("buildah", "rm", NAME)
        subprocess.run(remove, capture_output=True, check=False)


def _inside(builder: str) -> list[str]:
    return ["docker", "exec", NAME] if builder == "docker" else ["buildah", "run", NAME, "--"]


def _wait(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/ping", timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"the image does not answer within {START_SECONDS:.0f} s")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"`{' '.join(command)}` failed: {done.stderr[-2000:]}"
    return done.stdout


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
