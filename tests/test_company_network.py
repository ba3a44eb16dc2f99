"""`make setup` where a company's network is around it: an index of its own, an authority of its own, and no way out."""

import hashlib
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.repository import ROOT, generate

pytestmark = [pytest.mark.generated, pytest.mark.enable_socket]  # the mirror, on this machine

NOWHERE = "http://127.0.0.1:9"
OF_THE_MACHINE = ("PIP_", "UV_", "SSL_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NO_PROXY", "no_proxy")
"""How the machine of the test reaches its own index."""


def download(requirements: Path, folder: Path, *options: str) -> None:
    """Fetch what a requirement file pins as this machine does it, for the mirror to have."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    subprocess.run([*command, "--require-hashes", "--dest", str(folder), *options, "-r", str(requirements)], check=True)


class Mirror(SimpleHTTPRequestHandler):
    """Serves a folder of packages as an index: one page for each name, as PEP 503 has it."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        """Answer with a page, or with a file."""
        parts = self.path.strip("/").split("/")
        if parts[0] != "simple":
            super().do_GET()
            return
        self.asked.append(parts[-1])
        found = [path for path in Path(self.directory).iterdir() if self._name(path) == parts[-1]]
        links = [f'<a href="/{path.name}#sha256={_hash(path)}">{path.name}</a>' for path in found]
        body = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def _name(path: Path) -> str:
        name = path.name.split("-")[0] if path.suffix == ".whl" else path.name.rpartition("-")[0]
        return name.lower().replace("_", "-").replace(".", "-")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_authority(folder: Path) -> tuple[Path, Path]:
    """Write an authority, and a certificate of this machine that it has signed.

    Returns:
        The file of the authority, and the one of the certificate with its key.
    """
    folder.mkdir()
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (folder.name, "127.0.0.1")]
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    for_all = x509.BasicConstraints(ca=True, path_length=None)
    now, files = datetime.now(UTC), (folder / "authority.pem", folder / "server.pem")
    for file, name, key, extension in zip(files, names, keys, (for_all, alternative), strict=True):
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=extension is for_all)
            .sign(keys[0], hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = certificate.public_bytes(serialization.Encoding.PEM)
        file.write_bytes(public if extension is for_all else public + secret)
    return files


@contextmanager
def serving(packages: Path, certificate: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve packages over TLS; yield the address of the index, and the names that it is asked for."""
    asked: list[str] = []
    handler = type("Handler", (Mirror,), {"asked": asked})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: handler(*given, directory=str(packages))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/simple", asked
        server.shutdown()


def setup(repository: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Type `make setup` on a machine that has pip configured, and everything else as it comes."""
    home = repository.parent / "home"
    home.mkdir(exist_ok=True)
    (home / "pip.conf").write_text("\n".join(["[global]", *(f"{k} = {v}" for k, v in settings.items())]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_MACHINE)}
    return subprocess.run(
        ["make", "setup", f"PYTHON={sys.executable}"],
        cwd=repository,
        env=kept
        | dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
        | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "UV_CACHE_DIR": str(home / "uv"), "PIP_RETRIES": "0"}
        | {"PIP_CONFIG_FILE": str(home / "pip.conf")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_setup_uses_the_index_and_the_authority_that_pip_is_configured_for(template: Path, tmp_path: Path) -> None:
    repository = generate(template, tmp_path, {"kind": "memory", "agent_name": "behind-a-proxy"})
    packages = tmp_path / "packages"
    download(repository / "requirements-dev.txt", packages, "--find-links", str(repository / "vendor"))
    for wheel in packages.glob("agentcore_kit-*"):  # an index does not have it
        wheel.unlink()
    download(ROOT / "kit/src/agentcore_kit/checks/requirements-tools.txt", packages)
    authority, certificate = write_authority(tmp_path / "company")
    another, _ = write_authority(tmp_path / "another")
    with serving(packages, certificate) as (index, asked):
        unknown = setup(repository, **{"index-url": index, "cert": str(another)})
        assert unknown.returncode, unknown.stdout
        assert "a certificate is not trusted. Where your company's network" in unknown.stderr
        assert not asked
        done = setup(repository, **{"index-url": index, "cert": str(authority)})
        assert done.returncode == 0, done.stderr
        assert {"uv", "pydantic", "checkov"} <= {*asked}
    assert subprocess.run([".venv/bin/kit", "manifest"], cwd=repository, check=False).returncode == 0
