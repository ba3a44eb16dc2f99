"""All regular expressions of the kit, found without a list of them, and texts that would make a slow one slow."""

from __future__ import annotations

import ast
import importlib
import re
import re._constants as sre  # type: ignore[import-not-found]
import re._parser as sre_parser  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from time import thread_time
from types import ModuleType
from typing import Any

import agentcore_kit

LONGEST = 100_000
TOO_MUCH = 3
"""A text takes twice as long as its half where time is linear, and four times where it is quadratic."""

METHODS = frozenset(["search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"])
_WORTH_SECONDS = 0.002
"""Below this nothing is compared: what is quadratic takes seconds for so long a text."""


@dataclass(frozen=True)
class Found:
    """A pattern as it is used: where, and with which methods."""

    where: str
    pattern: re.Pattern[str]
    methods: frozenset[str]


def growth(run: Callable[[str], object], make: Callable[[int], str], longest: int = LONGEST) -> float:
    """Return how much longer a text takes than its half, where that is too much: 4 for what is quadratic; else 0.

    The processor's time of this thread is measured, so that other load does not count. Shorter texts are tried first,
    and what is slow for them is not tried with longer ones.
    """
    before, size = 0.0, longest // 8
    while size <= longest:
        took = _seconds(run, make(size))
        if before and took > _WORTH_SECONDS and took / before >= TOO_MUCH:
            ratios: list[float] = []  # a processor that is slow for a moment makes one of them too large, and not each
            while len(ratios) < 3 and all(ratio >= TOO_MUCH for ratio in ratios):
                pairs = [[_seconds(run, make(each)) for each in (size // 2, size)] for _ in range(4)]
                ratios.append(min(whole for _, whole in pairs) / min(half for half, _ in pairs))
            if min(ratios) >= TOO_MUCH:
                return min(ratios)
        before, size = took, size * 2
    return 0.0


def _seconds(run: Callable[[str], object], text: str) -> float:
    began = thread_time()
    run(text)
    return thread_time() - began


def modules() -> Iterator[ModuleType]:
    """Yield the modules of the kit; the tests in it, which only their own kind of repository imports, as their text.

    The rehearsal is left out: its patterns, hundreds of them, read single lines that the kit's own commands print.
    """
    for path in sorted(Path(agentcore_kit.__path__[0]).rglob("*.py")):
        parts = path.relative_to(Path(agentcore_kit.__path__[0]).parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        if ".testing.dimensions." in name:
            module = ModuleType(name)
            module.__file__ = str(path)
            yield module
        elif not name.endswith(("__main__", "aws_emulator.docker")) and ".local.rehearsal" not in name:
            yield importlib.import_module(name)


def patterns() -> tuple[list[Found], set[str]]:
    """Return the patterns of the kit, and the functions that make one from what only their caller knows."""
    sources = [_Source(module) for module in modules()]
    used: dict[str, set[str]] = {}
    for source in sources:
        for name, method in source.called:
            used.setdefault(name, set()).add(method)
    found: dict[tuple[str, int], Found] = {}
    for source in sources:
        for where, pattern, methods in source.patterns(used):
            key = (pattern.pattern, pattern.flags)
            known = found.get(key, Found(where, pattern, frozenset()))
            found[key] = Found(known.where, pattern, known.methods | methods)
    return list(found.values()), {name for source in sources for name in source.unknown}


class _Source:
    """A module with its text."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.unknown = module, set[str]()
        self.tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
        self.function: dict[ast.AST, str] = {}
        for node in ast.walk(self.tree):  # the outer ones come first
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.function |= dict.fromkeys(ast.walk(node), node.name)
        methods = [node for node in ast.walk(self.tree) if isinstance(node, ast.Attribute) and node.attr in METHODS]
        self.called = [(node.value.id, node.attr) for node in methods if isinstance(node.value, ast.Name)]

    def patterns(self, used: Mapping[str, set[str]]) -> Iterator[tuple[str, re.Pattern[str], Set[str]]]:
        """Yield its patterns, with where they are and the methods that are called on them."""
        looped = _looped(self.tree)
        for name, value in list(vars(self.module).items()):
            for pattern in _inside(value):
                own = {method for called, method in self.called if called == name}
                methods: Set[str] = own or looped.get(name) or used.get(name) or {"search"}
                yield f"{self.module.__name__}.{name}", pattern, methods
        for node in filter(_is_call, ast.walk(self.tree)):
            where, method = f"{self.module.__name__}.{self.function.get(node, '')}", node.func.attr  # type: ignore[attr-defined]
            if method == "compile" and node not in self.function and self.module.__spec__:
                continue  # a value of the module
            try:
                text = _value(node.args[0], self.module)  # type: ignore[attr-defined]
                given = [each.value for each in node.keywords if each.arg == "flags"]  # type: ignore[attr-defined]
                given += node.args[1:2] if method == "compile" else []  # type: ignore[attr-defined]
                flags = next((_value(each, self.module) for each in given), 0)
            except (NameError, AttributeError):
                text = None
            if isinstance(text, str):
                yield where, re.compile(text, flags), METHODS & {method} or {"search"}
            else:
                self.unknown.add(where)


def _looped(tree: ast.Module) -> dict[str, set[str]]:
    """Return which methods are called on the items of a group of patterns, by the group's name: of loops over it."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        loops = node.generators if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)) else []
        for loop in [node] if isinstance(node, ast.For) else loops:
            groups = {each.id for each in ast.walk(loop.iter) if isinstance(each, ast.Name)}
            items = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
            methods = (each for each in ast.walk(node) if isinstance(each, ast.Attribute) and each.attr in METHODS)
            called = {each.attr for each in methods if isinstance(each.value, ast.Name) and each.value.id in items}
            for group in groups if called else ():
                found.setdefault(group, set()).update(called)
    return found


def _is_call(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in METHODS | {"compile"}
    )


def _value(node: ast.expr, module: ModuleType) -> Any:
    """Return what an expression is; the first argument of most calls is a pattern, and others are not needed."""
    if isinstance(node, (ast.Constant, ast.Name, ast.Attribute, ast.JoinedStr, ast.BinOp)):
        return eval(compile(ast.Expression(node), "pattern", "eval"), vars(module))  # noqa: S307 - the kit's own source
    return None


def _inside(value: Any, depth: int = 0) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif depth < 4:
        if isinstance(value, Mapping):
            value = list(value.values())
        elif is_dataclass(value) and not isinstance(value, type):
            value = [getattr(value, field.name, None) for field in fields(value)]
        if isinstance(value, (list, tuple, set, frozenset)):
            for each in value:
                yield from _inside(each, depth + 1)


CLASSES = ["a", "7", " ", "\n", ".,-'\"", "Aa7 .-", "a ", "a.", "7-"]
"""Units of texts: letters, digits, spaces, punctuation, all of them, words, names of machines, numbers."""

_LETTERS = "a7 -.,'\"@_Z\n(:/é"


def likes(pattern: re.Pattern[str]) -> list[Callable[[int], str]]:
    """Return makers of texts of a length that the pattern likes.

    Of each repetition in it: what comes before, then its body over and over, and something that ends the match; and
    both together over and over.
    """
    tree = sre_parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    units = []
    for before, bodies in _repetitions(tree, ""):
        for body in bodies:
            units += [(before, body), ("", before + body)]
    whole = _sample(tree)
    units += [("", whole), ("", f"{whole} "), ("", whole[:-1])]
    return [repeated(unit, before, "\x01") for before, unit in dict.fromkeys(units) if unit]


def repeated(unit: str, before: str = "", end: str = "") -> Callable[[int], str]:
    """Return the maker of texts of a length from one unit."""
    return lambda size: before + unit * (size // len(unit)) + end


def _repetitions(tree: Any, before: str) -> Iterator[tuple[str, list[str]]]:
    for operator, argument in tree:
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            _, most, body = argument
            if most > 50:
                yield before, _bodies(body)
            yield from _repetitions(body, before)
        elif operator is sre.SUBPATTERN:
            yield from _repetitions(argument[-1], before)
        elif operator is sre.BRANCH:
            for branch in argument[1]:
                yield from _repetitions(branch, before)
        elif operator in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _repetitions(argument[1], before)
        before += _sample([(operator, argument)])


def _bodies(body: Any) -> list[str]:
    if len(body) == 1 and body[0][0] in (sre.IN, sre.ANY, sre.NOT_LITERAL, sre.CATEGORY):
        return [letter for letter in _LETTERS if _fits(body[0], letter)] or ["a"]
    if len(body) == 1 and body[0][0] is sre.BRANCH:
        return [_sample(branch) or "a" for branch in body[0][1][1]][:6]
    return [_sample(body) or "a"]


def _sample(tree: Any) -> str:
    made = ""
    for operator, argument in tree:
        if operator is sre.LITERAL:
            made += chr(argument)
        elif operator in (sre.IN, sre.ANY, sre.NOT_LITERAL, sre.CATEGORY):
            made += next((letter for letter in _LETTERS if _fits((operator, argument), letter)), "a")
        elif operator is sre.BRANCH:
            made += _sample(argument[1][0])
        elif operator is sre.SUBPATTERN:
            made += _sample(argument[-1])
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            made += _sample(argument[2]) * max(argument[0], 1)
        elif operator is sre.ATOMIC_GROUP:
            made += _sample(argument)
    return made


def _fits(node: Any, letter: str) -> bool:
    operator, argument = node
    if operator is sre.ANY:
        return letter != "\n"
    if operator is sre.NOT_LITERAL:
        return bool(ord(letter) != argument)
    items = argument if operator is sre.IN else [node]
    fits = any(_fits_item(kind, what, letter) for kind, what in items if kind is not sre.NEGATE)
    return fits != any(kind is sre.NEGATE for kind, _ in items)


_CATEGORIES: dict[Any, str] = {
    sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W", sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
}  # fmt: skip


def _fits_item(kind: Any, what: Any, letter: str) -> bool:
    if kind is sre.LITERAL:
        return bool(ord(letter) == what)
    if kind is sre.RANGE:
        return bool(what[0] <= ord(letter) <= what[1])
    return bool(kind is sre.CATEGORY and re.fullmatch(_CATEGORIES[what], letter))


def use(pattern: re.Pattern[str], methods: frozenset[str]) -> Iterator[Callable[[str], object]]:
    """Yield what does with a text what the methods do, to its end: most of them look from every character on."""
    yield from (getattr(pattern, method) for method in ("match", "fullmatch") if method in methods)
    if methods - {"match", "fullmatch"}:
        yield lambda text: sum(1 for _ in pattern.finditer(text))
