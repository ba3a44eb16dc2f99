"""ECR: images by digest and tag, tags that cannot be moved, and what the scan of an image has found."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.aws_protocol.wire import ApiError

if TYPE_CHECKING:
    from agentcore_kit.local.aws_emulator.cloud import AccountRegion


class Images:
    """ECR. `push` is what docker does."""

    def __init__(self, place: AccountRegion) -> None:
        self.place = place
        self.repositories: dict[str, dict[str, set[str]]] = {}
        self.pushed: dict[str, datetime] = {}
        """When an image was pushed first, by its digest."""
        self.findings: dict[str, dict[str, int]] = {}
        """What the scan of an image has found, by its digest: how many findings of each severity."""

    def push(self, repository: str, digest: str, tag: str) -> None:
        """Put an image there. Raises ApiError when the tag is taken, as repositories are made immutable."""
        images = self._repository(repository)
        if any(tag in tags for known, tags in images.items() if known != digest):
            raise ApiError("ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists and is immutable.")
        images.setdefault(digest, set()).add(tag)
        self.pushed.setdefault(digest, datetime.now(UTC))

    def describe_images(self, p: Mapping[str, Any]) -> dict[str, Any]:
        account = p.get("registryId", self.place.account)
        there = self.place.cloud.at(account, self.place.region).images
        images = there._repository(p["repositoryName"])
        found = []
        for wanted in p.get("imageIds", [{"imageDigest": digest} for digest in images]):
            digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
            match = next((d for d, tags in images.items() if d == digest or tag in tags), None)
            if match is None:
                raise ApiError("ImageNotFoundException", f"The image with imageId {wanted} does not exist.")
            pushed = there.pushed.get(match, datetime.fromtimestamp(0, UTC))
            tags = sorted(images[match])
            found.append({"imageDigest": match, "imageTags": tags, "registryId": account, "imagePushedAt": pushed})
        return {"imageDetails": found}

    def describe_image_scan_findings(self, p: Mapping[str, Any]) -> dict[str, Any]:
        account, digest = p.get("registryId", self.place.account), p["imageId"]["imageDigest"]
        there = self.place.cloud.at(account, self.place.region).images
        if digest not in there._repository(p["repositoryName"]):
            raise ApiError("ImageNotFoundException", f"The image {digest} does not exist.")
        if digest not in there.findings:
            raise ApiError("ScanNotFoundException", f"The image {digest} has not been scanned.")
        found = {"findingSeverityCounts": there.findings[digest]}
        return {"imageId": p["imageId"], "imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": found}

    def batch_get_image(self, p: Mapping[str, Any]) -> dict[str, Any]:
        account = p.get("registryId", self.place.account)
        images = self.place.cloud.at(account, self.place.region).images._repository(p["repositoryName"])
        media = "application/vnd.oci.image.manifest.v1+json"
        known = [wanted["imageDigest"] for wanted in p["imageIds"] if wanted["imageDigest"] in images]
        return {
            "images": [
                {"imageId": {"imageDigest": digest}, "imageManifest": digest, "imageManifestMediaType": media}
                for digest in known
            ],
            "failures": [],
        }

    def put_image(self, p: Mapping[str, Any]) -> dict[str, Any]:
        account = p.get("registryId", self.place.account)
        there = self.place.cloud.at(account, self.place.region).images
        digest = p["imageManifest"]  # the emulator's manifests are their own digest
        if p["imageTag"] in there._repository(p["repositoryName"])[digest]:
            raise ApiError("ImageAlreadyExistsException", "The image with this tag exists already.")
        there.push(p["repositoryName"], digest, p["imageTag"])
        return {"image": {"imageId": {"imageDigest": digest, "imageTag": p["imageTag"]}}}

    def get_authorization_token(self, _: Mapping[str, Any]) -> dict[str, Any]:
        token = base64.b64encode(b"AWS:password").decode()
        address = f"https://{self.place.account}.dkr.ecr.{self.place.region}.amazonaws.com"
        return {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": address}]}

    def _repository(self, name: str) -> dict[str, set[str]]:
        if name not in self.repositories:
            raise ApiError("RepositoryNotFoundException", f"The repository with name '{name}' does not exist.")
        return self.repositories[name]
