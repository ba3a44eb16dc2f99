"""Where AWS offers what a component is made of, by the resource types that CloudFormation has in each region.

As of November 2026 (cfn-lint 1.58). The template's tests compare this with the cfn-lint that is installed, and with the
copy that the template needs before there is a kit.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

_COMMERCIAL = re.compile(r"(?!cn-)[a-z]{2}-[a-z]+-[0-9]")

WITH_MEMORY = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
        "us-east-2", "us-gov-west-1", "us-west-2",
    }
)  # fmt: skip
"""Regions with AgentCore Memory."""

WITH_RUNTIME = WITH_MEMORY | {"ap-south-2", "ap-southeast-5", "ap-southeast-7", "eu-south-2", "us-west-1"}
"""Regions with AgentCore Runtime. China is not among them: Amazon Bedrock is not offered there."""

WITH_PLATFORM = WITH_MEMORY - {"eu-north-1", "eu-south-1", "us-gov-west-1"}
"""Regions with all that a platform is made of: inference profiles, budgets and limits of gateways among it."""

WITHOUT = frozenset(
    {
        "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-southeast-3", "ap-southeast-4",
        "ap-southeast-6", "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-isoe-west-1",
        "eusc-de-east-1", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "us-gov-east-1",
        "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "us-isof-east-1", "us-isof-south-1",
    }
)  # fmt: skip
"""All other regions."""

WITHOUT_RESOURCE_POLICIES = WITH_RUNTIME - WITH_MEMORY | {"eu-south-1"}
"""Regions with AgentCore Runtime, but without resource policies, which keep all but its gateway away from a tool."""

WITH_REGISTRY = frozenset({"ap-northeast-1", "ap-southeast-2", "eu-west-1", "us-east-1", "us-west-2"})
"""Regions with AWS Agent Registry, which is asked in its own region, wherever the component is."""

WITHOUT_ONLINE_EVALUATION = frozenset({"us-gov-west-1"})
"""Regions with AgentCore Runtime, but without its evaluation of live sessions."""

NEEDED = {
    "Agent": ("AgentCore Runtime", WITH_RUNTIME),
    "Tool": ("AgentCore Runtime", WITH_RUNTIME),
    "Memory": ("AgentCore Memory", WITH_MEMORY),
    "Platform": ("AgentCore Gateway, rate limits, inference profiles and budgets", WITH_PLATFORM),
}
"""What each kind is made of, and where that is."""


def global_profiles(region: str) -> bool:
    """Return whether a `global.` inference profile can be called: in the commercial partition (`aws`) only.

    Args:
        region: The code of a region. The first word is of two letters; of other partitions only China has such names.
    """
    return bool(_COMMERCIAL.fullmatch(region))


def missing(kind: str, region: str) -> str | None:
    """Say what a region lacks for a component of a kind, and which would do; None where it lacks nothing.

    Args:
        kind: As the manifest names it.
        region: The code of a region, which need not exist.
    """
    service, offered = NEEDED[kind]
    if region in offered:
        return None
    if region in WITH_RUNTIME | WITHOUT:
        return f"{region} has no {service} (as of November 2026); regions that have it: {', '.join(sorted(offered))}"
    return no_such_region(region, offered)


def no_such_region(region: str, among: Collection[str] = WITH_RUNTIME | WITHOUT) -> str | None:
    """Say that there is no region of a code, and which codes are nearest; None where there is one.

    Args:
        region: The code.
        among: The regions that may be proposed.
    """
    if region in WITH_RUNTIME | WITHOUT:
        return None
    near = get_close_matches(region, sorted(among)) or sorted(among)
    return f"there is no region {region}; the nearest: {', '.join(near)}"
