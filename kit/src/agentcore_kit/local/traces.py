"""`kit trace`: show what happened inside a request, from the spans that local runs write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from agentcore_kit.local.spans import Span, read_traces
from agentcore_kit.runtime.telemetry import MODEL_CALL, SIGNED_IN, SPAN_FILE

MAX_TEXT = 120


def trace(
    trace_id: Annotated[
        str, typer.Argument(help="Trace to show, or the beginning of its id; the last one if empty.")
    ] = "",
    list_all: Annotated[bool, typer.Option("--list", help="List the recorded requests, newest last.")] = False,
    also: Annotated[
        list[Path] | None,
        typer.Option(help="Another repository on this machine, whose spans belong to it; as often as needed."),
    ] = None,
) -> None:
    """Show the last request as a tree: durations, tokens, tool parameters and results."""
    from agentcore_kit.runtime.settings import STATE

    console = Console(emoji=False)
    for folder in also or ():
        if not (folder / STATE / SPAN_FILE).exists():
            console.print(
                f"{escape(str(folder))} has recorded nothing; is it a repository that was served with kit dev?"
            )
            raise typer.Exit(2)
    traces = read_traces(_named([Path.cwd(), *also], STATE) if also else STATE / SPAN_FILE)
    if not traces:
        console.print("No request was recorded yet. Make one first, with kit ask or kit dev.")
        raise typer.Exit(3)
    if list_all:
        for found, roots in traces.items():
            when = f"{roots[0].start:%Y-%m-%d %H:%M:%S}"
            console.print(f"{found}  {when}  {roots[0].milliseconds:8.0f} ms  {_session(roots)}", soft_wrap=True)
        return
    chosen = [found for found in traces if found.startswith(trace_id)]
    if not chosen:
        console.print(f"No recorded trace begins with {escape(trace_id)}. See them with: kit trace --list")
        raise typer.Exit(2)
    _show(console, chosen[-1], traces[chosen[-1]])


def _named(folders: Sequence[Path], state: Path) -> dict[str, Path]:
    """Return the span files of repositories by the repositories' names; by their paths where they have one name."""
    whole = [folder.resolve() for folder in folders]
    names = [folder.name for folder in whole]
    return {
        str(folder) if names.count(folder.name) > 1 else folder.name: folder / state / SPAN_FILE for folder in whole
    }


def _show(console: Console, trace_id: str, roots: list[Span]) -> None:
    tree = Tree(f"[bold]{trace_id}[/]  {roots[0].start:%Y-%m-%d %H:%M:%S} UTC  {_session(roots)}")
    for root in roots:
        _add(tree, root)
    console.print(tree)
    tokens = [_tokens(span) for root in roots for span in model_calls(root)]
    into, out = (sum(pair[i] for pair in tokens) for i in (0, 1))
    if tokens:
        console.print(f"[dim]{len(tokens)} model calls, {into} tokens in, {out} out[/]")


def _add(tree: Tree, span: Span, *, within_call: bool = False) -> None:
    colour = "red" if span.failed else "cyan"
    line = f"[{colour}]{escape(span.name)}[/]  [bold]{span.milliseconds:.1f} ms[/]"
    line += f"  [magenta]{escape(span.source)}[/]" if span.source else ""
    is_call = _is_model_call(span)
    if is_call and not within_call:
        into, out = _tokens(span)
        line += f"  [dim]{into} tokens in, {out} out[/]"
    if "url.template" in span.attributes and "http.response.status_code" in span.attributes:  # a call of an HTTP API
        line += f"  [dim]HTTP {span.attributes['http.response.status_code']}[/]"
    branch = tree.add(line)
    for label, text in _content(span):
        branch.add(f"[dim]{label}[/] {escape(text)}")
    if any(event["name"] == SIGNED_IN for event in span.events):
        branch.add("[dim]asked for an OAuth token first[/]")
    # An exception passes through all the spans around it; only the innermost shows it.
    for text in _exceptions(span) - {text for child in span.children for text in _exceptions(child)}:
        branch.add(f"[red]{escape(_short(text))}[/]")
    for child in span.children:
        _add(branch, child, within_call=within_call or is_call)


def _content(span: Span) -> Iterator[tuple[str, str]]:
    """Yield what a tool span says of its input and output; nothing where the environment keeps content out."""
    if not span.name.startswith("execute_tool"):
        return
    for event in span.events:
        content = event["attributes"].get("content", event["attributes"].get("message"))
        if content is not None:
            yield ("parameters" if event["name"] == "gen_ai.tool.message" else "result"), _short(str(content))


def _exceptions(span: Span) -> set[str]:
    """Return type and message of what went wrong, as far as the environment lets them be recorded."""
    found = [event["attributes"] for event in span.events if event["name"] == "exception"]
    parts = [[str(one[key]) for key in ("exception.type", "exception.message") if one.get(key)] for one in found]
    return {": ".join(part) for part in parts if part}


def _tokens(span: Span) -> tuple[int, int]:
    return span.attributes.get("gen_ai.usage.input_tokens", 0), span.attributes.get("gen_ai.usage.output_tokens", 0)


def model_calls(span: Span) -> Iterator[Span]:
    """Yield the model calls in a span, itself included; what a call's client records within it is the same call."""
    if _is_model_call(span):
        yield span
        return
    for child in span.children:
        yield from model_calls(child)


def _is_model_call(span: Span) -> bool:
    return span.name.partition(" ")[0] == MODEL_CALL  # a client's own span has the model after it


def _walk(span: Span) -> Iterator[Span]:
    yield span
    for child in span.children:
        yield from _walk(child)


def _session(roots: list[Span]) -> str:
    """Return the session's id, which its caller chose, as text that is no markup."""
    ids = (span.attributes.get("session.id") for root in roots for span in _walk(root))
    return escape(str(next(filter(None, ids), "")))


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} …"
