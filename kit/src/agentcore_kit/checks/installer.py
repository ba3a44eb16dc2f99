"""Installs by uv what pip would install: from the index, with the certificates and by the proxy that pip is set up for.

Companies set pip up: in its configuration files, or by variables. uv reads none of that, asks the public index, and
trusts its own list of authorities instead of the machine's. So what pip is told is told to uv too; where uv has
settings of its own, these go first.

`make setup` runs this module before anything else is installed, so it needs the standard library alone:
`python -m agentcore_kit.checks.installer requirements-dev.txt` makes the environment of this Python what the file says,
and `… installer uv pip compile …` calls uv in the same way.
"""

from __future__ import annotations

import ast
import os
import re
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from agentcore_kit.runtime.certificates import WHAT_TO_DO, names_certificate
from agentcore_kit.runtime.proxies import exempt_loopback

COULD_NOT = 3

_LINE = re.compile(r"(\S+?)\.([a-z-]+)=(.*)")
_SECTIONS = ("global", "install", ":env:")
"""Where pip has settings, those that go before others last."""

_INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_TRUSTS_THE_SYSTEM = (24, 2)
"""From this version on pip uses the machine's certificates by itself."""


@dataclass(frozen=True)
class Uv:
    """How uv is called here.

    Attributes:
        variables: Its environment.
        options: For each of its `pip` commands.
        index: Where packages come from, for messages; empty where it is the public index.
    """

    variables: Mapping[str, str]
    options: Sequence[str] = ()
    index: str = ""

    def run(self, *arguments: str) -> None:
        """Run it; where it fails, say why and what to do about it.

        Raises:
            SystemExit: With COULD_NOT.
        """
        given = [*arguments, *self.options] if arguments[0] == "pip" else [*arguments]
        _run([sys.executable, "-m", "uv", *given], self.variables, self.index)


def uv(*, exact: bool) -> Uv:
    """Return how to call uv on this machine.

    Args:
        exact: Whether it installs what is pinned by hash, so that it does not matter which index has it; else it
            chooses versions, and takes a package from the first index that knows its name: that of `index-url`.
    """
    return as_pip(pip_settings(), os.environ, exact=exact)


def as_pip(settings: Mapping[str, str], variables: Mapping[str, str], *, exact: bool) -> Uv:
    """Return how to call uv, so that it does what pip would do.

    Args:
        settings: pip's, by name.
        variables: The environment. What it says to uv itself stays.
        exact: As for `uv`.
    """
    found = dict(variables)
    _certificates(settings, found)
    for name, setting in {
        "UV_INSECURE_HOST": settings.get("trusted-host"),
        "SSL_CLIENT_CERT": settings.get("client-cert"),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), settings.get("proxy")),
    }.items():
        if setting and not (found.get(name) or found.get(name.lower())):
            found[name] = " ".join(setting.split())
    exempt_loopback(found)
    if any(found.get(name) for name in _INDEXES) or _names_index(found):
        return Uv(found)
    index, further = settings.get("index-url", ""), settings.get("extra-index-url", "").split()
    if further:
        indexes = [index or _public_index(), *further]
        # uv asks the default index last. It keeps to the first that has a package; pip knows no order.
        found["UV_INDEX"], found["UV_DEFAULT_INDEX"] = " ".join(indexes[:-1]), indexes[-1]
        if exact:
            found.setdefault("UV_INDEX_STRATEGY", "unsafe-first-match")
    elif index:
        found["UV_DEFAULT_INDEX"] = index
    options: list[str] = []
    alone = settings.get("no-index", "").lower() in ("1", "true", "yes", "on")
    if (exact or alone) and not found.get("UV_FIND_LINKS"):
        for place in settings.get("find-links", "").split():
            options += ["--find-links", place]
    return Uv(found, [*options, *(["--no-index"] if alone else [])], _without_password(index))


def pip_settings() -> dict[str, str]:
    """Return what pip is told by its configuration files and variables, by the names of its options."""
    command = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return parse_settings(done.stdout)


def parse_settings(listed: str) -> dict[str, str]:
    """Return the settings that `pip config list` has listed; the last section that has one goes first."""
    found: dict[str, str] = {}
    lines = [match.groups() for match in map(_LINE.fullmatch, listed.splitlines()) if match]
    for section in _SECTIONS:
        found |= {name: str(ast.literal_eval(value)) for where, name, value in lines if where == section}
    return found


def install(requirements: Path) -> None:
    """Install uv as the file pins it, and by it everything else that the file pins; remove what it does not have.

    Raises:
        SystemExit: When that fails; what to do is printed.
    """
    text = requirements.read_text(encoding="utf-8").replace("\r\n", "\n")
    pinned = re.search(r"^uv==(?:.*\\\n)*.*\n", text, re.MULTILINE)
    if pinned is None:
        raise SystemExit(f"setup: {requirements} does not pin uv; the kit's extra dev has it, then: kit lock")
    settings = pip_settings()
    only_uv = Path(sys.prefix) / "uv.txt"
    only_uv.write_text(pinned[0], encoding="utf-8")
    variables = dict(os.environ)
    _certificates_of_pip(settings, variables)
    exempt_loopback(variables)
    _run(
        [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "--no-deps",
         "-r", str(only_uv)],
        variables, _without_password(settings.get("index-url", "")), only_failures=True,
    )  # fmt: skip
    number = len(re.findall(r"^\S+==", text, re.MULTILINE))  # a marker has == too
    print(f"setup: {number} packages of {requirements}, each checked against its hash", flush=True)
    vendor = ["--find-links", "vendor"] if Path("vendor").is_dir() else []
    as_pip(settings, os.environ, exact=True).run(
        "pip", "sync", "--quiet", "--require-hashes", "--python", sys.executable, *vendor, str(requirements)
    )


def _certificates(settings: Mapping[str, str], variables: MutableMapping[str, str]) -> None:
    """Let uv trust what pip trusts, and otherwise what this machine trusts."""
    if not (variables.get("SSL_CERT_FILE") or variables.get("SSL_CERT_DIR")):
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        given = settings.get("cert") or next(filter(None, map(variables.get, names)), "")
        if given:
            variables["SSL_CERT_DIR" if Path(given).is_dir() else "SSL_CERT_FILE"] = given
    if system_certificates() or sys.platform != "linux":
        variables.setdefault("UV_SYSTEM_CERTS", "true")


def _certificates_of_pip(settings: Mapping[str, str], variables: MutableMapping[str, str]) -> None:
    """Let a pip that brings its own list of authorities trust this machine's, unless it is told otherwise."""
    told = settings.get("cert") or variables.get("REQUESTS_CA_BUNDLE") or variables.get("CURL_CA_BUNDLE")
    if not told and _pip_version() < _TRUSTS_THE_SYSTEM and (known := system_certificates()):
        variables["PIP_CERT"] = known


def system_certificates() -> str:
    """Return where OpenSSL has this machine's authorities: a file, or a folder; empty where it has none.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` go before the machine's own.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return paths.cafile
    return paths.capath if paths.capath and any(Path(paths.capath).glob("*.[0-9]")) else ""


def _pip_version() -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version("pip"))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _public_index() -> str:
    """Return the index that pip asks where it is not told of another."""
    code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def _names_index(variables: Mapping[str, str]) -> bool:
    """Return whether a configuration file of uv's own says where packages come from."""
    if variables.get("UV_NO_CONFIG"):
        return False
    home = Path(variables.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    own = [Path(variables["UV_CONFIG_FILE"])] if variables.get("UV_CONFIG_FILE") else []
    for path in (*own, Path("uv.toml"), home / "uv/uv.toml", Path("/etc/uv/uv.toml"), Path("pyproject.toml")):
        try:
            said = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # uv says what is wrong with it
            continue
        settings = said.get("tool", {}).get("uv", {}) if path.name == "pyproject.toml" else said
        if any("index" in name for table in (settings, settings.get("pip", {})) for name in table):
            return True
    return False


def _run(command: Sequence[str], variables: Mapping[str, str], index: str, *, only_failures: bool = False) -> None:
    """Run a command with its errors in view. Raises SystemExit, with what to do said, when it fails.

    Args:
        command: The command.
        variables: Its environment.
        index: Where packages come from; empty where it is the public index.
        only_failures: Whether what it prints is shown only when it fails: to be quiet, pip would leave out why.
    """
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603
        command,
        env=variables,
        stdout=subprocess.PIPE if only_failures else None,
        stderr=subprocess.STDOUT if only_failures else subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in (process.stdout if only_failures else process.stderr) or ():
            said.append(line)
            if not only_failures:
                print(line, end="", file=sys.stderr, flush=True)
    if process.returncode:
        if only_failures:
            print(*said, sep="", end="", file=sys.stderr)
        where = f"{index}, as pip is configured" if index else "the public index, as pip is configured for no other"
        print(f"error: {command[2]} failed; packages come from {where}", file=sys.stderr)
        if names_certificate("".join(said)):
            print(f"next:  a certificate is not trusted. {WHAT_TO_DO}", file=sys.stderr)
        elif not index:
            print("next:  where your company has an index: pip config set global.index-url ADDRESS", file=sys.stderr)
        raise SystemExit(COULD_NOT)


def _without_password(index: str) -> str:
    return re.sub(r"//[^/@]*@", "//", index)


def main(arguments: Sequence[str]) -> None:
    """Install what a requirement file pins; or after `uv`, run uv as it is called here."""
    match arguments:
        case ["uv", *given]:
            uv(exact=False).run(*given)
        case [requirements]:
            install(Path(requirements))
        case _:
            raise SystemExit("give a requirement file, or uv and its arguments")


if __name__ == "__main__":
    main(sys.argv[1:])
