"""What all tests share: no credentials that are real, no network but this machine."""

from __future__ import annotations

import os

DEPLOYED = os.environ.get("TARGET", "local") != "local"
if not DEPLOYED:
    for name in [name for name in os.environ if name.startswith(("AWS_", "MEMORY_", "AGENT_"))]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="eu-central-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )
