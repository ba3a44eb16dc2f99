"""What the build of an image takes from this machine: the index, the certificates and the proxies it is set up for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from agentcore_kit.checks.installer import pip_settings, system_certificates
from agentcore_kit.runtime.proxies import LOOPBACK

CERTIFICATES = "/run/secrets/certificates"
"""Where the build finds the certificates."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@contextmanager
def build_options() -> Iterator[list[str]]:
    """Yield options of `docker buildx build`, for as long as the files that they name are there.

    Index and certificates are secrets of the build, as the index may have a password in its address: they are in no
    layer. A proxy is one of Docker's own build arguments, which are not kept either.
    """
    with tempfile.TemporaryDirectory(prefix="build-") as folder:
        options: list[str] = []
        settings = pip_settings()
        certificates = _certificates(settings)
        if certificates:
            options += ["--secret", f"id=certificates,src={certificates}"]
        if text := pip_conf(settings, has_certificates=bool(certificates)):
            path = Path(folder, "pip.conf")
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            options += ["--secret", f"id=pip.conf,src={path}"]
        for name in (*_PROXIES, *map(str.lower, _PROXIES), "NO_PROXY", "no_proxy"):
            value = os.environ.get(name, "")
            if value and (name.lower() == "no_proxy" or not _on_this_machine(value)):
                options += ["--build-arg", name]  # its value stays out of the list of processes
        yield options


def pip_conf(settings: Mapping[str, str], *, has_certificates: bool) -> str:
    """Return the configuration of pip within the build; empty where there is nothing to say.

    Args:
        settings: pip's on this machine, by name. What names a folder or a proxy here is left out: it is not there.
        has_certificates: Whether the build gets this machine's certificates.
    """
    found = {
        name: [each for each in settings[name].split() if not each.startswith(("file:", "/", "."))]
        for name in ("index-url", "extra-index-url", "trusted-host", "proxy")
        if name in settings
    }
    found["proxy"] = [each for each in found.get("proxy", ()) if not _on_this_machine(each)]
    if has_certificates:
        found["cert"] = [CERTIFICATES]
    lines = [f"{name} = {' '.join(values)}" for name, values in found.items() if values]
    return "\n".join(["[global]", *lines, ""]) if lines else ""


def _on_this_machine(proxy: str) -> bool:
    """Return whether a proxy, with a scheme or without, is one that the build would look for in itself."""
    return urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname in LOOPBACK


def _certificates(settings: Mapping[str, str]) -> Path | None:
    """Return the file with what pip, or else this machine, trusts; None where there is no such file."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    named = settings.get("cert") or next(filter(None, map(os.environ.get, names)), "") or system_certificates()
    path = Path(named).resolve()
    return path if named and path.is_file() else None
