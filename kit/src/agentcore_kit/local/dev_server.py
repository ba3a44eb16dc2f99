"""`kit dev`: serve this component on this machine as the Runtime would, and restart it when a file changes."""

from __future__ import annotations

import logging
import multiprocessing
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
    from multiprocessing.synchronize import Event

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
    has_page = multiprocessing.get_context("spawn").Event()
    Thread(target=_say_once_it_listens, args=(port, serving, has_page, example), daemon=True).start()
    os.environ["PORT"] = str(port)
    unset_variables()  # each start of the server reads the file itself
    logging.getLogger("watchfiles").setLevel(logging.ERROR)  # it warns of Ctrl-C
    watching = True
    while watching:
        try:
            paths = [path for path in WATCHED if Path(path).exists()]
            watchfiles.run_process(*paths, target=serve, args=(has_page,), callback=_changed)
            watching = False
        except Replaced:
            continue


def _page(port: int, has_page: bool) -> str:
    """Return the lines before the example request: the address of the page, or why there is none."""
    from agentcore_kit.local.page.app import page_address

    what, other = ("Talk to it", "ask it") if repository_kind() == "Agent" else ("Try it", "call it")
    if not has_page:
        why = f"what spec.code.app of {MANIFEST} names has no add_middleware"
        return f"There is no page, as {why}; {other} from a terminal:"
    return f"{what} in a browser:\n\n  {page_address(port)}\n\nor {other} from a terminal:"


def _say_once_it_listens(port: int, serving: str, has_page: Event, example: str) -> None:
    """Print how to call the server as soon as it listens; by then it has said whether it has a page."""
    listens = False
    while not listens:
        time.sleep(0.1)
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            listens = True
    typer.echo(f"{serving} {_page(port, has_page.is_set())}\n\n{example}\n")


def _changed(changes: set[tuple[Change, str]]) -> None:
    if any(Path(path).name == MANIFEST for _, path in changes):
        raise Replaced


def serve(has_page: Event) -> None:
    """Run the server in this process, which is a new one after each change.

    Args:
        has_page: Is set where the server has a page, before it listens.
    """
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
            has_page.set()
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
