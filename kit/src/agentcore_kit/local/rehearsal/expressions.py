"""Expressions of GitHub's workflows, as far as they lead to values that are known on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]
"""What expressions can name: `needs`, `steps` and `matrix`, each with what is below it."""

_EXPRESSION = re.compile(r"\$\{\{\s*((?!\s)(?:(?!\$\{\{).)*?)(?<!\s)\s*\}\}")
_FORM = re.compile(r"(?P<parse>fromJSON\()?(?P<path>[\w-]+(\.[\w-]+)*)(?(parse)\))(\[(?P<index>\d+)\])?")


def resolved(text: str, known: Values) -> Any:
    """Return a text with its expressions filled in; a text that is one expression gives its value, of any type.

    Args:
        text: As it is written in the workflow.
        known: What the expressions can name. What GitHub alone knows, such as `github.sha`, is empty.
    """
    whole = _EXPRESSION.fullmatch(text)
    if whole:
        return _value(whole[1], known)
    return _EXPRESSION.sub(lambda match: str(_value(match[1], known)), text)


def _value(expression: str, known: Values) -> Any:
    form = _FORM.fullmatch(expression)
    value: Any = known
    for part in form["path"].split(".") if form else ():
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    if form is None or value == "":
        return ""
    value = json.loads(value) if form["parse"] else value
    return value[int(form["index"])] if form["index"] else value
