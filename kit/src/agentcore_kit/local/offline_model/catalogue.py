"""Tools as their documentation describes them: names, sentences for and against, parameters, returned fields.

Everything the offline model knows comes from here, and everything here comes from the tool specs it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from agentcore_kit.local.offline_model.text import STOPWORDS, humanise, stem, stems, word_set

if TYPE_CHECKING:
    from strands.types.tools import ToolSpec


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
_FIRST = word_set("origin source start begin previous prior old earlier base initial departure sender")
_SECOND = word_set("destination target end current new later latest arrival recipient due")
_SEARCH = word_set("query question search keywords topic term")
_FIRST_IN_NAMES, _SECOND_IN_NAMES = _FIRST | word_set("from in since"), _SECOND | word_set("to out until")

_WRITES = frozenset(
    stems(
        """
        create open file submit book reserve order request register enrol enroll sign cancel withdraw delete remove
        reset
        change update modify set add send report renew extend raise log start initiate trigger stop close approve assign
        grant revoke buy sell pay transfer schedule place post publish issue subscribe unsubscribe lock unlock block
        activate deactivate enable disable install upload move rename invite notify escalate terminate write
        redirect reroute forward adjust correct edit replace restore refund reject
        """
    )
)
_READS = frozenset(
    stems(
        """
        find search check show read retrieve return list fetch query calculate compute count compare summarise summarize
        describe look view track estimate verify validate convert
        """
    )
) | {stem(verb) for verb in ("get", "give", "tell")}
_NOUNS = frozenset(
    stems("order change report request log transfer schedule post place issue block lock open book file")
)
"""Of the verbs for changing something, those that begin names as nouns too: "orderStatus", "openingHours"."""
_EXPLAINS = re.compile(
    r"\b(?:how (?!much|many|long|often|far|big|high|low|well|full|busy|old|large|good|bad|fast|slow|late|soon|the)\w+"
    r"|steps?|instructions?|guides?|guidelines?|guidance|handbook|manual|rules?|regulations?|polic(?:y|ies)|procedures?"
    r"|articles?|is allowed|faqs?)\b",
    re.I,
)

_QUARTER_FORMATS = ("{y}-Q{q}", "{y}Q{q}", "{y} Q{q}", "Q{q} {y}", "Q{q}-{y}", "Q{q}/{y}", "Q{q}")
_SECTION = re.compile(r"^[^\S\n]*(Returns?|Errors?|Raises|Examples?|Args|Notes?)\s*:", re.M | re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])|\n\s*\n")
_AGAINST = re.compile(r"(?:\b(?:do|does) not use|\bdon't use|\bnever use|\bnot (?:meant |intended )?for)\b", re.I)
_FOR = re.compile(
    r"\b(?:use (?:when|for|if|this|it|to)|call (?:this|it) (?:when|for|to)"
    r"|when (?:the user|to use)|useful (?:for|when))\b",
    re.I,
)
_DEFAULT = re.compile(
    r"\b(?:when|if|unless)\b[^.,;]{0,80}\b(?:no|none|not|nothing|without|omitted|missing)\b[^.,;]{0,80},"
    r"\s*(?:then )?(?:use|take|assume)\s+([^.;]+)",
    re.I,
)
_EXAMPLES = re.compile(
    r"\b(?:e\.g\.|for example|for instance|such as|examples?:|like)\s*[:,]?\s*((?:\"[^\"]*\"|[^.;()\"]|\.(?=\w))+)",
    re.I,
)
_ALTERNATIVES = re.compile(
    r"(?<![\w-])([A-Za-z][\w-]*(?:\s?\|\s?[A-Za-z][\w-]*)+)\b|\bone of:?\s+([\w-]+(?:, [\w-]+)*,? or [\w-]+)", re.I
)


_WORDS = ("an", "the", "what", "price", "people", "because", "somebody", "different", "everything")
"""Words of each length: what takes one of them takes any word."""


@dataclass
class Parameter:
    """One input of a tool, read from its JSON schema and description."""

    name: str
    label: str  # the name in plain words
    description: str
    required: bool
    kind: Kind = Kind.TEXT
    many: bool = False  # takes a list
    values: list[Any] = field(default_factory=list)  # the choices there are
    choices: dict[str, Any] = field(default_factory=dict)  # what a user may say, as `compact` writes it -> the value
    finder: re.Pattern[str] | None = None  # finds a choice or an identifier in a text
    accepts: re.Pattern[str] | None = None  # the schema's own pattern
    upper: bool = False  # identifiers are written in capitals
    like_words: bool = False  # identifiers have the form of any word: "asmith"
    style: str = ""  # how a period is written
    default_rule: str = ""  # "all of them", from "when the user names no region, use all of them"
    words: frozenset[str] = frozenset()  # the stems of its name and description
    subject: frozenset[str] = frozenset()  # the stems of its tool's name, which are no names of anything
    guessed: bool = True  # a part of an example's words may stand for it: the tool changes nothing
    phrases: dict[frozenset[str], Any] = field(default_factory=dict)  # stems of each example -> the value
    role: int = 0  # -1 the first of a pair (from, previous), 1 the second (to, current)


@dataclass
class Tool:
    """One tool, read from its spec."""

    name: str
    documentation: str  # all of it as written, but what it is not for
    summary: str  # its first sentence
    parameters: list[Parameter]
    fields: list[str]  # the names that its documentation says it returns
    writes: bool  # it changes something: its name or its first sentence begins with a verb such as "create"
    explains: bool  # it tells how something is done or what is allowed
    text: dict[str, list[str]]  # stems by part: name, use, summary, parameters, details, against
    groups: list[list[Parameter]]  # parameters that compete for the same words, in the order they are looked for

    @property
    def short_name(self) -> str:
        """The name without the gateway target: "desk___resetPassword" is "resetPassword"."""
        return _short(self.name)

    @property
    def searches(self) -> bool:
        """Whether it looks for whatever words it is given."""
        return any(set(parameter.label.split()) & _SEARCH for parameter in self.required)

    @property
    def names(self) -> set[str]:
        """The names of its parameters."""
        return {parameter.name for parameter in self.parameters}

    @property
    def required(self) -> list[Parameter]:
        """What it cannot be called without."""
        return [parameter for parameter in self.parameters if parameter.required]

    @property
    def numbers(self) -> list[Parameter]:
        """The numbers it cannot be called without: what it calculates with."""
        return [parameter for parameter in self.required if parameter.kind is Kind.NUMBER]


def read_tools(specs: list[ToolSpec]) -> list[Tool]:
    """Reads tool specs. The names of other tools in a documentation are left out: they tell nothing about the tool."""
    names = "|".join(re.escape(_short(spec["name"])) for spec in specs)
    return [_read_tool(spec, re.compile(rf"(?:\b(?:use|by|with|from) )?\b(?:{names})\b", re.I)) for spec in specs]


def compact(phrase: str) -> str:
    """A phrase as choices are looked up, whatever its spelling: "Premium-Economy" is "premiumeconomy"."""
    return re.sub(r"[\s_-]", "", phrase.lower())


def _without_against(documentation: str) -> str:
    """A documentation without what a tool is not for: another that is named there is no part of what it does."""
    return " ".join(sentence for sentence in _SENTENCE.split(documentation) if not _AGAINST.search(sentence))


def _short(name: str) -> str:
    return name.rsplit("___", 1)[-1]


def _read_tool(spec: ToolSpec, others: re.Pattern[str]) -> Tool:
    documentation = spec.get("description", "")
    sections = _sections(documentation)
    parts: dict[str, list[str]] = {"name": [_short(spec["name"])], "use": [], "against": [], "details": []}
    sentences = [" ".join(sentence.split()) for sentence in _SENTENCE.split(sections[""]) if sentence.strip()]
    for sentence in sentences:
        part = "against" if _AGAINST.search(sentence) else "use" if _FOR.search(sentence) else "details"
        parts[part].append(others.sub(" ", sentence.split(": use ")[0] if part == "against" else sentence))
    parts["summary"], parts["details"] = parts["details"][:1], parts["details"][1:]
    parameters = [_read_parameter(*item, sections[""]) for item in _properties(spec)]
    told = [p for p in parameters if not (p.required and p.kind is Kind.NUMBER)]  # what is calculated with tells little
    parts["parameters"] = [f"{p.name} {_DEFAULT.sub('', p.description)} {' '.join(map(str, p.values))}" for p in told]
    writes = _writes(_short(spec["name"]), parts["summary"])
    guidance = " ".join([*parts["summary"], *parts["use"]])
    subject = frozenset(stems(" ".join(parts["name"])))
    for parameter in parameters:
        parameter.guessed, parameter.subject = not writes, subject
    return Tool(
        name=spec["name"],
        writes=writes,
        explains=not writes and _EXPLAINS.search(guidance) is not None,
        documentation=" ".join([_without_against(documentation), *(p.description for p in parameters)]),
        summary=sentences[0].rstrip(".") if sentences else humanise(_short(spec["name"])),
        parameters=parameters,
        fields=_returned(spec, sections),
        text={part: stems(" . ".join(texts)) for part, texts in parts.items()},
        groups=_groups(parameters),
    )


def _writes(name: str, summary: list[str]) -> bool:
    """Whether a tool changes something, by the verb that its name begins with, else the one its documentation does.

    A word that is a noun as well, as in "orderStatus", is no verb where the documentation begins with one for reading.
    """
    verbs = [stem(text.split()[0].lower().strip(".,")) for text in (humanise(name), *summary) if text.split()]
    known = [verb for verb in verbs if verb in _WRITES or verb in _READS]
    if len(known) > 1 and known[0] in _NOUNS and known[1] in _READS:
        return False
    return bool(known) and known[0] in _WRITES


def _sections(documentation: str) -> dict[str, str]:
    """The sections of a docstring by name; "" holds what stands before the first."""
    first, *rest = _SECTION.split(documentation)
    return {"": first} | {name.lower().rstrip("s"): text for name, text in zip(rest[::2], rest[1::2], strict=True)}


def _returned(spec: ToolSpec, sections: dict[str, str]) -> list[str]:
    schema = spec.get("outputSchema", {})
    return [
        *re.findall(r"[\"']?(?<!\w)(\w+)[\"']?\s*:", sections.get("return", "")),
        *schema.get("json", schema).get("properties", {}),
    ]


def _groups(parameters: list[Parameter]) -> list[list[Parameter]]:
    groups: dict[Any, list[Parameter]] = {}
    for parameter in sorted(parameters, key=lambda p: p.kind):
        alone = parameter.name if parameter.kind is Kind.BOOLEAN or parameter.many else ""
        own = () if parameter.kind is Kind.TEXT else tuple(parameter.choices)
        if parameter.kind is Kind.IDENTIFIER and parameter.finder:  # "S-4711" and "P12345" are no pair of one kind
            own = (parameter.finder.pattern,)
        groups.setdefault((parameter.kind, own, parameter.style, alone), []).append(parameter)
    return list(groups.values())


def _properties(spec: ToolSpec) -> Iterator[tuple[str, dict[str, Any], bool]]:
    schema = spec.get("inputSchema", {})
    schema = schema.get("json", schema)
    definitions = schema.get("$defs", schema.get("definitions", {}))
    for name, sub in schema.get("properties", {}).items():
        yield name, _resolved(sub, definitions), name in schema.get("required", [])


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follows references, and reduces "this or null" and lists of constants to one plain schema."""
    if "$ref" in schema:
        target = definitions.get(schema["$ref"].rsplit("/", 1)[-1], {})
        schema = {**_resolved(target, definitions), **{key: value for key, value in schema.items() if key != "$ref"}}
    for key in ("anyOf", "oneOf", "allOf"):
        options = [_resolved(option, definitions) for option in schema.get(key, []) if option.get("type") != "null"]
        if options:
            constants = [value for option in options for value in option.get("enum", [])]
            enum = {"enum": constants} if constants else {}
            schema = {**options[0], **enum, **{name: value for name, value in schema.items() if name != key}}
    if "const" in schema:
        schema = {"enum": [schema["const"]], **{name: value for name, value in schema.items() if name != "const"}}
    if "items" in schema:
        schema = {**schema, "items": _resolved(schema["items"], definitions)}
    return schema


def _read_parameter(name: str, schema: dict[str, Any], required: bool, context: str) -> Parameter:
    description = " ".join(str(schema.get("description", "")).split())
    many = schema.get("type") == "array"
    inner = schema.get("items", {}) if many else schema
    default = _DEFAULT.search(description)
    told = " ".join(re.findall(r"\(([^()]*)\)", description)) if inner.get("type") == "boolean" else description
    parameter = Parameter(
        name,
        humanise(name),
        description,
        required,
        many=many,
        default_rule=default[1].strip() if default else "",
        words=frozenset(stems(f"{name} {told}")),
        role=_role(name, _FIRST_IN_NAMES, _SECOND_IN_NAMES) or _role(description.split(".")[0], _FIRST, _SECOND),
    )
    _set_kind(parameter, inner, context)
    return parameter


def _role(text: str, first: frozenset[str], second: frozenset[str]) -> int:
    roles = [-1 if word in first else 1 for word in humanise(text).lower().split() if word in first | second]
    return roles[0] if roles else 0


def _set_kind(parameter: Parameter, schema: dict[str, Any], context: str) -> None:
    kind = schema.get("type", "string")
    values = schema.get("enum") or (_listed_values(parameter.description) if kind == "string" else [])
    if kind == "boolean":
        parameter.kind = Kind.BOOLEAN
    elif values and all(re.fullmatch("Q[1-4]", str(value)) for value in values):
        parameter.kind, parameter.style = Kind.QUARTER, "Q{q}"
    elif values:
        parameter.kind = Kind.CHOICE
        _set_choices(parameter, values, context)
    elif kind in ("integer", "number"):
        named = {"year": (Kind.YEAR, "{y}"), "quarter": (Kind.QUARTER, "{q}")}
        found = next((named[word] for word in parameter.label.split() if word in named), (Kind.NUMBER, ""))
        parameter.kind, parameter.style = found
    else:
        _set_text_kind(parameter, schema)


def _set_text_kind(parameter: Parameter, schema: dict[str, Any]) -> None:
    """Tells periods, e-mail addresses and identifiers from free text: by pattern, format, or description."""
    pattern, told = schema.get("pattern", ""), f"{schema.get('format', '')} {parameter.description}"
    parameter.accepts = re.compile(pattern) if pattern else None
    example = "" if pattern else _example_pattern(parameter.description)
    quarter = next((form for form in _QUARTER_FORMATS if _takes(parameter, form.format(y=2024, q=3))), "")
    if quarter or re.search(r"YYYY[- ]?Q", told):
        parameter.kind, parameter.style = Kind.QUARTER, quarter or ("{y}-Q{q}" if "-Q" in told else "{y}Q{q}")
    elif _takes(parameter, "2024-03-05") or re.search(r"YYYY-MM-DD|\bISO(?: 8601)? date|^date(?:-time)?\b", told):
        parameter.kind, parameter.style = Kind.DATE, "{y}-{m:02}-{d:02}"
    elif _takes(parameter, "2024-03") or re.search(r"YYYY-MM\b", told):
        parameter.kind, parameter.style = Kind.MONTH, "{y}-{m:02}"
    elif _takes(parameter, "2024"):
        parameter.kind, parameter.style = Kind.YEAR, "{y}"
    elif schema.get("format") == "email" or re.search("e-?mail", parameter.label):
        parameter.kind = Kind.EMAIL
    elif pattern or example:
        parameter.kind, parameter.upper = Kind.IDENTIFIER, bool(example) and "[a-z]" not in example
        parameter.finder = re.compile(rf"(?<![\w-])(?:{example or pattern.strip('^$')})(?![\w-])", re.I)
        parameter.like_words = any(parameter.finder.fullmatch(word) for word in _WORDS)
    else:
        _set_choices(parameter, _examples(parameter.description), "")


def _takes(parameter: Parameter, sample: str) -> bool:
    """Whether the schema's pattern is made for such a sample, and not just for any word."""
    pattern = parameter.accepts
    return pattern is not None and bool(pattern.search(sample)) and not pattern.search("Zz-zz")


def _listed_values(description: str) -> list[str]:
    """The values of "(EMEA|APAC|AMER)" or "one of a, b or c" in a description, where the schema names none."""
    match = _ALTERNATIVES.search(description)
    return re.split(r"\s?\|\s?|,? or |, ", match[1] or match[2]) if match else []


def _examples(description: str) -> list[str]:
    """The values that a description gives as examples: e.g. "parental leave", "remote work"."""
    match = _EXAMPLES.search(description)
    if not match:
        return []
    return re.findall(r'"([^"]+)"', match[1]) or [
        part.strip() for part in re.split(r",| or | and ", match[1]) if 1 < len(part.strip()) < 30
    ]


def _example_pattern(description: str) -> str:
    """A pattern for what looks like an example of letters and digits: "EMP-1234" gives EMP-\\d+, "jdoe1" [a-z]+\\d+."""
    example = next((e for e in _examples(description) if re.fullmatch(r"(?=.*\d)(?=.*[A-Za-z])\S+", e)), "")
    parts = re.findall(r"[A-Z]+|[a-z]+|\d+|[^A-Za-z\d]", example)
    return "".join(r"\d+" if part.isdigit() else "[a-z]+" if part.islower() else re.escape(part) for part in parts)


def _set_choices(parameter: Parameter, values: list[Any], context: str) -> None:
    """Remembers each value under its own name and the synonyms that the documentation gives for it."""
    phrases: dict[str, Any] = {}
    for value in values:
        for phrase in [
            str(value),
            humanise(str(value)),
            *_synonyms(str(value), values, parameter.description, context),
        ]:
            if phrase.lower() not in STOPWORDS or phrase.isupper():
                phrases.setdefault(phrase, value)
    parameter.values = list(dict.fromkeys(values))
    parameter.choices = {compact(phrase): value for phrase, value in reversed(phrases.items())}
    own = set(stems(parameter.label))
    parameter.phrases = {found: value for phrase, value in phrases.items() if (found := frozenset(stems(phrase)) - own)}
    bodies = [
        r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", phrase)))
        for phrase in sorted(phrases, key=len, reverse=True)
    ]
    parameter.finder = re.compile(rf"(?<![\w-])(?:{'|'.join(bodies)})(?=(?:'?s)?(?![\w-]))", re.I) if bodies else None


def _synonyms(value: str, values: list[Any], *texts: str) -> list[str]:
    """What documentation says stands for a value: "EMEA (Europe, European)", "EMEA = Europe; ...", "EMEA: Europe"."""
    name, others = (
        re.escape(value),
        "|".join(re.escape(str(other)) for other in values if str(other) != value) or "(?!)",
    )
    given = rf"\(([^)]*)\)|(?:=|:|->|\u2192|means\b|is\b)\s*((?:(?!\b(?:{others})\b)[^.;\n])+)"
    match = next(filter(None, (re.search(rf"(?<![\w-]){name}[\"'`]?\s*(?:{given})", text) for text in texts)), None)
    words = re.sub(r"^(?:e\.g\.|for example|such as|i\.e\.)\s*,?", "", match[1] or match[2]) if match else ""
    return [part.strip() for part in re.split(r",|/|;| or | and ", words) if 1 < len(part.strip()) < 40]
