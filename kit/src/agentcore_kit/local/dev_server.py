"""`kit dev`: serve this component on this machine as the Runtime would, and restart it when a file changes."""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from agentcore_kit.config.import_string import import_string
from agentcore_kit.config.manifest import load_manifest, repository_kind
from agentcore_kit.config.repository import MANIFEST
from agentcore_kit.kinds.base import kind_of_repository

if TYPE_CHECKING:
    from watchfiles import Change

WATCHED = ("src", "environments", MANIFEST)


class Replaced(Exception):
    """The manifest was saved, as many editors do it: by a new file of its name. The watch still follows the old one."""


def dev(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for the one that the Runtime uses.")
    ] = 0,
    trust: Annotated[
        str, typer.Option(help="Another repository on this machine, whose users are let in as well.")
    ] = "",
    user: Annotated[
        str, typer.Option(help="Who the printed example asks as: any name, or a user of evals/users.yaml.")
    ] = "developer",
) -> None:
    """Serve locally with reload, and print how to call it."""
    import watchfiles

    from agentcore_kit.evaluation.users import by_development_token, developer
    from agentcore_kit.runtime.secrets import unset_variables
    from agentcore_kit.runtime.settings import STATE, own_address

    kind = kind_of_repository()
    port = port or kind.port
    if trust:
        os.environ["DEVELOPMENT_SECRETS"] = str(Path(trust) / STATE)
    host = own_address()
    check_free(host, port, f"Choose another: kit dev --port {port + 1}")
    where = "" if host == "127.0.0.1" else ", and on every other address of this container,"
    example = kind.example_request(port, by_development_token(STATE)(developer(user)))
    serving = f"Serving on http://127.0.0.1:{port}{where} and restarting on changes; stop with Ctrl-C."
    typer.echo("Starting; the next lines say when it can be called.")
    said = f"{serving} {_page(port)}\n\n{example}\n"
    Thread(target=_say_once_it_listens, args=(port, said), daemon=True).start()
    os.environ["PORT"] = str(port)
    unset_variables()  # each start of the server reads the file itself
    logging.getLogger("watchfiles").setLevel(logging.ERROR)  # it warns of Ctrl-C
    watching = True
    while watching:
        try:
            watchfiles.run_process(*(path for path in WATCHED if Path(path).exists()), target=serve, callback=_changed)
            watching = False
        except Replaced:
            continue


def _page(port: int) -> str:
    """Return the lines before the example request: the address of the page."""
    from agentcore_kit.local.page.app import page_address

    what, other = ("Talk to it", "ask it") if repository_kind() == "Agent" else ("Try it", "call it")
    return f"{what} in a browser:\n\n  {page_address(port)}\n\nor {other} from a terminal:"


def _say_once_it_listens(port: int, text: str) -> None:
    """Print a text as soon as something listens on a port of this machine."""
    listens = False
    while not listens:
        time.sleep(0.1)
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            listens = True
    typer.echo(text)


def _changed(changes: set[tuple[Change, str]]) -> None:
    if any(Path(path).name == MANIFEST for _, path in changes):
        raise Replaced


def serve() -> None:
    """Run the server in this process, which is a new one after each change."""
    # Ctrl-C may come while it still starts. It comes twice, from the terminal and from the watcher, and the second cuts
    # the server's end short, which it would tell with a stack.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "CancelledError" not in record.getMessage())
    with suppress(KeyboardInterrupt):
        from agentcore_kit.local.page.app import Page
        from agentcore_kit.local.span_recording import record_spans

        record_spans()
        app = import_string(load_manifest().spec.code.app)
        if hasattr(app, "add_middleware"):  # an application of the team's own may have none, and then no page
            app.add_middleware(Page)
        app.run()


def check_free(host: str, port: int, again: str) -> None:
    """Stop with exit code 3 where a port is taken.

    Args:
        host: The address that is listened on.
        port: The port.
        again: What to do then.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((host, port))
        except OSError as error:
            typer.echo(f"dev: port {port}: {error.strerror}. {again}", err=True)
            raise typer.Exit(3) from None
