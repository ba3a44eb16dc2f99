"""Serve the local memory: `python -m memory`, on PORT or 8090."""

import sys

from agentcore_kit.local.memory_server.server import build
from agentcore_kit.local.memory_server.settings import STATE, Settings, port
from agentcore_kit.config.loader import ConfigError


def main() -> None:
    """Serve until interrupted. Exit code 2 when a file or PORT is wrong, 1 when the port is taken."""
    try:
        settings, wanted = Settings.from_files(), port()
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    try:
        server = build(settings, STATE, wanted)
    except OSError as error:
        sys.exit(f"dev: port {wanted}: {error.strerror}. Choose another, for example: make dev PORT=8190")
    consumers = ", ".join(settings.policies()) or "none"
    print(
        f"""Serving memory {settings.memory_id} on {server.address}; stop with Ctrl-C.
Extraction: {server.service.extractor.label}. Kept in {STATE}/memory.sqlite.

  export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE={server.address}
  export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL={server.address}
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={settings.region}

An access key with the name of a consumer ({consumers}) may do what that consumer may; any other may do everything.""",
        flush=True,
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nstopped")
    finally:
        server.server_close()
        server.service.store.close()


if __name__ == "__main__":
    main()
