"""Tools as their documentation describes them: names, sentences for and against, parameters, returned fields.

Everything the offline model knows comes from here, and everything here comes from the tool specs it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from strands.types.tools import ToolSpec

from agent.wiring.offline.text import STOPWORDS, humanise, stems


class Kind(IntEnum):
    """What a parameter takes, in the order in which parameters are looked for in a request."""

    EMAIL = 1
    IDENTIFIER = 2
    DATE = 3
    MONTH = 4
    QUARTER = 5
    YEAR = 6
    CHOICE = 7
    NUMBER = 8
    BOOLEAN = 9
    TEXT = 10


# Two parameters of one kind are told apart by these words: the earlier, source side and the later, target side.
_FIRST = set("from origin source start begin previous prior old earlier base initial in since departure sender check_in".split())
_SECOND = set("to destination target end until current new later latest out arrival recipient due".split())
_QUARTER_FORMATS = ("{y}-Q{q}", "{y}Q{q}", "{y} Q{q}", "Q{q} {y}", "Q{q}-{y}", "Q{q}/{y}", "Q{q}")
_SECTION = re.compile(r"^\s*(Returns?|Errors?|Raises|Examples?|Args|Notes?)\s*:", re.M | re.I)
_AGAINST = re.compile(r"(?:\b(?:do|does) not use|\bdon't use|\bnever use|\bnot (?:meant |intended )?for)\b", re.I)
_FOR = re.compile(r"\b(?:use (?:when|for|if|this|it|to)|call (?:this|it) (?:when|for|to)|when the user|useful (?:for|when))\b", re.I)
_DEFAULT = re.compile(
    r"\b(?:when|if|unless)\b[^.,;]*\b(?:no|none|not|nothing|without|omitted|missing)\b[^.,;]*,\s*(?:then )?(?:use|take|assume)\s+([^.;]+)", re.I
)
_EXAMPLES = re.compile(r"\b(?:e\.g\.|for example|for instance|such as|examples?:|like)\s*[:,]?\s*((?:\"[^\"]*\"|[^.;()\"]|\.(?=\w))+)", re.I)
_ALTERNATION = re.compile(r"\(?\b([A-Za-z][\w-]*(?:\s?\|\s?[A-Za-z][\w-]*)+)\b|\bone of:?\s+([\w-]+(?:, [\w-]+)*,? or [\w-]+)", re.I)


@dataclass
class Parameter:
    """One input of a tool, read from its JSON schema and description."""

    name: str
    kind: Kind
    description: str
    required: bool
    many: bool = False
    whole: bool = False  # takes whole numbers only
    choices: dict[str, Any] = field(default_factory=dict)  # what a user may say, in lower case -> the value
    finder: re.Pattern[str] | None = None  # finds a choice or an identifier in a text
    accepts: re.Pattern[str] | None = None  # the schema's own pattern
    upper: bool = False  # identifiers are written in capitals
    style: str = ""  # how a period is written
    default_rule: str = ""  # "all of them", from "when the user names no region, use all of them"
    words: frozenset[str] = frozenset()
    role: int = 0  # -1 the first of a pair (from, previous), 1 the second (to, current)

    @property
    def values(self) -> list[Any]:
        """The distinct values of a choice."""
        return list(dict.fromkeys(self.choices.values()))

    @property
    def label(self) -> str:
        """The name in plain words."""
        return humanise(self.name)


@dataclass
class Tool:
    """One tool, read from its spec."""

    name: str
    spec: ToolSpec
    parameters: list[Parameter]
    summary: str  # its first sentence
    fields: list[str]  # the names its documentation says it returns
    text: dict[str, list[str]]  # stems by part of the documentation: name, use, summary, parameters, details, against

    @property
    def short_name(self) -> str:
        """The name without the gateway target: "desk___resetPassword" is "resetPassword"."""
        return self.name.rsplit("___", 1)[-1]

    @property
    def required(self) -> list[Parameter]:
        """What it cannot be called without."""
        return [parameter for parameter in self.parameters if parameter.required]

    @property
    def numbers(self) -> list[Parameter]:
        """The numbers it cannot do without: what it calculates with."""
        return [parameter for parameter in self.required if parameter.kind is Kind.NUMBER]

    @property
    def names(self) -> set[str]:
        """The names of its parameters."""
        return {parameter.name for parameter in self.parameters}

    @property
    def groups(self) -> list[list[Parameter]]:
        """Parameters that compete for the same words, in the order in which they are looked for."""
        result: dict[Any, list[Parameter]] = {}
        for parameter in sorted(self.parameters, key=lambda p: p.kind):
            alone = parameter.kind in (Kind.BOOLEAN,) or parameter.many
            key = (parameter.kind, tuple(parameter.choices), parameter.style, parameter.name if alone else "")
            result.setdefault(key, []).append(parameter)
        return list(result.values())


def read_tools(specs: list[ToolSpec]) -> list[Tool]:
    """Reads tool specs. Names of other tools in a documentation are left out: they say nothing about the tool itself."""
    names = [spec["name"].rsplit("___", 1)[-1] for spec in specs]
    others = re.compile("|".join(rf"(?:use |by |with |from )?\b{re.escape(name)}\b" for name in names), re.I)
    return [_read_tool(spec, others) for spec in specs]


def _read_tool(spec: ToolSpec, others: re.Pattern[str]) -> Tool:
    sections = _sections(spec.get("description", ""))
    description = sections.get("", "")
    use, against, details = [], [], []
    sentences = [" ".join(s.split()) for s in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(])|\n\s*\n", description) if s.strip()]
    for sentence in sentences:
        bucket = against if _AGAINST.search(sentence) else use if _FOR.search(sentence) else details
        bucket.append(others.sub(" ", re.split(r":\s*use\b", sentence)[0] if bucket is against else sentence))
    parameters = [_read_parameter(name, schema, required, description) for name, schema, required in _properties(spec)]
    told = [p for p in parameters if not (p.required and p.kind is Kind.NUMBER)]  # what is calculated with tells little
    inputs = " ".join(f"{p.name} {_DEFAULT.sub('', p.description)} {' '.join(p.choices)}" for p in told)
    short = spec["name"].rsplit("___", 1)[-1]
    texts = {"name": short, "use": " ".join(use), "summary": details[0] if details else "", "parameters": inputs}
    texts |= {"details": " ".join(details[1:]), "against": " ".join(against)}
    returned = re.findall(r"[\"']?(\w+)[\"']?\s*:", sections.get("return", ""))
    returned += list(spec.get("outputSchema", {}).get("json", spec.get("outputSchema", {})).get("properties", {}))
    summary = sentences[0].rstrip(".") if sentences else humanise(short)
    return Tool(spec["name"], spec, parameters, summary, returned, {part: stems(text) for part, text in texts.items()})


def _sections(description: str) -> dict[str, str]:
    """A docstring's sections by name; "" holds what stands before the first."""
    parts = _SECTION.split(description)
    return {"": parts[0]} | {name.lower().rstrip("s"): text for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _properties(spec: ToolSpec) -> Iterator[tuple[str, dict[str, Any], bool]]:
    schema = spec.get("inputSchema", {})
    schema = schema.get("json", schema)
    definitions = schema.get("$defs", schema.get("definitions", {}))
    for name, sub in schema.get("properties", {}).items():
        yield name, _resolve(sub, definitions), name in schema.get("required", [])


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follows references, and reduces "this or null" and lists of constants to one plain schema."""
    if "$ref" in schema:
        target = definitions.get(schema["$ref"].rsplit("/", 1)[-1], {})
        schema = {**_resolve(target, definitions), **{k: v for k, v in schema.items() if k != "$ref"}}
    for key in ("anyOf", "oneOf", "allOf"):
        options = [_resolve(o, definitions) for o in schema.get(key, []) if o.get("type") != "null"]
        if options:
            chosen = next((o for o in options if "enum" in o), options[0])
            constants = [o["const"] for o in options if "const" in o]
            chosen = {**chosen, "enum": constants} if constants else chosen
            schema = {**chosen, **{k: v for k, v in schema.items() if k != key}}
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    if "items" in schema:
        schema = {**schema, "items": _resolve(schema["items"], definitions)}
    return schema


def _read_parameter(name: str, schema: dict[str, Any], required: bool, context: str) -> Parameter:
    description = " ".join(str(schema.get("description", "")).split())
    many = schema.get("type") == "array"
    inner = schema.get("items", {}) if many else schema
    parameter = Parameter(name, Kind.TEXT, description, required, many, inner.get("type") == "integer")
    default = _DEFAULT.search(description)
    parameter.default_rule = default[1].strip() if default else ""
    inside = " ".join(re.findall(r"\(([^)]*)\)", description)) if inner.get("type") == "boolean" else description
    parameter.words = frozenset(stems(f"{name} {inside}"))
    parameter.role = _role(name) or _role(re.sub(r"\b(?:in|from|to)\b", "", description.split(".")[0]))
    _set_kind(parameter, inner, context)
    return parameter


def _role(text: str) -> int:
    for word in re.findall(r"[a-z]+", humanise(text).lower()):
        if word in _FIRST or word in _SECOND:
            return -1 if word in _FIRST else 1
    return 0


def _set_kind(parameter: Parameter, schema: dict[str, Any], context: str) -> None:
    kind, name = str(schema.get("type", "string")), parameter.label
    values = schema.get("enum") or _listed_values(parameter.description)
    if kind == "boolean":
        parameter.kind = Kind.BOOLEAN
    elif values and kind == "string":
        _set_choices(parameter, values, context)
    elif kind in ("integer", "number"):
        parameter.kind = Kind.YEAR if "year" in name else Kind.QUARTER if "quarter" in name else Kind.NUMBER
        parameter.style = {Kind.YEAR: "{y}", Kind.QUARTER: "{q}"}.get(parameter.kind, "")
    else:
        _set_text_kind(parameter, schema)


def _set_text_kind(parameter: Parameter, schema: dict[str, Any]) -> None:
    pattern, text = schema.get("pattern", ""), f"{schema.get('format', '')} {parameter.description}"
    parameter.accepts = re.compile(pattern) if pattern else None
    strict = parameter.accepts and not parameter.accepts.search("Zz-zz")
    quarter = next((f for f in _QUARTER_FORMATS if strict and parameter.accepts.search(f.format(y=2024, q=3))), "")
    if quarter or re.search(r"YYYY[- ]?Q", text):
        parameter.kind, parameter.style = Kind.QUARTER, quarter or ("{y}-Q{q}" if "-Q" in text else "{y}Q{q}")
    elif re.search(r"YYYY-MM-DD|\bISO(?: 8601)? date|^date(?:-time)?\b", text) or (strict and parameter.accepts.search("2024-03-05")):
        parameter.kind, parameter.style = Kind.DATE, "{y}-{m:02}-{d:02}"
    elif re.search(r"YYYY-MM\b", text) or (strict and parameter.accepts.search("2024-03")):
        parameter.kind, parameter.style = Kind.MONTH, "{y}-{m:02}"
    elif strict and parameter.accepts.search("2024"):
        parameter.kind, parameter.style = Kind.YEAR, "{y}"
    elif schema.get("format") == "email" or re.search(r"e-?mail", parameter.label):
        parameter.kind = Kind.EMAIL
    elif pattern or _example_pattern(parameter.description):
        parameter.kind = Kind.IDENTIFIER
        body = pattern.strip("^$") or _example_pattern(parameter.description)
        parameter.upper = not pattern and "[a-z]" not in body
        parameter.finder = re.compile(rf"(?<![\w-])(?:{body})(?![\w-])", re.I)
    else:
        _set_choices(parameter, _examples(parameter.description), "")
        parameter.kind = Kind.TEXT


def _listed_values(description: str) -> list[str]:
    """The values of "(EMEA|APAC|AMER)" or "one of a, b or c" in a description, where the schema names none."""
    match = _ALTERNATION.search(description)
    return [value for value in re.split(r"\s?\|\s?|, or |, | or ", match[1] or match[2])] if match else []


def _examples(description: str) -> list[str]:
    """The values a description gives as examples: e.g. "parental leave", "remote work"."""
    match = _EXAMPLES.search(description)
    quoted = re.findall(r'"([^"]+)"', match[1]) if match else []
    return quoted or ([part.strip() for part in re.split(r",| or | and ", match[1]) if 1 < len(part.strip()) < 30] if match else [])


def _example_pattern(description: str) -> str:
    """A pattern for things like the example: "e.g. EMP-1234" gives EMP-\\d+, "jdoe1" gives [a-z]+\\d+."""
    example = next((e for e in _examples(description) if re.search(r"\d", e) and re.search(r"[A-Za-z]", e) and " " not in e), "")
    parts = re.findall(r"[A-Z]+|[a-z]+|\d+|[^A-Za-z\d]", example)
    return "".join(r"\d+" if p.isdigit() else "[a-z]+" if p.islower() else re.escape(p) for p in parts)


def _set_choices(parameter: Parameter, values: list[Any], context: str) -> None:
    """Remembers each value under its own name and the synonyms that the documentation gives for it."""
    parameter.kind = Kind.CHOICE
    if values and all(re.fullmatch(r"Q[1-4]", str(value)) for value in values):
        parameter.kind, parameter.style = Kind.QUARTER, "Q{q}"
    phrases: dict[str, Any] = {}
    for value in values:
        for phrase in [str(value), humanise(str(value)), *_synonyms(str(value), values, parameter.description, context)]:
            if phrase.lower() not in STOPWORDS or phrase.isupper():
                phrases.setdefault(phrase.lower(), value)
    parameter.choices = phrases
    longest_first = sorted(parameter.choices, key=len, reverse=True)
    body = "|".join(re.escape(phrase).replace(r"\ ", r"[\s_-]+").replace(r"\-", "[ -]?") for phrase in longest_first)
    parameter.finder = re.compile(rf"(?<![\w-])(?:{body})(?=(?:'s|s)?(?![\w-]))", re.I) if body else None


def _synonyms(value: str, values: list[Any], *texts: str) -> list[str]:
    """What documentation says stands for a value: "EMEA (Europe, European)", "EMEA = Europe; ...", "EMEA: Europe"."""
    name, others = re.escape(value), "|".join(re.escape(str(other)) for other in values if str(other) != value) or "(?!)"
    pattern = rf"(?<![\w-]){name}[\"'`]?\s*(?:\(([^)]*)\)|(?:=|:|->|→|means\b|is\b)\s*((?:(?!\b(?:{others})\b)[^.;\n])+))"
    for text in texts:
        match = re.search(pattern, text)
        if match:
            words = re.sub(r"^(?:e\.g\.|for example|such as|i\.e\.)\s*,?", "", match[1] or match[2] or "")
            return [part.strip() for part in re.split(r",|/|;| or | and ", words) if 1 < len(part.strip()) < 40]
    return []
