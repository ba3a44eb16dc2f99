"""The image, as far as it can be checked without building it: what goes in, what is pinned, who runs it."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from agentcore_kit.config.manifest import load_manifest
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.build_settings import CERTIFICATES

DOCKERFILE = (repository_root() / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
IGNORE = (repository_root() / ".dockerignore").read_text(encoding="utf-8").split("\n")
LET_THROUGH = [line[1:] for line in IGNORE if line.startswith("!")]
COPIED = " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)).split()


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_exists_and_is_let_through(source: str) -> None:
    found = [path.relative_to(repository_root()).as_posix() for path in repository_root().glob(source)]
    assert found
    for path in found:
        assert any(fnmatch(path, line) or line.startswith(f"{path}/") for line in LET_THROUGH), path


def test_nothing_else_reaches_the_build() -> None:
    assert next(line for line in IGNORE if line and not line.startswith("#")) == "*"
    assert {line.split("/")[0] for line in LET_THROUGH} == {source.split("/")[0].rstrip("*") for source in COPIED}


def test_the_base_is_exact_and_arm64() -> None:
    base, *others = re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"--platform=linux/arm64 python:\d+\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})? AS base", base)
    assert {other.split()[0] for other in others} == {"base"}


def test_it_is_no_root_and_starts_the_application_of_the_manifest_under_opentelemetry() -> None:
    module = load_manifest().spec.code.app.partition(":")[0]
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert f'\nCMD ["opentelemetry-instrument", "python", "-m", "{module}"]' in DOCKERFILE


def test_only_the_requirements_of_production_are_installed() -> None:
    assert re.findall(r" -r (\S+)", DOCKERFILE) == ["requirements.txt"]


def test_it_takes_the_settings_of_pip_that_the_build_is_given_and_keeps_nothing_of_them() -> None:
    (install,) = re.findall(r"^RUN (.+ install .+)$", DOCKERFILE, re.MULTILINE)
    assert "--mount=type=secret,id=pip.conf,target=/etc/pip.conf" in install
    assert f"--mount=type=secret,id={Path(CERTIFICATES).name}" in install
    assert CERTIFICATES == "/run/secrets/certificates", "where a secret is without a target of its own"
    assert "pip.conf" not in "".join(COPIED)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_exact_hashed_and_without_an_address(name: str) -> None:
    text = (repository_root() / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        assert re.match(r"[a-z0-9-]+==[^ ]+ ", line), line
        assert " --hash=sha256:" in line
        assert "://" not in line
