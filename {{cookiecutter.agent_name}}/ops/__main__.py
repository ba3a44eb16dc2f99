"""Run one verb: `python -m ops VERB`. Only the module of that verb is imported, so that none waits for the others."""

from __future__ import annotations

import sys
from importlib import import_module

from ops.verbs import VERBS

COMMON = {
    "manifest": "ops.checks:manifest",
    "schema": "ops.checks:schema",
}
USAGE = "usage: python -m ops VERB [OPTIONS]; VERB --help explains one\nverbs:"


def main(arguments: list[str]) -> None:
    """Run the verb that the first argument names, or list the verbs. Exit code 2 when there is no such verb."""
    verbs = COMMON | VERBS
    name = arguments[0] if arguments else "--help"
    if name == "--help":
        print(USAGE, ", ".join(verbs))
        return
    if name not in verbs:
        from ops.explain import choose

        print(f"ops: no verb {name!r}; {choose(name, verbs)}", file=sys.stderr)
        sys.exit(2)
    _run(name, verbs[name], arguments[1:])


def _run(name: str, target: str, arguments: list[str]) -> None:
    import typer

    from ops.document import DocumentError

    module, function = target.split(":")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(getattr(import_module(module), function))
    try:
        app(arguments, prog_name=f"python -m ops {name}")
    except DocumentError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
