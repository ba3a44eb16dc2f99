"""uv installs as pip would: from pip's index, with pip's certificates, by pip's proxy."""

from __future__ import annotations

import os
import ssl
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.checks import installer
from agentcore_kit.checks.installer import as_pip, parse_settings
from agentcore_kit.delivery.build_settings import CERTIFICATES, build_options, pip_conf

MIRROR = "https://user:secret@mirror.example/simple"


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget how pip and uv are configured where the tests run."""
    for name in [*os.environ]:
        if name.startswith(("UV_", "PIP_", "SSL_")) or name.endswith(("_CA_BUNDLE", "_PROXY", "_proxy")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def listed(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Return what pip itself makes of a configuration file."""
    (tmp_path / "pip.conf").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    return installer.pip_settings()


def test_the_index_of_pip_is_uvs_only_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = listed(f"[global]\nindex-url = {MIRROR}\n", monkeypatch, tmp_path)
    found = as_pip(settings, {}, exact=True)
    assert found.variables["UV_DEFAULT_INDEX"] == MIRROR
    assert "UV_INDEX" not in found.variables
    assert found.index == "https://mirror.example/simple", "shown without the password"


def test_a_variable_goes_before_a_file_and_install_before_global(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "[global]\nindex-url = https://a.example\n[install]\nindex-url = https://b.example\n"
    assert listed(text, monkeypatch, tmp_path)["index-url"] == "https://b.example"
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.example")
    assert listed(text, monkeypatch, tmp_path)["index-url"] == "https://c.example"


@pytest.mark.parametrize("exact", [True, False])
def test_further_indexes_come_after_the_first(exact: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = f"[global]\nindex-url = {MIRROR}\nextra-index-url =\n  https://b.example\n  https://c.example\n"
    found = as_pip(listed(text, monkeypatch, tmp_path), {}, exact=exact).variables
    assert (found["UV_INDEX"], found["UV_DEFAULT_INDEX"]) == (f"{MIRROR} https://b.example", "https://c.example")
    assert ("UV_INDEX_STRATEGY" in found) is exact, "only what is pinned by hash may come from any of them"


def test_a_further_index_alone_comes_after_pips_own() -> None:
    found = as_pip({"extra-index-url": "https://b.example"}, {}, exact=True)
    assert found.variables["UV_DEFAULT_INDEX"] == "https://b.example"
    assert found.variables["UV_INDEX"].startswith("https://")
    assert found.index == ""


def test_folders_of_wheels_are_used_and_no_index_where_pip_has_none() -> None:
    settings = {"find-links": "/wheels https://wheels.example", "no-index": "true"}
    for exact in (True, False):
        options = as_pip(settings, {}, exact=exact).options
        assert options == ["--find-links", "/wheels", "--find-links", "https://wheels.example", "--no-index"]
    assert as_pip({"find-links": "/wheels"}, {}, exact=False).options == [], "a lock must not depend on this machine"


def test_the_rest_of_what_pip_is_told(tmp_path: Path) -> None:
    settings = {
        "trusted-host": "a.example\nb.example",
        "client-cert": "/me.pem",
        "proxy": "http://proxy.example:3128",
        "cert": "/company.pem",
    }
    found = as_pip(settings, {}, exact=True).variables
    assert found["UV_INSECURE_HOST"] == "a.example b.example"
    assert found["SSL_CLIENT_CERT"] == "/me.pem"
    assert found["HTTP_PROXY"] == found["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1"
    assert found["SSL_CERT_FILE"] == "/company.pem"
    assert as_pip({"cert": str(tmp_path)}, {}, exact=True).variables["SSL_CERT_DIR"] == str(tmp_path)


def test_uv_uses_the_certificates_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "system_certificates", lambda: "/etc/company.pem")
    assert as_pip({}, {}, exact=True).variables == {"UV_SYSTEM_CERTS": "true"}
    assert as_pip({}, {"UV_SYSTEM_CERTS": "false"}, exact=True).variables == {"UV_SYSTEM_CERTS": "false"}
    monkeypatch.setattr(installer, "system_certificates", str)
    monkeypatch.setattr(sys, "platform", "linux")
    assert as_pip({}, {}, exact=True).variables == {}, "uv's own list is better than none"


def test_where_this_machine_has_its_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths: Any = ssl.get_default_verify_paths()
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths._replace(cafile="/ca.pem", capath=None))
    assert installer.system_certificates() == "/ca.pem"
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths._replace(cafile=None, capath=str(tmp_path)))
    assert installer.system_certificates() == ""
    (tmp_path / "0a1b2c3d.0").touch()
    assert installer.system_certificates() == str(tmp_path)


@pytest.mark.parametrize(
    "own",
    [
        {"UV_DEFAULT_INDEX": "https://own.example"},
        {"UV_INDEX_URL": "https://own.example"},
        {"UV_CONFIG_FILE": "uv.toml"},
        {"XDG_CONFIG_HOME": "config"},
    ],
)
def test_what_uv_is_told_itself_goes_first(
    own: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "uv").mkdir(parents=True)
    for path in ("uv.toml" if "UV_CONFIG_FILE" in own else "none", "config/uv/uv.toml"):
        (tmp_path / path).write_text('[[index]]\nurl = "https://own.example"\n', encoding="utf-8")
    found = as_pip({"index-url": MIRROR, "no-index": "1"}, own, exact=True)
    assert {name: value for name, value in found.variables.items() if name != "UV_SYSTEM_CERTS"} == own
    assert not found.options


def test_settings_are_read_as_pip_lists_them() -> None:
    found = parse_settings("global.timeout='60'\n:env:.config-file='/dev/null'\nfreeze.timeout='10'\nno setting\n")
    assert found == {"timeout": "60", "config-file": "/dev/null"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("cause: invalid peer certificate: UnknownIssuer", "a certificate is not trusted. Where your company's"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …", "export SSL_CERT_FILE=/path"),
        ("cause: dns error", "next:  where your company has an index: pip config set global.index-url"),
    ],
)
def test_a_failure_says_where_packages_come_from_and_what_to_do(
    said: str, expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", f"import sys; sys.exit({said!r})", "uv"]
    with pytest.raises(SystemExit) as stopped:
        installer._run(command, os.environ, "")
    assert stopped.value.code == 3
    shown = capfd.readouterr().err
    assert said in shown
    assert "packages come from the public index, as pip is configured for no other" in shown
    assert expected in shown


def test_the_build_of_an_image_gets_index_and_certificates_as_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    listed(f"[global]\nindex-url = {MIRROR}\ncert = {authority}\n", monkeypatch, tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")  # the build is another machine
    with build_options() as options:
        assert "secret" not in "".join(options).replace("--secret", "")
        assert options[:3] == ["--secret", f"id=certificates,src={authority}", "--secret"]
        assert options[-2:] == ["--build-arg", "HTTPS_PROXY"]
        file = Path(options[3].removeprefix("id=pip.conf,src="))
        assert file.read_text() == f"[global]\nindex-url = {MIRROR}\ncert = {CERTIFICATES}\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.exists()


def test_the_build_gets_nothing_that_it_could_not_use() -> None:
    settings = {"index-url": "file:///mirror", "extra-index-url": "/a https://b.example", "find-links": "/wheels"}
    assert pip_conf(settings, has_certificates=False) == "[global]\nextra-index-url = https://b.example\n"
    assert pip_conf({"find-links": "/wheels"}, has_certificates=False) == ""


def test_a_proxy_on_this_machine_is_none_of_the_builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert pip_conf({"proxy": "http://127.0.0.1:3128"}, has_certificates=False) == ""
    assert pip_conf({"proxy": "localhost:3128"}, has_certificates=False) == ""
    assert pip_conf({"proxy": "proxy.example:3128"}, has_certificates=False) == "[global]\nproxy = proxy.example:3128\n"
    listed("", monkeypatch, tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with build_options() as options:
        assert "HTTPS_PROXY" not in options
        assert "NO_PROXY" in options


def test_the_build_trusts_what_setup_trusts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    monkeypatch.setattr("agentcore_kit.delivery.build_settings.pip_settings", dict)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(authority))
    with build_options() as options:
        assert options[:2] == ["--secret", f"id=certificates,src={authority}"]
