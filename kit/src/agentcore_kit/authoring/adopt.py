"""The command `adopt`."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from agentcore_kit.authoring import adopted_text, starter
from agentcore_kit.authoring.changes import Changes
from agentcore_kit.authoring.commands import confirm
from agentcore_kit.authoring.eval_rows import DATASET, Expectation, add_row
from agentcore_kit.authoring.foreign_agents import Agents, Candidate, agents_of
from agentcore_kit.authoring.foreign_code import ForeignCode, read, refuse_clashes, refuse_missing
from agentcore_kit.authoring.foreign_files import AGAIN
from agentcore_kit.authoring.proof import Check, of_kit, tried
from agentcore_kit.authoring.python_text import formatted
from agentcore_kit.authoring.reading_tools import READING
from agentcore_kit.config.repository import repository_root
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError, reported_errors

ATTACKS = "evals/redteam.jsonl"

_SHOWN = (
    adopted_text.AGENT,
    "environments/local.yaml",
    "manifest.yaml",
    "pyproject.toml",
    "README.md",
)
"""Files whose difference is shown; of the others that they are added, changed or removed."""

_DRAFT = "drafted.json"


def adopt(
    path: Annotated[Path, typer.Argument(help="A Python file or a package's folder; its folder is copied into src/.")],
    named: Annotated[str, typer.Option("--object", help="The agent, as module:name, where there are several.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Import the code, and write, without asking.")] = False,
) -> None:
    """Take over a Strands agent that was written without this template, in the place of a fresh repository's starter.

    kit adopt ../weather: a package with an agent of the module, a function or a class that returns one. Its code is
    copied as it is; src/agent/agent.py gives each session an agent of its parts, with the model of the environment
    file. The starter's tools, data, rows and tests go; rows are drafted of what the tools' descriptions say.

    What the code has is found by reading it. Then the difference is shown, and after a yes the code is imported in a
    copy of the repository, asked, and put through the checks; then it is written, all or nothing. Typed again, it
    changes nothing. Exit code 1 when a check would not pass, 2 when the code cannot be taken over as it is.
    """
    with reported_errors():
        code = read(path)
        agents = {module.name: agents_of(module) for module in code.modules}
        chosen = _chosen(code, agents, named)
        changes = Changes(repository_root())
        if _is_there(changes, code, chosen):
            print(f"nothing to change: {chosen.object} is adopted")
            return
        refuse_clashes(code)
        _refuse_changed_starter(changes.root)
        _refuse_unfit(chosen, agents[chosen.module.name])
        refuse_missing(code)
        _replace_starter(changes, code, chosen)
        _show(changes, code, chosen, agents)
        confirm(
            yes,
            "Import this code in a copy of the repository, and ask it? Of its tools those are run, with sample values, "
            f"whose names begin with a verb for reading: {', '.join(READING)}. [y/N] ",
        )
        drafted = _draft(changes, code)
        print(f"{DATASET}, instead of the starter's rows:", changes.text(DATASET), sep="\n", flush=True)
        _prove(changes)
        confirm(yes, "Write this? [y/N] ")
        changes.write()
        print(f"written: {len(changes.changed())} files; {chosen.object} answers: make ask")
        print("what is left to you:", *(f"  - {line}" for line in _left(code, chosen, agents, drafted)), sep="\n")


def _chosen(code: ForeignCode, agents: dict[str, Agents], named: str) -> Candidate:
    """Return the agent that is meant. Raises CommandError when there is none, or several."""
    found = [one for each in agents.values() for one in each.candidates]
    usable = [one for one in found if not one.unusable]
    if named:
        for one in found:
            if one.object == named and not one.unusable:
                return one
            if one.object == named:
                raise CommandError(f"{one.place}: {named}: {one.unusable}", _NO_ARGUMENTS, WRONG_INPUT)
        raise CommandError(f"--object: {named!r} names no agent of this code", _choices(usable), WRONG_INPUT)
    if not usable:
        lines = [f"{one.place}: {one.object}: {one.unusable}" for one in found]
        lines += [
            f"{module.path}:{line}: an agent is made here, and nothing of the module gives it to others"
            for module in code.modules
            for line in agents[module.name].elsewhere
        ]
        step = _NO_ARGUMENTS if lines else "give the file in which `Agent(…)` of strands is called"
        raise CommandError("\n".join(["no agent was found", *lines]), step, WRONG_INPUT)
    of_file = [one for one in usable if one.module is code.asked]
    for choice in (usable, of_file):
        if len(choice) == 1:
            return choice[0]
    raise CommandError("there are several agents", _choices(usable), WRONG_INPUT)


_NO_ARGUMENTS = (
    "make the agent at the top level of a module, or in a function or class that can be called without arguments "
    f"and gives it; {AGAIN}"
)


def _choices(found: Sequence[Candidate]) -> str:
    return "\n      ".join(["type one of:", *(f"--object {one.object}  ({one.what}, {one.place})" for one in found)])


def _is_there(changes: Changes, code: ForeignCode, chosen: Candidate) -> bool:
    """Return whether the code is adopted, as it is here. Raises CommandError where it is, and differs from this."""
    text = changes.text(adopted_text.AGENT) if changes.exists(adopted_text.AGENT) else ""
    if "AdoptedAgent(" not in text:
        return False
    if f'AdoptedAgent("{chosen.object}")' not in text:
        step = (
            f"one repository has one agent: name the other in {adopted_text.AGENT}, or adopt it in another repository"
        )
        raise CommandError(f"{adopted_text.AGENT}: another agent was adopted here already", step, WRONG_INPUT)
    differs = [
        f"src/{name}"
        for name, content in code.files.items()
        if not (path := changes.root / "src" / name).is_file() or path.read_bytes() != content
    ]
    if differs:
        step = "it is this repository's code now: carry over by hand what changed where it was written"
        raise CommandError(f"{differs[0]}: differs from {code.base / differs[0][4:]}", step, WRONG_INPUT)
    return True


def _refuse_changed_starter(root: Path) -> None:
    if changed := starter.uncommitted(root):
        step = f"commit or undo that, {AGAIN}"
        raise CommandError(
            f"changes that are not committed: {', '.join(changed)}; nothing was changed", step, WRONG_INPUT
        )
    if found := [*starter.differences(root)]:
        lines = [*found[:20], *([f"and {len(found) - 20} more"] if len(found) > 20 else [])]
        raise CommandError(
            "\n".join(["the starter, which the adopted agent replaces, is not as the template wrote it:", *lines]),
            "undo that, or adopt in a freshly generated repository; nothing was changed",
            WRONG_INPUT,
        )


def _refuse_unfit(chosen: Candidate, agents: Agents) -> None:
    """Raise CommandError when importing the module would do more than make the agent, or parts of it would be lost."""
    path = chosen.module.path
    for line, what in agents.at_import:
        step = f"put that under `if __name__ == '__main__':`, {AGAIN}"
        raise CommandError(f"{path}:{line}: {what} when the module is imported", step, WRONG_INPUT)
    for line, what in agents.changed:
        raise CommandError(
            f"{path}:{line}: {what} changes the agent after it is made, which the agents of sessions would not have",
            f"give it to Agent(…) there, as hooks=[…], tools=[…] and the like, {AGAIN}",
            WRONG_INPUT,
        )


def _replace_starter(changes: Changes, code: ForeignCode, chosen: Candidate) -> None:
    """Put the code in the place of the starter, in memory."""
    for name in starter.known_files(changes.root):
        if name not in (*starter.STAYS, adopted_text.AGENT, adopted_text.TOOLS, adopted_text.PACKAGE, DATASET, ATTACKS):
            changes.remove(name)
    for name, content in code.files.items():
        changes.create(f"src/{name}", content)
    tops = code.python_tops()
    texts = {
        adopted_text.AGENT: adopted_text.agent(chosen.object, tops),
        adopted_text.TOOLS: adopted_text.tools(tops),
        adopted_text.PACKAGE: adopted_text.package(tops),
        ATTACKS: adopted_text.attacks(datetime.now(UTC).date().isoformat()),
    }
    for name, text in texts.items():
        changes.set(name, text)
    changes.set(DATASET, "")
    adopted_text.settings(changes, tops)
    adopted_text.manifest(changes, _identifier(chosen))
    adopted_text.day(changes)


def _identifier(chosen: Candidate) -> str:
    return chosen.module.name.split(".")[0].strip("_").replace("_", "-").lower() or "adopted"


def _show(changes: Changes, code: ForeignCode, chosen: Candidate, agents: dict[str, Agents]) -> None:
    changed = changes.changed()
    print(f"found: {chosen.object}, {chosen.what} ({chosen.place})")
    for line in _replaced(chosen):
        print(f"  {line}")
    groups: dict[str, list[str]] = {"added": [], "changed": ["AGENTS.md", "README.md"], "removed": []}
    groups["added"].append(adopted_text.TEST)
    for name, content in changed.items():
        groups["removed" if content is None else "added" if changes.is_new(name) else "changed"].append(name)
    for what, names in groups.items():
        print(f"{what}:", *(f"  {name}" for name in sorted({*names})), sep="\n")
    if code.left_out:
        print(f"not copied: {', '.join(code.left_out)}")
    print(changes.difference(*(name for name in _SHOWN if name in changed)), flush=True)


def _replaced(chosen: Candidate) -> Iterator[str]:
    """Yield what of the agent's own the session replaces, with where the code says it."""
    given = {word.arg: word.value for call in chosen.calls for word in call.keywords if word.arg}
    lines = {name: f"{chosen.module.path.name}:{value.lineno}" for name, value in given.items()}
    positional = next((call.args[0] for call in chosen.calls if call.args), None)
    model = given.get("model", positional)
    said = f"{ast.unparse(model)[:60]} ({chosen.module.path.name}:{model.lineno})" if model else "Strands' default"
    yield f"model: {said} is replaced by `model` of environments/<name>.yaml"
    if "aux_model" in lines:
        yield f"aux_model ({lines['aux_model']}): replaced by that model too"
    if "session_manager" in lines:
        yield (
            f"session manager ({lines['session_manager']}): replaced by the session's: files under .local, or the "
            "memory that manifest.yaml names"
        )
    for name in ("name", "agent_id", "description"):
        if name in lines:
            yield f"{name} ({lines[name]}): replaced by manifest.yaml's"
    yield "added: tools of the gateways that manifest.yaml names, today's date and the user's name"
    yield "kept: system prompt, tools, hooks, plugins, conversation manager, state, and every other part"


def _draft(changes: Changes, code: ForeignCode) -> dict[str, Any]:
    """Let the agent be asked in a copy, and add the rows that it answers, its test, and what names a question of it."""
    print("… importing and asking it in a copy", flush=True)
    with tried(changes) as trial:
        (trial.root / DATASET).write_text("", encoding="utf-8")
        asking = ("-m", "agentcore_kit.authoring.drafted_rows", _DRAFT)
        trial.all(Check("importing and asking the agent", asking, only_reading=True))
        drafted: dict[str, Any] = json.loads((trial.root / _DRAFT).read_text(encoding="utf-8"))
    if not drafted["rows"] and not drafted["declined"]:
        raise CommandError(
            "no question was found that the model of this machine answers or declines with this agent",
            "document its tools: `Use when the user asks …`; nothing was changed",
        )
    for number, row in enumerate(drafted["rows"]):
        smoke = ("smoke",) if number < 2 else ()
        add_row(changes, row["question"], Expectation(calls=((row["name"], row["input"]),), tags=smoke, any_date=True))
    if drafted["declined"]:
        add_row(changes, drafted["declined"], Expectation("decline", tags=("smoke",), any_date=True))
    test = adopted_text.test(sorted(drafted["tools"]))
    changes.create(adopted_text.TEST, formatted(changes, adopted_text.TEST, test))
    question = drafted["rows"][0]["question"] if drafted["rows"] else drafted["declined"]
    adopted_text.readme(changes, code.python_tops(), question)
    with tried(changes) as trial:
        trial.kit("agents-md", "--write")
        changes.set("AGENTS.md", (trial.root / "AGENTS.md").read_bytes().decode())
    return drafted


def _prove(changes: Changes) -> None:
    """Run the repository's checks in a copy. Raises CommandError when one does not pass."""
    print("… checks, tests and evaluation in a copy", flush=True)
    with tried(changes) as trial:
        trial.all(
            Check("mypy", ("-m", "mypy", "--no-error-summary")),
            Check("ruff check", ("-m", "ruff", "check", "--quiet", ".")),
            Check("ruff format --check", ("-m", "ruff", "format", "--check", "--quiet", ".")),
            of_kit("manifest"),
            of_kit("agents-md"),
            of_kit("dataset"),
            of_kit("tools"),
            Check("imports", ("-m", "agentcore_kit.checks.production_imports")),
            of_kit("eval", "--results", "results", only_reading=True),
            of_kit("redteam", only_reading=True),
            Check("make test", ("-m", "pytest", "-q"), only_reading=True),
        )


def _left(code: ForeignCode, chosen: Candidate, agents: dict[str, Agents], drafted: dict[str, Any]) -> Iterator[str]:
    if ids := sorted({one for module in code.modules for one in _model_ids(module.tree)}):
        yield f"the code names the model {', '.join(ids)}: write what you want into model.id of environments/*.yaml"
    rows = (
        f"{len(drafted['rows'])} drafted rows: read what they expect, and" if drafted["rows"] else "no row to answer:"
    )
    yield f"{DATASET} has {rows} write more, with figures and what is declined (kit add eval-row, kit row)"
    if drafted["declined"]:
        yield "the row to decline is what the offline model declines: say in the prompt what the agent is not for"
    for name, why in drafted["without"].items():
        yield f"no row for {name}: {why}"
    if drafted["tools"]:
        yield "document the tools as kit tools says, then take the path out of `adopted` in pyproject.toml"
    if names := sorted({one for module in code.modules for one in _variables(module.tree)}):
        yield f"the code reads {', '.join(names)}: write them under variables or secrets of environments/*.yaml"
    if services := sorted({one for module in code.modules for one in _services(module.tree)}):
        yield f"the code calls AWS ({', '.join(services)}): allow what it needs in infra/role.yaml"
    if made := [*_made_in_functions(code, chosen, agents)]:
        yield (
            f"{', '.join(made)}: an agent is made in a function; one that the code makes while it answers has the "
            "model and session manager that it gives it: in a tool, Agent(model=tool_context.agent.model, …)"
        )
    for one in (one for each in agents.values() for one in each.candidates):
        if one is not chosen and one.what == "an agent of the module":
            yield f"{one.object} has one conversation for all sessions of a process: make it where it is asked"
    yield "manifest.yaml: spec.registry.skills, by which others find the agent"


def _made_in_functions(code: ForeignCode, chosen: Candidate, agents: dict[str, Agents]) -> Iterator[str]:
    """Yield file and line of each agent that a function makes, but for the one that sessions have."""
    own = {call.lineno for call in chosen.calls}
    for module in code.modules:
        for line in agents[module.name].in_functions:
            if module is not chosen.module or line not in own:
                yield f"{module.path.name}:{line}"


def _model_ids(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("model", "model_id") and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def _variables(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(str(name))) if ast.unparse(value).endswith("environ"):
                yield name
            case ast.Call(func=func, args=[ast.Constant(str(name)), *_]) if ast.unparse(func).endswith(
                ("environ.get", "getenv")
            ):
                yield name


def _services(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="client" | "resource"), args=[ast.Constant(str(name)), *_]):
                yield name
