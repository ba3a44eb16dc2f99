#!/usr/bin/env python3
"""What answers to `docker` in tests: builds nothing; pushes to the emulator a digest made of the tag, or a copy."""

import hashlib
import json
import os
import re
import sys
from urllib.request import Request, urlopen

SOURCE = re.compile(r"(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com/([\w./-]+)@(sha256:[0-9a-f]{64})")
TAG = re.compile(r"(\d{12})\.dkr\.ecr\.([\w-]+)\.amazonaws\.com/([\w./-]+):([\w.-]+)")


def digest_of(revision: str) -> str:
    """Return the digest that the image of a revision gets."""
    return f"sha256:{hashlib.sha256(revision.encode()).hexdigest()}"


def main(arguments: list[str]) -> None:
    """Accept a login, and carry out a build with --push, or a copy of an image that is there already."""
    if arguments[0] == "login":
        assert sys.stdin.read() == "password"
        return
    source: tuple[str, ...] = ()
    if arguments[:3] == ["buildx", "imagetools", "create"]:
        assert "--prefer-index=false" in arguments, "an index would be put around the image"
        copied = SOURCE.fullmatch(arguments[-1])
        assert copied is not None, arguments
        source = copied.groups()
    else:
        assert arguments[:4] == ["buildx", "build", "--platform", "linux/arm64"], arguments
        assert "--push" in arguments
    match = TAG.fullmatch(arguments[arguments.index("--tag") + 1])
    assert match is not None
    account, region, repository, tag = match.groups()
    body = json.dumps([account, region, repository, tag, source[-1] if source else digest_of(tag), source]).encode()
    signed_in = {"X-Access-Key": os.environ["AWS_ACCESS_KEY_ID"]}  # in AWS the token of the login says who it is
    with urlopen(Request(f"{os.environ['AWS_ENDPOINT_URL']}/docker/push", body, signed_in)) as reply:  # noqa: S310
        assert reply.status == 200


if __name__ == "__main__":
    main(sys.argv[1:])
