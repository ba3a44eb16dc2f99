"""`ask`: put questions to the agent in this process, and see the answer, the tool calls, tokens and times."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape

if TYPE_CHECKING:
    from agent.wiring.identity import Caller
    from agent.wiring.service import Service

console = Console()


def ask(
    question: Annotated[str, typer.Argument(help="What to ask; without it, a chat starts.")] = "",
    user: Annotated[
        str, typer.Option(envvar="USER_ID", help="Who asks: the development token's subject.")
    ] = "developer",
    session: Annotated[str, typer.Option(help="Session to continue, 33 to 256 characters; a new one if empty.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the response body as JSON.")] = False,
) -> None:
    """Ask the agent one question, or chat with it."""
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    # Imported late, as loading the agent takes a second that `--help` need not wait for.
    from agent.wiring.contract import BadRequest, session_id_or_new
    from agent.wiring.identity import authenticate, issue_development_token
    from agent.wiring.service import Service

    _record_spans()
    service = Service.from_files()
    state = service.settings.state
    headers = {"Authorization": f"Bearer {issue_development_token(user, state)}"}
    try:
        caller = authenticate(headers, "development", state)
        session_id = session_id_or_new(session or f"ask-{uuid4()}")
    except BadRequest as error:
        raise typer.BadParameter(error.message, param_hint="--session") from None
    try:
        if question.strip():
            body = asyncio.run(_one(service, question, caller, session_id, as_json=as_json))
            raise typer.Exit(1 if "error" in body else 0)
        asyncio.run(_chat(service, caller, session_id))
    finally:
        service.close()


def _record_spans() -> None:
    """Set up OpenTelemetry as `opentelemetry-instrument` would, without a second start of Python."""
    from opentelemetry.instrumentation.auto_instrumentation import initialize

    from agent.wiring.telemetry import local_defaults

    os.environ.update(local_defaults())
    # It warns of every configurator it was told not to use.
    logging.getLogger("opentelemetry.instrumentation.auto_instrumentation").setLevel(logging.ERROR)
    initialize()


async def _one(service: Service, question: str, caller: Caller, session_id: str, *, as_json: bool) -> dict[str, Any]:
    with console.status("thinking …") if not as_json else Console(quiet=True):
        body = [event async for event in service.ask(question, caller, session_id)][-1]
    if as_json:
        body.pop("type")
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    elif "error" in body:
        _show_error(body)
    else:
        console.print(Markdown(body["answer"]))
        console.print()
        _show_calls(body)
        _show_footer(body)
    return body


async def _chat(service: Service, caller: Caller, session_id: str) -> None:
    label = service.describe_model()["label"]
    console.print(f"Chat with [bold]{escape(service.settings.name)}[/]" + (f" [yellow]({label})[/]" if label else ""))
    console.print("[dim]An empty line or Ctrl-D ends it.[/]\n")
    while question := await asyncio.to_thread(_read):
        body: dict[str, Any] = {}
        async for body in service.ask(question, caller, session_id):
            if body["type"] == "text":
                console.print(body["text"], end="", markup=False, highlight=False)
        if "error" in body:
            _show_error(body)
            continue
        console.print("\n")
        _show_calls(body)
        _show_footer(body)
        console.print()
    console.print(f"[dim]Continue with: make ask SESSION={session_id}[/]")


def _read() -> str:
    try:
        return console.input("[bold cyan]you:[/] ").strip()
    except (EOFError, KeyboardInterrupt):
        console.print()
        return ""


def _show_error(body: dict[str, Any]) -> None:
    console.print(f"[red]The request failed.[/] The log above says why; request {body['requestId']}.")


def _show_calls(body: dict[str, Any]) -> None:
    for notice in body["notices"]:
        console.print(f"[yellow]{escape(notice)}[/]")
    if not body["toolCalls"]:
        console.print("[dim]no tool called[/]")
        return
    for call in body["toolCalls"]:
        parameters = ", ".join(f"{name}={value}" for name, value in call["input"].items())
        line = f"→ {call['name']}({parameters})"
        if call["status"] == "error":
            console.print(f"[red]{escape(line)}  {escape(str(call['result']))}[/]", highlight=False)
        else:
            console.print(f"[cyan]{escape(line)}[/]  [dim]{call['durationMs']:.1f} ms[/]", highlight=False)


def _show_footer(body: dict[str, Any]) -> None:
    usage, label = body["usage"], body["model"]["label"]
    about = " estimated" if usage["estimated"] else ""
    first = f", first token after {body['timeToFirstTokenMs']:.0f} ms" if body["timeToFirstTokenMs"] else ""
    console.print(
        f"[yellow]{escape(label)}[/] · " if label else f"[dim]{escape(body['model']['id'])}[/] · ",
        f"[dim]{usage['inputTokens']} tokens in, {usage['outputTokens']} out{about} · "
        f"{body['modelCalls']} model calls · {body['latencyMs']:.0f} ms{first}[/]",
        sep="",
    )
