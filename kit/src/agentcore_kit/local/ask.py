"""`kit ask`: put questions to the agent in this process, and see the answer, the tool calls, tokens and times."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import traceback
from shlex import quote
from textwrap import shorten
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agentcore_kit.runtime.identity import Caller
    from agentcore_kit.serving.service import Service

console = Console(emoji=False)


class OneLine(logging.Formatter):
    """Formats a record for a person: what was logged and the exception's own words, without its stack."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        error = record.exc_info[1] if record.exc_info else None
        cause = ": " + " ".join(traceback.format_exception_only(error)) if error else ""
        return shorten(record.getMessage() + cause, 600, placeholder=" …")


def ask(
    question: Annotated[str, typer.Argument(help="What to ask; without it, a chat starts.")] = "",
    user: Annotated[
        str, typer.Option(help="Who asks: any name, or a user of evals/users.yaml; conversations are kept by user.")
    ] = "developer",
    session: Annotated[str, typer.Option(help="Session to continue, 33 to 256 characters; a new one if empty.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the response body as JSON.")] = False,
) -> None:
    """Ask the agent one question, or chat with it."""
    whole_log = bool(os.environ.get("LOG_LEVEL"))
    if not whole_log:
        os.environ["LOG_LEVEL"] = "WARNING"
    # Imported late, as loading the agent takes a second that `--help` need not wait for.
    from agentcore_kit.evaluation.users import by_development_token, developer
    from agentcore_kit.local.span_recording import record_spans
    from agentcore_kit.runtime.identity import authenticate
    from agentcore_kit.serving.invocation import BadRequest, session_id_or_new
    from agentcore_kit.serving.service import Service

    record_spans()
    service = Service.from_files()
    if not whole_log:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(OneLine())
    state = service.settings.state
    headers = {"Authorization": f"Bearer {by_development_token(state)(developer(user))}"}
    try:
        caller = authenticate(headers, "development", state)
        session_id = session_id_or_new(session or f"ask-{uuid4()}")
    except BadRequest as error:
        raise typer.BadParameter(error.message, param_hint="--session") from None
    try:
        if question.strip():
            body = asyncio.run(_one(service, question, caller, session_id, as_json=as_json))
            raise typer.Exit(3 if "error" in body else 0)
        _chat(service, caller, session_id)
    finally:
        service.close()


async def _one(service: Service, question: str, caller: Caller, session_id: str, *, as_json: bool) -> dict[str, Any]:
    with console.status("thinking …") if not as_json else Console(quiet=True):
        body = [event async for event in _events(service, question, caller, session_id)][-1]
    if as_json:
        body.pop("type")
        sys.stdout.write(json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    elif "error" in body:
        _show_error(service, body)
    else:
        console.print(Markdown(body["answer"]))
        console.print()
        _show_calls(body)
        _show_footer(body)
    return body


async def _events(service: Service, question: str, caller: Caller, session_id: str) -> AsyncIterator[dict[str, Any]]:
    """Yield what the agent does, or that the team's own function refuses the request, as it would over HTTP."""
    from agentcore_kit.serving import RequestRefused

    try:
        await service.admit(caller, question)
    except RequestRefused as refusal:
        yield {"type": "refused", "error": str(refusal)}
        return
    async for event in service.ask(question, caller, session_id):
        yield event


def _chat(service: Service, caller: Caller, session_id: str) -> None:
    label = service.describe_model()["label"]
    console.print(f"Chat with [bold]{escape(service.settings.name)}[/]" + (f" [yellow]({label})[/]" if label else ""))
    console.print("[dim]An empty line, Ctrl-D or Ctrl-C ends it.[/]\n")
    try:
        # One event loop for the whole chat, as the session belongs to it. It runs in a thread of its own, so that
        # Ctrl-C always reaches this one, whatever the turn is doing: a loop that handles it may lose it or break.
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            thread = Thread(target=loop.run_forever, daemon=True)
            try:
                thread.start()
                while question := console.input("[bold cyan]you:[/] ").strip():
                    asyncio.run_coroutine_threadsafe(_turn(service, question, caller, session_id), loop).result()
            finally:
                loop.call_soon_threadsafe(loop.stop)
                thread.join()
    except (EOFError, KeyboardInterrupt):
        console.print()
    console.print(f"[dim]Continue with: kit ask --session {escape(quote(session_id))}[/]", soft_wrap=True)


async def _turn(service: Service, question: str, caller: Caller, session_id: str) -> None:
    body: dict[str, Any] = {}
    async for body in _events(service, question, caller, session_id):
        if body["type"] == "text":
            console.print(body["text"], end="", markup=False, highlight=False)
        elif body["type"] == "retry":
            console.print("\n[yellow]This is void: it broke off or was blocked, and the model is asked again.[/]\n")
        elif body["type"] == "blocked":
            console.print("\n[yellow]This is void: it was blocked.[/]\n")
    if "error" in body:
        _show_error(service, body)
        return
    console.print("\n")
    _show_calls(body)
    _show_footer(body)
    console.print()


def _show_error(service: Service, body: dict[str, Any]) -> None:
    """Say why a request was refused; or, as the log has just said what failed, what to look at."""
    if body["type"] == "refused":
        console.print(f"[red]The request was refused:[/] {escape(body['error'])}", highlight=False)
        return
    from agentcore_kit.serving.errors import INTERNAL

    model = service.settings.environment.model
    key = model.api_key or "OPENAI_API_KEY"
    hints = {
        "bedrock": f"Check your AWS credentials, and that the account may use {model.id}.",
        "openai-compatible": f"Check that {model.base_url} answers, knows {model.id} and accepts {key}.",
    }
    unknown = body["error"] == INTERNAL.message
    why = ". The log above says why." if unknown else f": {body['error']}"
    console.print(f"[red]The request failed[/]{escape(why)}", highlight=False)
    if (unknown or body["status"] == 503) and (hint := hints.get(model.provider)):
        console.print(hint, markup=False, highlight=False)
    console.print("[dim]kit trace shows where it failed; LOG_LEVEL=DEBUG shows the whole log.[/]", highlight=False)


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
