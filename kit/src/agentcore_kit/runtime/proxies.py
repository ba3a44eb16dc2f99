"""This machine is never reached through a proxy: said once, in the variables that every library reads.

A company's laptop and its containers have `HTTP_PROXY` set, and often no `NO_PROXY`. Then each client of a gateway, a
memory or a model on 127.0.0.1 would ask the proxy for it, which knows another machine by that name, or none.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""As httpx, requests and aiohttp want it. urllib and botocore know `::1` only in brackets, which httpx refuses."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def exempt_loopback(variables: MutableMapping[str, str] = os.environ) -> None:
    """Complete `NO_PROXY` and `no_proxy` with this machine, where a proxy is set; what they have stays.

    Both spellings are set, as some libraries read the one and some the other. Where no variable names a proxy nothing
    is set: Python would then no longer see the proxies of macOS' and Windows' own settings.

    Args:
        variables: The environment to complete: of this process, and of what it starts.
    """
    if not any(variables.get(name) or variables.get(name.upper()) for name in _PROXIES):
        return
    given = {name: variables.get(name, "") for name in ("no_proxy", "NO_PROXY")}
    for name, value in given.items():
        exempt = value or next(filter(None, given.values()), "")
        hosts = [host.strip() for host in exempt.split(",")]
        missing = [] if "*" in hosts else [host for host in LOOPBACK if host not in hosts]
        variables[name] = ",".join(filter(None, [exempt, *missing]))
