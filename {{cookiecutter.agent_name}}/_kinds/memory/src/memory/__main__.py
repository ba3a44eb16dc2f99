"""Serve the local memory: `python -m memory`, on PORT or 8090."""

import os
import sys

from memory.server import build
from memory.settings import PORT, STATE, Settings
from ops.document import DocumentError


def main() -> None:
    """Serve until interrupted. Exit code 2 when a file is wrong, 1 when the port is taken."""
    port = int(os.environ.get("PORT") or PORT)
    try:
        settings = Settings.from_files()
    except DocumentError as error:
        sys.exit(f"{error}")
    try:
        server = build(settings, STATE, port)
    except OSError as error:
        sys.exit(f"dev: port {port}: {error.strerror}. Choose another: make dev PORT={port + 1}")
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
