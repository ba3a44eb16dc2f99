"""What a region's partition decides: the beginning of ARNs, and the end of addresses."""

from __future__ import annotations

from functools import cache

from botocore.session import Session

_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


@cache
def partition(region: str) -> str:
    """Return the partition of a region, for example `aws`, `aws-cn` or `aws-us-gov`."""
    return str(Session().get_partition_for_region(region))


def domain(region: str) -> str:
    """Return the domain that the services of a region are in, for example `amazonaws.com`."""
    return _SUFFIXES.get(partition(region), "amazonaws.com")
