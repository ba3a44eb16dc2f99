"""What a region's partition decides: the beginning of ARNs, and the end of addresses. botocore knows the partitions."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.session import Session


@cache
def partition(region: str) -> str:
    """Return the partition of a region, for example `aws`, `aws-cn` or `aws-us-gov`."""
    return str(Session().get_partition_for_region(region))


@cache
def domain(region: str) -> str:
    """Return the domain that the services of a region are in, for example `amazonaws.com`."""
    known = {one["id"]: one["outputs"]["dnsSuffix"] for one in Loader().load_data("partitions")["partitions"]}
    return str(known[partition(region)])
