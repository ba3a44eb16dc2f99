"""`kit dev` of a memory: serve it on this machine."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated, Any

import typer

from agentcore_kit.local.memory_server.repair import StoreInUse
from agentcore_kit.local.memory_server.server import build
from agentcore_kit.local.memory_server.settings import PORT, STATE, Settings
from agentcore_kit.local.page.app import Page, page_address
from agentcore_kit.local.page.memory.bridge import shown
from agentcore_kit.local.page.memory.parts import parts
from agentcore_kit.local.span_recording import record_server_spans


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = PORT,
) -> None:
    """Serve the memory on this machine, for boto3, the SDK and agents."""
    settings = Settings.from_files()
    try:
        server = build(settings, STATE, port)
    except OSError as error:
        print(f"dev: port {port}: {error.strerror}. Choose another: kit dev --port {port + 100}", file=sys.stderr)
        raise typer.Exit(3) from None
    except StoreInUse as error:
        print(f"dev: {error}", file=sys.stderr)
        raise typer.Exit(3) from None
    page = Page(_only_the_page, partial(parts, settings, server.service.extractor))
    server.page = shown(page)
    record_server_spans(settings.name.replace("_", "-"), STATE)
    consumers = ", ".join(settings.policies()) or "none"
    print(
        f"""Serving memory {settings.memory_id} on {server.address}; stop with Ctrl-C.
Extraction: {server.service.extractor.label}. Kept in {STATE}/memory.sqlite.

Look into it in a browser:

  {page_address(server.server_port)}

or use it from programs:

  export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE={server.address}
  export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL={server.address}
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={settings.region}

An access key with the name of a consumer ({consumers}) may do what that consumer may; any other may do everything.""",
        flush=True,
    )
    page.load()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nstopped")
    finally:
        server.server_close()
        server.service.store.close()


async def _only_the_page(*_: Any) -> None:
    """Stand behind the page, where an agent or tools have their own server: nothing else is asked of it here."""
