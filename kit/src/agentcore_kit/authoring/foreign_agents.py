"""Finds the agents in code that was written without this kit, by what it says: nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agentcore_kit.authoring.foreign_code import Module

_Function = ast.FunctionDef | ast.AsyncFunctionDef

_AFTERWARDS = {"add_hook", "add_middleware", "baggage_attributes", "hooks", "load_snapshot", "messages", "state",
               "tool_registry", "trace_attributes"}  # fmt: skip
"""Attributes of an agent through which a call changes it after it is made."""

SET_BY_AGENT = _AFTERWARDS | {"callback_handler", "concurrent_invocation_mode", "context_manager",
                               "conversation_manager", "event_loop_metrics", "load_tools_from_directory",
                               "memory_manager", "record_direct_tool_call", "sandbox", "storage", "system_prompt",
                               "system_prompt_content", "tool_caller", "tool_executor", "trace_span",
                               "tracer"}  # fmt: skip
"""Attributes that `Agent(…)` sets, but for those that are the session's anyway; all others are a class's own."""

_ASKING = ("invoke_async", "stream_async", "structured_output", "structured_output_async")


@dataclass(frozen=True)
class Candidate:
    """Something that gives an agent.

    Attributes:
        object: What `--object` names, for example `weather.bot:agent`.
        what: What it is, in words.
        module: The module that it is in.
        line: Where.
        calls: The calls of `Agent(…)` that it is made by, as far as they are seen.
        unusable: Why it cannot be used as it is; empty when it can.
    """

    object: str
    what: str
    module: Module
    line: int
    calls: tuple[ast.Call, ...] = ()
    unusable: str = ""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.module.path}:{self.line}"


@dataclass
class Agents:
    """What a module has of agents.

    Attributes:
        candidates: What gives one.
        elsewhere: Lines in which an agent is made that nothing gives to others.
        at_import: Lines that would do, when the module is imported, what belongs under a main guard; each with why.
        changed: Lines that change an agent after it is made.
        in_functions: Lines of functions that make one, which may be while the code runs.
    """

    candidates: list[Candidate] = field(default_factory=list)
    elsewhere: list[int] = field(default_factory=list)
    at_import: list[tuple[int, str]] = field(default_factory=list)
    changed: list[tuple[int, str]] = field(default_factory=list)
    in_functions: list[int] = field(default_factory=list)


def agents_of(module: Module) -> Agents:
    """Return what a module has of agents."""
    return _Reader(module).read()


class _Reader:
    """Reads one module."""

    def __init__(self, module: Module) -> None:
        self.module, self.found = module, Agents()
        self.names, self.packages = _imported_names(module.tree)
        self.seen: set[ast.Call] = set()

    def read(self) -> Agents:
        statements = list(_at_import(self.module.tree.body))
        parts = [part for node in statements for part in (node, *_of_statement(node))]
        for node in statements:
            if isinstance(node, ast.ClassDef) and any(self._is_agent(base) for base in node.bases):
                self._add(node.name, "a class that extends Agent", node, (), _of_constructor(node))
                self.names.add(node.name)
                if made := _constructor(node):
                    self._of_changes("self", _within(made), SET_BY_AGENT)
        for node in statements:
            match node:
                case ast.Assign(targets=[ast.Name(name)], value=ast.Call() as call) if self._is_agent(call.func):
                    self._add(name, "an agent of the module", node, (call,))
                    self._of_asked(name, parts)
                    self._of_changes(name, parts)
                case ast.AnnAssign(target=ast.Name(name), value=ast.Call() as call) if self._is_agent(call.func):
                    self._add(name, "an agent of the module", node, (call,))
                    self._of_asked(name, parts)
                    self._of_changes(name, parts)
                case ast.FunctionDef() | ast.AsyncFunctionDef() if calls := self._returned(node):
                    self._add(node.name, "a function that returns an agent", node, calls, _of_call(node))
                    self._of_names_in(node)
                case ast.ClassDef() if node.name not in self.names:
                    self._of_class(node)
                case ast.Expr(value=ast.Call(func=ast.Attribute(attr="run"))):
                    self.found.at_import.append((node.lineno, "runs something"))
        every = self._calls(self.module.tree)
        self.found.elsewhere = [node.lineno for node in every if node not in self.seen]
        functions = (node for node in ast.walk(self.module.tree) if isinstance(node, _Function | ast.Lambda))
        self.found.in_functions = sorted({node.lineno for one in functions for node in self._calls(one)})
        return self.found

    def _calls(self, inside: ast.AST) -> list[ast.Call]:
        return [node for node in ast.walk(inside) if isinstance(node, ast.Call) and self._is_agent(node.func)]

    def _add(self, name: str, what: str, node: ast.stmt, calls: tuple[ast.Call, ...], unusable: str = "") -> None:
        self.seen.update(calls)
        self.found.candidates.append(
            Candidate(f"{self.module.name}:{name}", what, self.module, node.lineno, calls, unusable)
        )

    def _is_agent(self, node: ast.expr) -> bool:
        """Return whether an expression is the class Agent of Strands, or a class of this module that extends it."""
        match node:
            case ast.Name(name):
                return name in self.names
            case ast.Constant(str(name)):
                return name in self.names
            case ast.Attribute(attr="Agent"):
                return ast.unparse(node.value) in self.packages
        return False

    def _made_in(self, node: ast.AST) -> dict[str, ast.Call]:
        """Return the names that a function gives to agents which it makes, `self.agent` included, with the calls."""
        made = dict[str, ast.Call]()
        for one in _within(node):
            if isinstance(one, ast.Assign | ast.AnnAssign) and isinstance(one.value, ast.Call):
                targets = one.targets if isinstance(one, ast.Assign) else [one.target]
                if self._is_agent(one.value.func):
                    made |= {ast.unparse(target): one.value for target in targets}
        return made

    def _returned(self, node: _Function) -> tuple[ast.Call, ...]:
        """Return the calls that make a function's agent, if it returns one; a made-up one where its type says so."""
        if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in _within(node)):
            return ()
        made, calls = self._made_in(node), list[ast.Call]()
        for one in _within(node):
            match one:
                case ast.Return(value=ast.Call() as call) if self._is_agent(call.func):
                    calls.append(call)
                case ast.Return(value=ast.Name(name)) if name in made:
                    calls.append(made[name])
        if not calls and node.returns is not None and self._is_agent(node.returns):
            calls = [*made.values()] or [ast.Call(func=ast.Name("Agent"), args=[], keywords=[])]
        return tuple(calls)

    def _of_class(self, node: ast.ClassDef) -> None:
        """Add the attributes and methods of a class that give an agent, where objects of it can be made."""
        why = _of_constructor(node)
        for one in node.body:
            match one:
                case ast.FunctionDef(name="__init__"):
                    for target, call in self._made_in(one).items():
                        if target.startswith("self.") and target.count(".") == 1:
                            attribute = f"{node.name}.{target.removeprefix('self.')}"
                            self._add(attribute, "an attribute of a class", one, (call,), why)
                            self._of_changes(target, _within(one))
                case ast.Assign(targets=[ast.Name(name)], value=ast.Call() as call) if self._is_agent(call.func):
                    self._add(f"{node.name}.{name}", "an attribute of a class", one, (call,), why)
                case ast.FunctionDef() | ast.AsyncFunctionDef() if not _hands_on(one) and (
                    calls := self._returned(one)
                ):
                    problem = why or _of_call(one, skipped=0 if _has(one, "staticmethod") else 1)
                    self._add(f"{node.name}.{one.name}", "a method that returns an agent", one, calls, problem)
                    self._of_names_in(one)

    def _of_names_in(self, node: _Function) -> None:
        for name in self._made_in(node):
            self._of_changes(name, _within(node))

    def _of_asked(self, name: str, nodes: Iterable[ast.AST]) -> None:
        """Note where an agent is asked, or a tool of it called, while its module is imported."""
        asking = {name, *(f"{name}.{method}" for method in _ASKING)}
        for node in nodes:
            if not isinstance(node, ast.Call):
                continue
            path = _path(node.func)
            if path in asking or _attribute(path, name) == "tool":
                self.found.at_import.append((node.lineno, f"asks {name}"))

    def _of_changes(self, name: str, nodes: Iterable[ast.AST], attributes: Collection[str] = ()) -> None:
        """Note where an agent is changed after it was made: what is made of its parts would not have that.

        Args:
            name: What the agent is called there.
            nodes: What is looked at.
            attributes: Those that count when they are set; when there are none, all.
        """
        for node in nodes:
            match node:
                case ast.Call(func=ast.Attribute() as func):
                    path = _path(func)
                    if _attribute(path, name) in _AFTERWARDS:
                        self.found.changed.append((node.lineno, path))
                case ast.Call(func=ast.Name("setattr" | "delattr" as done), args=[ast.expr() as target, *_]):
                    if _path(target) == name and not attributes:
                        self.found.changed.append((node.lineno, f"{done}({name}, …)"))
                case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                    attribute = _attribute(path := _path(node), name)
                    if attribute and (not attributes or attribute in attributes):
                        self.found.changed.append((node.lineno, path))


def _path(node: ast.AST) -> str:
    """Return the names of an expression such as `bot.messages`, also of `bot.messages[0]`; empty for any other."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{path}.{attribute}" if (path := _path(value)) else ""
        case ast.Subscript(value=value):
            return _path(value)
    return ""


def _attribute(path: str, name: str) -> str:
    """Return the attribute of what has a name that a path goes through; empty when it does not."""
    return path.removeprefix(f"{name}.").partition(".")[0] if path.startswith(f"{name}.") else ""


def _imported_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return by which names a module knows the class Agent, and the modules that have it."""
    names, packages = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="strands" | "strands.agent" | "strands.agent.agent"):
                names |= {alias.asname or alias.name for alias in node.names if alias.name == "Agent"}
                packages |= {alias.asname or alias.name for alias in node.names if alias.name == "agent"}
            case ast.Import():
                for alias in node.names:
                    if alias.name.partition(".")[0] == "strands":
                        packages |= {alias.asname} if alias.asname else {"strands", alias.name}
    return names, packages


def _at_import(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs when a module is imported: with blocks, conditions and loops opened, but for the main guard's."""
    for node in body:
        yield node
        match node:
            case ast.If() if "__name__" in ast.unparse(node.test):
                yield from _at_import(node.orelse)
            case ast.With() | ast.If() | ast.Try() | ast.TryStar() | ast.For() | ast.While():
                for part in ("body", "orelse", "finalbody"):
                    yield from _at_import(getattr(node, part, []))
                for handler in getattr(node, "handlers", []):
                    yield from _at_import(handler.body)
            case ast.Match():
                for case in node.cases:
                    yield from _at_import(case.body)


def _of_statement(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a statement itself says, but for the statements in it, and for what a lambda would do later."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case | ast.Lambda):
            yield child
            yield from _of_statement(child)


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a function, but for functions and classes in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from _within(child)


def _hands_on(node: _Function) -> bool:
    """Return whether a method returns an attribute of its object, which is found where that is made."""
    return any(
        isinstance(one, ast.Return) and isinstance(one.value, ast.Attribute) and ast.unparse(one.value.value) == "self"
        for one in _within(node)
    )


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next((one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)


def _of_constructor(node: ast.ClassDef) -> str:
    """Say why an object of a class cannot be made without arguments; empty when it can."""
    made = _constructor(node)
    return _of_call(made, skipped=1) if made else ""


def _of_call(node: _Function, skipped: int = 0) -> str:
    """Say why a function cannot be called without arguments; empty when it can."""
    if isinstance(node, ast.AsyncFunctionDef):
        return "it is a coroutine function"
    given = [*node.args.posonlyargs, *node.args.args]
    needed = [one.arg for one in given[: len(given) - len(node.args.defaults)]][skipped:]
    needed += [
        one.arg for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if default is None
    ]
    return f"it needs arguments: {', '.join(needed)}" if needed else ""


def _has(node: _Function, decorator: str) -> bool:
    return any(ast.unparse(one) == decorator for one in node.decorator_list)
