"""Run one verb: `python -m ops VERB`. Only the module of that verb is imported, so that none waits for the others."""

from __future__ import annotations

import sys
from importlib import import_module

from ops.verbs import VERBS

COMMON = {
    "manifest": "ops.checks:manifest",
    "schema": "ops.checks:schema",
}


def main(arguments: list[str]) -> None:
    """Run the verb that the first argument names with the others, or list the verbs."""
    verbs = COMMON | VERBS
    name = arguments[0] if arguments else "--help"
    if name not in verbs:
        known = f"python -m ops VERB [--help], with VERB one of: {', '.join(verbs)}"
        sys.exit(known if name != "--help" else print(known))
    import typer

    module, function = verbs[name].split(":")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(getattr(import_module(module), function))
    app(arguments[1:], prog_name=f"python -m ops {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
