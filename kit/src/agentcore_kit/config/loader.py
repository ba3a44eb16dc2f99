"""Read a YAML file into a model, or say all that is wrong with it: file, line, field, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import relative

FieldPath = tuple[str | int, ...]
"""Where a value is in its file, for example `("spec", "tools", "gateways", 0)`."""

Finding = tuple[FieldPath, str]
"""A rule that a file breaks: the field, and what is wrong, in words that tell what would be right."""

# The C parser is some ten times faster, which every start of the agent feels. PyYAML's wheels have it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Model(BaseModel):
    """Base of everything read from YAML: camelCase in the file, unknown fields refused, types taken at their word."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)

    @classmethod
    def findings(cls, document: Document) -> Iterable[Finding]:
        """Yield the rules that a file breaks and that no single field shows; a kind that has such overrides this."""
        return ()


M = TypeVar("M", bound=Model)


@dataclass
class Document:
    """A parsed file: its values, where each of them stands and how it is written, and what is wrong so far."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[FieldPath, int] = field(default_factory=dict)
    texts: dict[FieldPath, str] = field(default_factory=dict)
    variables: dict[FieldPath, str] = field(default_factory=dict)
    problems: dict[FieldPath, str] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a group of fields: empty when it is absent, or is no group."""
        value = self.data.get(name)
        return value if isinstance(value, dict) else {}

    def override(self, path: FieldPath, value: object, variable: str) -> None:
        """Put a value in the place of the file's. A problem with it will name the environment variable it is from."""
        self.variables[path] = variable
        self.texts[path] = str(value)
        *groups, last = map(str, path)
        target = self.data
        for name in groups:
            if not isinstance(target.get(name), dict):
                target[name] = {}
            target = target[name]
        target[last] = value

    def report(self, path: FieldPath, text: str) -> None:
        """Add a problem. The first one about a field stays, as the others follow from it."""
        self.problems.setdefault(path, text)

    def refuse(self) -> None:
        """Raise everything that is wrong, in the order of the file. Do nothing when all is right."""
        if self.problems:
            ordered = sorted(self.problems, key=self._line)
            lines = [f"{self._source(path)}: {dotted(path)}: {self.problems[path]}" for path in ordered]
            raise ConfigError([" ".join(line.split()) for line in lines])  # a value can have line breaks

    def _line(self, path: FieldPath) -> int:
        known = (self.lines.get(path[:length]) for length in range(len(path), 0, -1))
        return next((line for line in known if line), 1)

    def _source(self, path: FieldPath) -> str:
        known = (self.variables.get(path[:length]) for length in range(len(path), 0, -1))
        return next((name for name in known if name), f"{self.name}:{self._line(path)}")


def dotted(path: FieldPath) -> str:
    """Return a path as people write it: `spec.tools.gateways[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def parse(path: Path) -> Document:
    """Return the values of a YAML file, and the line of each.

    Raises:
        ConfigError: When the file cannot be read, or is no YAML with fields in it.
    """
    name = relative(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{name}:1: no such file; restore it from version control"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{name}:1: cannot be read as UTF-8 text: {error}"]) from None
    return _Parser(name, text).parse()


def check(document: Document, model: type[M], findings: Iterable[Finding] = ()) -> M:
    """Return the document as a model that also keeps the rules whose breaches are in `findings`.

    Raises:
        ConfigError: With everything that is wrong, including what parsing found.
    """
    for path, text in findings:  # before the model's, as these say more
        document.report(path, text)
    try:
        result = model.model_validate(document.data)
    except ValidationError as error:
        from agentcore_kit.config.explain import explain  # only a wrong file needs it

        explain(document, model, error)
        result = model.model_construct()
    document.refuse()
    return result


class _Parser:
    """Turns the nodes of one file into values."""

    def __init__(self, name: str, text: str) -> None:
        self.document = Document(name)
        self.text = text
        self.loader = _Loader(text)
        self.groups: set[int] = set()

    def parse(self) -> Document:
        try:
            root = self.loader.get_single_node()
            if not isinstance(root, yaml.MappingNode):
                raise self._error(0, "needed: fields, in lines such as `name: value`")
            self.document.data = self._mapping(root, ())
        except yaml.MarkedYAMLError as error:
            raise self._error(*self._syntax(error)) from None
        except RecursionError:
            raise self._error(0, "is nested too deep to be read") from None
        except yaml.YAMLError as error:
            raise self._error(0, f"no YAML: {' '.join(str(error).split())}") from None
        finally:
            self.loader.dispose()
        return self.document

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            # The text of a key, not its value: `on` and `2024` are names here, whatever YAML makes of them.
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            place = (*path, name)
            line = key.start_mark.line + 1
            if name == "?":
                self.document.report(place, f"the name of a field, in line {line}, must be plain text")
            elif name in values:
                self.document.report(place, f"stands here and again in line {line}; remove one")
            else:
                self.document.lines[place] = line
                values[name] = self._value(value, place)
        return values

    def _value(self, node: yaml.Node, path: FieldPath) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self.groups:
            self.document.report(path, "is an alias (*name); write the value out")
            return None
        self.groups.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        values = []
        for index, item in enumerate(node.value):
            self.document.lines[*path, index] = item.start_mark.line + 1
            values.append(self._value(item, (*path, index)))
        return values

    def _scalar(self, node: yaml.ScalarNode, path: FieldPath) -> Any:
        self.document.texts[path] = node.value
        try:
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            kind = node.tag.rsplit(":", 1)[-1]
            self.document.report(path, f"{node.value!r} cannot be read as a {kind}; is it text? then put it in quotes")
            return None

    def _syntax(self, error: yaml.MarkedYAMLError) -> tuple[int, str]:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        row = self.text.splitlines()[line : line + 1]
        if row and "\t" in row[0][: len(row[0]) - len(row[0].lstrip())]:
            return line, "starts with a tab; indent with spaces"
        hint = "; put text with a colon in quotes" if "mapping values" in str(error.problem) else ""
        return line, f"no YAML: {error.problem or error.context}{hint}"

    def _error(self, line: int, text: str) -> ConfigError:
        return ConfigError([f"{self.document.name}:{line + 1}: {text}"])
