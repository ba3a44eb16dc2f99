"""What an expected call asks of its parameters: to be equal, or one of the ways of `match`; and which calls fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isclose, isfinite
from typing import Annotated, Any, Literal, TypedDict

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

LONGEST_PATTERN = 1000

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Of all that a row has: unknown fields are refused, and types taken at their word."""


def _finite(value: Any) -> Any:
    """Return a JSON value. Raises ValueError for NaN and infinity, which JSON has not and nothing is equal to."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("has a number that is not finite; NaN and Infinity are no JSON")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _finite(item)
    return value


Json = Annotated[Any, AfterValidator(_finite)]
Words = Annotated[str, Field(pattern=r"\S")]
"""A text that is not blank."""


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> SchemaValidator:
    """Return what checks a text against a regular expression, in time that grows with the text's length only.

    pydantic's engine is Rust's, which never goes back: no expression can hang it, and it has no look-around for that.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"is longer than {LONGEST_PATTERN} characters")
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, strict=True, regex_engine="rust-regex"))
    except SchemaError as error:
        said = [line.strip() for line in str(error).splitlines()]
        cause = next((line.removeprefix("error: ") for line in said if line.startswith("error: ")), said[-1])
        raise ValueError(f"{pattern[:60]!r} is no regular expression that can be used: {cause}") from None


def _regular_expression(pattern: str) -> str:
    _compiled(pattern)
    return pattern


class Match(BaseModel):
    """What one parameter may be, where it need not be equal: exactly one way.

    `any`: whatever it is, and it may be left out. `contains`: a text, or several, in it, whatever the case; of a list,
    the texts of its items. `matches`: a regular expression is found in it. `one_of`: equal to one of these. `near`: a
    number, no further away than `within`. `judged`: what a judge model must say yes to, of the text that was given.
    """

    model_config = STRICT

    any: Literal[True] | None = None
    contains: Words | Annotated[list[Words], Field(min_length=1)] | None = None
    matches: Annotated[Words, AfterValidator(_regular_expression)] | None = None
    one_of: Annotated[list[Json], Field(min_length=1)] | None = None
    near: float | None = None
    within: Annotated[float, Field(ge=0)] | None = None
    judged: Words | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Match:
        ways = self.model_fields_set - {"within"}
        if len(ways) != 1 or getattr(self, next(iter(ways))) is None:
            raise ValueError(
                'needs one of any, contains, matches, one_of, near, judged; for example {"contains": "VPN"}'
            )
        if (self.near is None) != (self.within is None):
            raise ValueError('near and within belong together; for example {"near": 480, "within": 5}')
        return self

    @property
    def way(self) -> str:
        """Return which way it is, by its field's name."""
        return next(iter(self.model_fields_set - {"within"}))

    def __str__(self) -> str:
        value = getattr(self, self.way)
        if self.any:
            return "is anything"
        return f"near {value} ± {self.within}" if self.way == "near" else f"{self.way.replace('_', ' ')} {value}"


class Call(BaseModel):
    """One expected tool call: `input` has what must be equal, `match` what may be met in another way."""

    model_config = STRICT

    name: str = Field(min_length=1)
    input: Annotated[dict[str, Any], AfterValidator(_finite)]
    match: dict[str, Match] = {}

    @model_validator(mode="after")
    def _each_parameter_once(self) -> Call:
        if twice := sorted(self.input.keys() & self.match.keys()):
            raise ValueError(f"{', '.join(twice)}: stands in input and in match; say it once")
        return self

    def __str__(self) -> str:
        parts = [f"{key}={value}" for key, value in self.input.items()]
        return f"{self.name}({', '.join([*parts, *(f'{key} {match}' for key, match in self.match.items())])})"


class JudgedInput(TypedDict):
    """What a judge said of one parameter of one call that was made; `met` is None when the judge failed."""

    tool: str
    parameter: str
    criterion: str
    value: Any
    met: bool | None
    reason: str


def equal(given: Any, wanted: Any) -> bool:
    """Whether two JSON values are equal; numbers within rounding, and true is not 1."""
    if isinstance(given, bool) or isinstance(wanted, bool):
        return given is wanted
    if isinstance(given, int | float) and isinstance(wanted, int | float):
        try:
            return given == wanted or isclose(given, wanted, rel_tol=1e-9, abs_tol=1e-6)
        except OverflowError:  # an integer that no float holds
            return False
    if isinstance(given, dict) and isinstance(wanted, dict):
        return given.keys() == wanted.keys() and all(equal(given[key], value) for key, value in wanted.items())
    if isinstance(given, list) and isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(equal, given, wanted))
    return type(given) is type(wanted) and bool(given == wanted)


def meets(given: Any, match: Match) -> bool:
    """Whether a value is what a match asks for, in any way but `judged`."""
    match match.way:
        case "contains":
            wanted = [match.contains] if isinstance(match.contains, str) else match.contains or []
            items = [_plain(item) for item in (given if isinstance(given, list) else [given]) if isinstance(item, str)]
            return all(any(_plain(text) in item for item in items) for text in wanted)
        case "matches":
            return isinstance(given, str) and _found(match.matches or "", given)
        case "one_of":
            return any(equal(given, value) for value in match.one_of or [])
        case "near":
            return _is_near(given, match.near or 0.0, match.within or 0.0)
    return match.way == "any"


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _found(pattern: str, text: str) -> bool:
    try:
        _compiled(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


def _is_near(given: Any, wanted: float, within: float) -> bool:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    try:
        return abs(given - wanted) <= within + 1e-9
    except OverflowError:
        return False


def fits(name: str, given: Mapping[str, Any], wanted: Call, judged: Sequence[JudgedInput] = ()) -> bool | None:
    """Whether a call that was made is the wanted one; None when that hangs on what no judge has said.

    Args:
        name: The name of the called tool.
        given: The parameters it was called with.
        wanted: The expected call.
        judged: What a judge said of parameters.
    """
    needed = wanted.input.keys() | {key for key, match in wanted.match.items() if match.way != "any"}
    if name != wanted.name or not needed <= given.keys() <= needed | wanted.match.keys():
        return False
    if not all(equal(given[key], value) for key, value in wanted.input.items()):
        return False
    sure = True
    for key, match in wanted.match.items():
        if match.way == "judged":
            said = judgement(judged, name, key, match.judged or "", given[key])
            if said and said["met"] is False:
                return False
            sure = sure and said is not None and said["met"] is True
        elif match.way != "any" and not meets(given[key], match):
            return False
    return True if sure else None


def judgement(
    judged: Sequence[JudgedInput], tool: str, parameter: str, criterion: str, value: Any
) -> JudgedInput | None:
    """Return what a judge said of a parameter's value; None when it was not asked."""
    for each in judged:
        asked = (each["tool"], each["parameter"], each["criterion"])
        if asked == (tool, parameter, criterion) and equal(each["value"], value):
            return each
    return None


@dataclass(frozen=True)
class Pairs:
    """Which made call is which wanted one, by their indices.

    Attributes:
        found: The made call of each wanted call that has one.
        undecided: The wanted calls whose made call hangs on what no judge has said.
    """

    found: Mapping[int, int]
    undecided: frozenset[int]


def pair(made: Sequence[Mapping[str, Any]], wanted: Sequence[Call], judged: Sequence[JudgedInput] = ()) -> Pairs:
    """Pair as many calls as possible, each with one other; what fits for sure comes before what is undecided.

    Args:
        made: The calls as they went, with `name` and `input`.
        wanted: The expected calls.
        judged: What a judge said of parameters.
    """
    table = [[fits(call["name"], call["input"], each, judged) for call in made] for each in wanted]
    owner: dict[int, int] = {}
    for allowed in ((True,), (True, None)):
        for index in range(len(wanted)):
            if index not in owner.values():
                _assign(index, table, allowed, owner, set())
    found = {index: call for call, index in owner.items()}
    return Pairs(found, frozenset(index for index, call in found.items() if table[index][call] is None))


def _assign(
    index: int, table: list[list[bool | None]], allowed: tuple[bool | None, ...], owner: dict[int, int], seen: set[int]
) -> bool:
    """Find a call for a wanted one, moving others to another that fits (Kuhn's matching)."""
    for call, fit in enumerate(table[index]):
        if fit in allowed and call not in seen:
            seen.add(call)
            if call not in owner or _assign(owner[call], table, allowed, owner, seen):
                owner[call] = index
                return True
    return False


def to_judge(made: Sequence[Mapping[str, Any]], wanted: Sequence[Call]) -> Iterator[tuple[str, str, str, Any]]:
    """Yield tool, parameter, criterion and value of each parameter that a judge decides about, as far as it matters."""
    for call in made:
        for each in wanted:
            if fits(call["name"], call["input"], each) is None:
                for key, match in each.match.items():
                    if match.judged:
                        yield call["name"], key, match.judged, call["input"][key]
