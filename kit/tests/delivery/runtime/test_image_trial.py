"""The rehearsal builds the image where it can, asks it, and says truthfully where it did not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agentcore_kit.local.rehearsal.image_trial import NAME, try_image

TOOL = r"""
import json, os, signal, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
folder = os.environ["FAKE"]
with open(folder + "/calls", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\n")
about = json.load(open(folder + "/about"))
words = [word for word in sys.argv[1:] if not word.startswith("-")]

class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self._say(about["ping"])
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._say(about["asked"])
    def _say(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass

def serve(port):
    HTTPServer(("127.0.0.1", port), Answers).serve_forever()

if words[0] == "serve":
    serve(int(words[1]))
elif words[0] == "info":
    sys.stderr.write(about["info"])
    sys.exit(1 if about["info"] else 0)
elif words[0] in ("build", "buildx"):
    sys.stderr.write(about["build"])
    sys.exit(1 if about["build"] else 0)
elif words[0] == "run" and "--detach" in sys.argv:
    port = sys.argv[sys.argv.index("--publish") + 1].split(":")[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen([sys.executable, __file__, "serve", port], **quiet)
    open(folder + "/pid", "w").write(str(started.pid))
elif words[0] == "inspect":
    print('["python", "-m", "it"]')
elif "id" in words:
    print(about["uid"])
elif words[0] == "run":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    serve(int(next(word for word in sys.argv if word.startswith("PORT="))[5:]))
elif words[0] == "rm" and os.path.exists(folder + "/pid"):
    os.kill(int(open(folder + "/pid").read()), signal.SIGTERM)
"""

WELL = {"info": "", "build": "", "uid": "10001", "ping": 200, "asked": 401}


class Builders:
    """Programs on the PATH that answer as docker and buildah do, and note what they are asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setenv("FAKE", str(folder))
        monkeypatch.setenv("PATH", str(folder / "bin"))
        (folder / "bin").mkdir()

    def install(self, name: str, **other: object) -> None:
        (self.folder / "about").write_text(json.dumps(WELL | other), encoding="utf-8")
        program = self.folder / "bin" / name
        program.write_text(f"#!{sys.executable}\n{TOOL}", encoding="utf-8")
        program.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def builders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builders:
    return Builders(tmp_path, monkeypatch)


def test_without_a_builder_it_says_so(builders: Builders) -> None:
    assert try_image(Path.cwd(), 8080, "/invocations") == (
        "the image was not built: there is no docker and there is no buildah"
    )


def test_a_client_without_a_daemon_builds_nothing(builders: Builders) -> None:
    builders.install("docker", info="Cannot connect to the Docker daemon\n")
    assert try_image(Path.cwd(), 8080, "/invocations") == (
        "the image was not built: docker does not work (Cannot connect to the Docker daemon) and there is no buildah"
    )
    assert len(builders.calls) == 1


@pytest.mark.parametrize("builder", ["docker", "buildah"])
def test_it_is_built_started_asked_and_removed(builders: Builders, builder: str) -> None:
    builders.install(builder)
    said = try_image(Path.cwd(), 8080, "/invocations")
    assert said.startswith(f"the image was built by {builder}, ran as user 10001")
    build = next(call for call in builders.calls if "--tag" in call)
    assert build[build.index("--platform") + 1] == "linux/arm64"
    assert build[-1] == "."
    assert builders.calls[-1][0] == "rm"
    assert builders.calls[-1][-1] == NAME


def test_a_base_image_that_cannot_be_had_says_nothing_of_the_image(builders: Builders) -> None:
    builders.install("docker", build="ERROR: failed to resolve source metadata for docker.io/library/python\n")
    said = try_image(Path.cwd(), 8080, "/invocations")
    assert said.startswith("the image was not built: docker cannot get the base image or run it here")
    assert not [call for call in builders.calls if call[0] == "run"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"build": "ERROR: COPY src: not found\n"}, "docker cannot build the image"),
        ({"uid": "0"}, "runs as user 0"),
        ({"ping": 503}, "GET /ping of the image: 503"),
        ({"asked": 200}, "without a token: 200"),
    ],
)
def test_an_image_that_is_wrong_fails_and_is_removed(builders: Builders, wrong: dict[str, object], said: str) -> None:
    builders.install("docker", **wrong)
    with pytest.raises(AssertionError, match=said):
        try_image(Path.cwd(), 8080, "/invocations")
    if "build" not in wrong:
        assert builders.calls[-1] == ["rm", "--force", NAME]
