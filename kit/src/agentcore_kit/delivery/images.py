"""The image: built once for a commit, pushed to the shared account's ECR, from then on known by its digest.

AgentCore Runtime and Lambda get it from the ECR of their own region, in the shared account that the environment's file
names. Where that is another one than pre-production's, the same manifest is copied there, so its digest is the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.build_settings import build_options
from agentcore_kit.delivery.context import DeploymentContext, neighbour
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, error_code
from agentcore_kit.delivery.names import passed_tag
from agentcore_kit.delivery.regions import domain


def dataset_path() -> Path:
    """Return where the ground truth is."""
    return repository_root() / "evals" / "dataset.jsonl"


def record_path() -> Path:
    """Return where is noted what was built and described on this machine last."""
    return repository_root() / ".local" / "delivery" / "build.json"


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Image:
    """An image in ECR. `uri` is by digest: what was tested is what runs."""

    uri: str
    tags: tuple[str, ...]

    @property
    def digest(self) -> str:
        """`sha256:…`."""
        return digest_in(self.uri)

    @property
    def short(self) -> str:
        """Enough of the digest to recognise it."""
        return self.digest[:19]

    @property
    def passed(self) -> bool:
        """Whether it passed pre-production with the dataset of this commit."""
        return passed_tag(dataset_version(), self.digest) in self.tags


def digest_in(uri: str) -> str:
    """Return the digest of an image that is named by it."""
    return uri.rpartition("@")[2]


def registry(context: DeploymentContext) -> str:
    """Return the host of the shared account's ECR."""
    return f"{context.environment.shared_account}.dkr.ecr.{context.region}.{domain(context.region)}"


def address(context: DeploymentContext, digest: str) -> str:
    """Return how an image is named in an environment."""
    return f"{registry(context)}/{context.component}@{digest}"


def home(context: DeploymentContext) -> DeploymentContext:
    """Return the environment in whose ECR the image is built and the proof kept that it passed: pre-production.

    An environment that is only deployed to by hand has its own; so has one whose ECR is the same.
    """
    before = neighbour(context, context.manifest.delivery.preproduction) if context.is_production else context
    return before if registry(before) != registry(context) else context


def elsewhere(context: DeploymentContext) -> list[DeploymentContext]:
    """Return the environments to whose ECR an image of this one has to be copied: one of each further ECR."""
    if context.stage != "preproduction":
        return []
    found = {registry(context): context}
    for name in context.manifest.delivery.production:
        one = neighbour(context, name)
        found.setdefault(registry(one), one)
    return list(found.values())[1:]


def proof(context: DeploymentContext, digest: str) -> Image:
    """Return an image as pre-production has it: its tags say whether it passed there.

    Raises:
        CommandError: When pre-production has no such image.
    """
    return find(home(context), digest)


def dataset_version() -> str:
    """Return the version of the ground truth: the hash of its file."""
    return hashlib.sha256(dataset_path().read_bytes()).hexdigest() if dataset_path().exists() else "0" * 64


def commit() -> str:
    """Return the commit that is checked out. Raises CommandError when there is none, or files are changed."""
    try:
        changed = _git("status", "--porcelain")
        head = _git("rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        raise CommandError(
            "there is no commit to build: this is no git repository yet", "git init, then commit"
        ) from None
    if changed:
        files = ", ".join(line[3:] for line in changed.splitlines()[:3])
        raise CommandError(
            f"files are not committed ({files}); an image is built from a commit", "commit them", WRONG_INPUT
        )
    return head


def find(context: DeploymentContext, digest: str = "") -> Image:
    """Return the image of a digest, or of the commit that is checked out. Raises CommandError when there is none."""
    if digest and not _DIGEST.fullmatch(digest):
        raise CommandError(f"--digest {digest} is no digest", "give sha256: and 64 hexadecimal digits", WRONG_INPUT)
    wanted = {"imageDigest": digest} if digest else {"imageTag": commit()}
    found = _lookup(context, wanted)
    if found is None:
        what = f"digest {digest}" if digest else f"commit {wanted['imageTag'][:12]}"
        raise CommandError(
            f"ECR of account {context.environment.shared_account} has no image {context.component} of {what}; "
            "nothing was changed",
            f"kit build --env {context.name} (on that commit)",
        )
    return found


def built(context: DeploymentContext, revision: str) -> Image | None:
    """Return the image of a commit, None when it is not built yet."""
    return _lookup(context, {"imageTag": revision})


def commit_of(context: DeploymentContext, digest: str) -> str:
    """Return the commit that an image was built from, which is one of its tags; empty when ECR does not tell."""
    found = _lookup(context, {"imageDigest": digest})
    return next((tag for tag in (found.tags if found else ()) if _COMMIT.fullmatch(tag)), "")


def build(context: DeploymentContext, revision: str) -> Image:
    """Build for arm64 and push. The tag of a commit is never moved, so a build that was pushed stays the one."""
    docker = shutil.which("docker")
    if docker is None:
        raise CommandError("there is no docker here", "install Docker with buildx, or let the workflow build")
    tagged = f"{registry(context)}/{context.component}:{revision}"
    _sign_in(context, docker)
    # No attestations: they turn an image into an index of images, and AgentCore Runtime wants one for arm64.
    with build_options() as options:
        _run(
            docker, "buildx", "build", "--platform", "linux/arm64", "--provenance=false", "--sbom=false", "--push",
            "--label", f"org.opencontainers.image.revision={revision}", "--tag", tagged, *options, ".",
        )  # fmt: skip
    image = built(context, revision)
    if image is None:
        raise CommandError(f"docker pushed {tagged}, but ECR does not have it", "type the same again")
    return image


def copy(image: Image, source: DeploymentContext, target: DeploymentContext, revision: str) -> Image:
    """Return the image as another environment's ECR has it, copied there by digest when it is not there yet.

    Args:
        image: The image where it was built.
        source: An environment with that ECR.
        target: An environment with the other ECR.
        revision: The commit, which is the image's tag in both.

    Raises:
        CommandError: When it cannot be copied, or another image has the commit's tag there.
    """
    found = built(target, revision)
    if found is None:
        docker = shutil.which("docker")
        if docker is None:
            raise CommandError("there is no docker here", "install Docker with buildx, or let the workflow build")
        for one in (source, target):
            _sign_in(one, docker)
        # Without --prefer-index=false an index would be put around the image, which has a digest of its own.
        tagged = f"{registry(target)}/{target.component}:{revision}"
        _run(docker, "buildx", "imagetools", "create", "--prefer-index=false", "--tag", tagged, image.uri)
        found = built(target, revision)
    if found is None or found.digest != image.digest:
        has = f"image {found.short} as" if found else "no"
        raise CommandError(
            f"{registry(target)} has {has} commit {revision[:12]}, and {registry(source)} has image {image.short}; "
            f"{target.name} gets only what {source.name} has tested",
            f"let the platform team remove tag {revision} from repository {target.component} there, then again",
        )
    return found


Placed = tuple[DeploymentContext, Image]
"""An image, and an environment with the ECR that it is in."""


def described(uris: Collection[str]) -> bool:
    """Return whether `describe` has ended for these images here."""
    if not record_path().exists():
        return False
    record = json.loads(record_path().read_text(encoding="utf-8"))
    return {*uris} <= {record["image"], *record.get("copies", [])}


def describe(placed: Sequence[Placed]) -> None:
    """Have syft write an SBOM of an image, and cosign sign it and its copies, where these are installed; remember it.

    Args:
        placed: The image, then its copies.
    """
    docker, syft, cosign = map(shutil.which, ("docker", "syft", "cosign"))
    record_path().parent.mkdir(parents=True, exist_ok=True)
    for number, (context, image) in enumerate(placed):
        if docker and (cosign or (syft and not number)):
            _sign_in(context, docker)
        if syft and not number:
            _run(syft, image.uri, "--output", f"spdx-json={record_path().with_name('sbom.json')}")
        if cosign:
            _run(cosign, "sign", "--yes", image.uri)
    first, *copies = [image.uri for _, image in placed]
    record = {"image": first, "copies": copies, "dataset": dataset_version()}
    record_path().write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def mark_passed(context: DeploymentContext, image: Image) -> None:
    """Tag the image: it passed pre-production with this dataset. Safe to repeat."""
    if image.passed:
        return
    ecr, shared = context.client("ecr"), str(context.environment.shared_account)
    found = ecr.batch_get_image(
        registryId=shared, repositoryName=context.component, imageIds=[{"imageDigest": image.digest}]
    )["images"][0]
    try:
        ecr.put_image(
            registryId=shared,
            repositoryName=context.component,
            imageManifest=found["imageManifest"],
            imageManifestMediaType=found["imageManifestMediaType"],
            imageTag=passed_tag(dataset_version(), image.digest),
            imageDigest=image.digest,
        )
    except ClientError as error:
        if error_code(error) != "ImageAlreadyExistsException":
            raise


def _lookup(context: DeploymentContext, wanted: dict[str, str]) -> Image | None:
    shared = str(context.environment.shared_account)
    try:
        details = context.client("ecr").describe_images(
            registryId=shared, repositoryName=context.component, imageIds=[wanted]
        )["imageDetails"][0]
    except ClientError as error:
        if error_code(error) == "ImageNotFoundException":
            return None
        if error_code(error) == "RepositoryNotFoundException":
            raise CommandError(
                f"ECR of account {shared} has no repository {context.component} in {context.region}",
                "ask the platform team for it: one repository a component, tags immutable, readable by all accounts",
            ) from None
        raise
    uri = address(context, details["imageDigest"])
    return Image(uri, tuple(details.get("imageTags", [])))


def _sign_in(context: DeploymentContext, docker: str) -> None:
    data = context.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    _run(docker, "login", "--username", user, "--password-stdin", registry(context), typed=password)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=repository_root(), capture_output=True, text=True, check=True)  # noqa: S603,S607
    return done.stdout.rstrip()


def _run(*command: str | Path, typed: str = "") -> None:
    try:
        subprocess.run([*map(str, command)], cwd=repository_root(), input=typed, text=True, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        words = " ".join(map(str, command[:3]))
        raise CommandError(
            f"`{words} …` failed with {error.returncode}; its output is above", "correct it, then again"
        ) from None
