"""The handler under Lambda's own runtime client, as `infra/lambda.yaml` starts it; the Runtime API is played here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.confined import WAYS, confined
from tests.homes import environment_of, home_in
from tests.tool.lambda_runtime import COMMAND, RuntimeApi, runtime_api

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="the runtime client is for Linux, as the image is"),
]


@pytest.mark.parametrize("way", WAYS)
def test_the_command_of_the_function_answers_where_tmp_alone_takes_files_and_the_user_is_another(
    way: str, tmp_path: Path, usual_umask: None
) -> None:
    assert COMMAND[0] == "python"
    image = home_in(tmp_path / "image")
    (image / ".local").mkdir()  # as the Dockerfile makes it, for the user of the Runtime alone
    with runtime_api({"region": "EMEA", "dataType": "revenue"}) as variables:
        start = confined(way, image, COMMAND, environment_of(image) | variables)
        process = subprocess.Popen(start.command, cwd=start.folder, env=start.variables)
        try:
            path, answer = RuntimeApi.answers.get(timeout=30)
        finally:
            process.kill()
            process.wait()
    assert path.endswith("/request-1/response"), answer
    assert json.loads(answer).get("value") == 18.4, answer
    assert not list((image / ".local").iterdir())
