"""What gives an agent is found by reading the code; what cannot be taken over is refused, with file and line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentcore_kit.authoring import adopted_text
from agentcore_kit.authoring.drafted_rows import questions
from agentcore_kit.authoring.foreign_agents import SET_BY_AGENT, agents_of
from agentcore_kit.authoring.foreign_code import read
from agentcore_kit.authoring.reading_tools import READING, reads
from agentcore_kit.authoring.starter import uncommitted
from agentcore_kit.delivery.errors import CommandError
from tests.adopting.foreign import WEATHER, written
from tests.authoring.typed import code_of_the_copy, contents
from tests.delivery import shell
from tests.repositories import TEMPLATE


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Type a command in the copy of the repository; nothing of it is found by later tests."""
    with code_of_the_copy():
        return shell.typed(capsys, *words)


WEATHER_FILE = "from strands import Agent\nagent = Agent()\n"
BEGIN = "raise SystemExit('imported')\nfrom strands import Agent\nimport strands as s\n"
FOUND = {
    "agent = Agent()": ["agent"],
    "agent: Agent = s.Agent()": ["agent"],
    "with open('x') as f:\n    one = Agent()\ntwo = Agent()": ["one", "two"],
    "if __name__ == '__main__':\n    agent = Agent()": [],
    "def make(model='m'):\n    found = Agent(model)\n    return found": ["make"],
    "def make() -> Agent:\n    return other()": ["make"],
    "def ask(question):\n    return str(Agent()(question))": [],
    "class Own(Agent):\n    pass": ["Own"],
    "class A:\n  def __init__(self):\n    self.b = Agent()\n  def get(self) -> Agent:\n    return self.b": ["A.b"],
    "class Holder:\n    def build(self) -> 'Agent':\n        return Agent()": ["Holder.build"],
}  # fmt: skip


@pytest.mark.parametrize("text", FOUND)
def test_each_shape_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "bot.py").write_text(f"{BEGIN}{text}\n", encoding="utf-8")
    (module,) = read(tmp_path / "code" / "bot.py").modules
    found = agents_of(module).candidates
    assert [one.object for one in found if not one.unusable] == [f"bot:{name}" for name in FOUND[text]]


OWN = "class Own(Agent):\n  def __init__(self):\n    super().__init__()\n    self.mine, self.name = [], 'x'\n"
NOT_LIKE_IT = {
    "agent = Agent()\nagent.messages += [1]": "agent.messages",
    "agent = Agent()\ndel agent.messages[0]": "agent.messages",
    "agent = Agent()\nagent.state['x'], y = 1, 2": "agent.state",
    "agent = Agent()\nfor hook in HOOKS:\n    agent.add_hook(hook)": "agent.add_hook",
    "agent = Agent()\n[agent.add_hook(hook) for hook in HOOKS]": "agent.add_hook",
    "agent = Agent()\nsetattr(agent, 'system_prompt', '')": "setattr(agent, …)",
    "def make():\n    agent = Agent()\n    while more():\n        agent.system_prompt += 'x'\n    return agent": (
        "agent.system_prompt"
    ),
    f"{OWN}    self.add_hook(print)": "self.add_hook",
    f"{OWN}    self.system_prompt = 'x'": "self.system_prompt",
    f"{OWN}    self.hooks.add_callback(E, print)": "self.hooks.add_callback",
    "agent = Agent()\nwhile True:\n    print(agent(input()))": "asks agent",
    "agent = Agent()\nfor one in QUESTIONS:\n    agent.structured_output(M, one)": "asks agent",
    "agent = Agent()\nfor one in ROOMS:\n    agent.tool.book(room=one)": "asks agent",
    "for one in SERVERS:\n    one.run()": "runs something",
    f"{OWN}    self.mine.append(1)": "",
    f"{OWN}  def later(self):\n    self.messages.clear()": "",
    "agent = Agent()\ndef later():\n    agent.messages.clear()\n    agent('hello')": "",
    "agent = Agent()\nif __name__ == '__main__':\n    while True:\n        agent(input())": "",
}  # fmt: skip
"""What would be lost, or done, when the agents of sessions are made; nothing where neither is so."""


@pytest.mark.parametrize("text", NOT_LIKE_IT)
def test_what_is_done_to_an_agent_that_its_sessions_would_not_have_is_noticed(tmp_path: Path, text: str) -> None:
    source = written(tmp_path, {"code/bot.py": f"from strands import Agent\n{text}\n"})
    (module,) = read(source).modules
    found = agents_of(module)
    assert {what for _, what in (*found.changed, *found.at_import)} == {*filter(None, [NOT_LIKE_IT[text]])}


def test_attributes_that_a_class_of_its_own_may_set_are_not_those_of_agent() -> None:
    from strands import Agent

    from agentcore_kit.local.offline_model import OfflineModel

    settable = {name for name, value in vars(Agent).items() if isinstance(value, property) and value.fset}
    public = {name for name in (*vars(Agent(OfflineModel())), *settable) if not name.startswith("_")}
    assert public - {"agent_id", "aux_model", "description", "model", "name"} <= SET_BY_AGENT


REFUSED = {
    "a syntax error": ({"code/bot.py": "x = 1\nagent = Agent(\n"}, "code/bot.py:2: is no Python"),
    "no agent": ({"code/bot.py": "x = 1\n"}, "no agent was found"),
    "an agent that is not given to others": (
        {"code/bot.py": "from strands import Agent\n\ndef main(q):\n    print(Agent()(q))\n"},
        "bot.py:4: an agent is made here, and nothing of the module gives it to others",
    ),
    "arguments": (
        {"code/bot.py": "from strands import Agent\n\ndef make(user, *, key):\n    return Agent()\n"},
        "bot.py:3: bot:make: it needs arguments: user, key",
    ),
    "several agents": (
        {"code/bot.py": "from strands import Agent\none = Agent()\ntwo = Agent()\n"},
        "--object bot:two  (an agent of the module, ",
    ),
    "several files with an agent": (
        {"code/a.py": "from strands import Agent\none = Agent()\n",
         "code/b.py": "from strands import Agent\ntwo = Agent()\n"},
        "--object a:one  (an agent of the module, ",
    ),
    "a name that clashes": (
        {"code/agent.py": "from strands import Agent\nbot = Agent()\n"},
        "agent is a name of this repository, so src/agent.py would clash",
    ),
    "a name of a package": (
        {"code/strands/__init__.py": "", "code/strands/bot.py": "from strands.agent import Agent\nbot = Agent()\n"},
        "is a module of strands-agents, which is installed here",
    ),
    "a package that is not installed": (
        {"code/bot.py": "import strands_tools\nfrom strands import Agent\nbot = Agent()\n",
         "code/requirements.txt": "strands-agents-tools>=0.2 # tools\n"},
        'add "strands-agents-tools>=0.2" to dependencies in pyproject.toml',
    ),
    "a package for development alone": (
        {"code/bot.py": "import pytest\nfrom strands import Agent\nbot = Agent()\n"},
        "bot.py:1: imports pytest, which requirements.txt does not have",
    ),
    "an agent that is asked at import": (
        {"code/bot.py": "from strands import Agent\nbot = Agent()\nprint(bot('hello'))\n"},
        "bot.py:3: asks bot when the module is imported",
    ),
    "a server that is run at import": (
        {"code/bot.py": "from strands import Agent\nbot = Agent()\napp.run()\n"},
        "bot.py:3: runs something when the module is imported",
    ),
    "an agent that is changed afterwards": (
        {"code/bot.py": "from strands import Agent\nbot = Agent()\nbot.add_hook(print)\n"},
        "bot.py:3: bot.add_hook changes the agent after it is made",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_taken_over_is_refused_and_nothing_changes(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    files, said = REFUSED[what]
    folder = written(tmp_path / "elsewhere", files)
    before = contents(repository)
    package = folder / "strands" if (folder / "strands").is_dir() else folder
    code, _, wrong = typed(capsys, "adopt", str(package), "--yes")
    assert code == 2
    assert said in wrong
    assert contents(repository) == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("src/agent/prompt.md", "Say please.\n", "src/agent/prompt.md:51: Say please."),
        ("src/agent/own.py", "x = 1\n", "src/agent/own.py:1: is not of the starter"),
        ("evals/users.yaml", "users: []\n", "evals/users.yaml:1: is not of the starter"),
    ],
)
def test_a_starter_that_was_changed_is_not_replaced(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    source = written(tmp_path / "elsewhere", WEATHER)
    with (repository / name).open("a", encoding="utf-8") as file:
        file.write(text)
    before = contents(repository)
    code, _, wrong = typed(capsys, "adopt", str(source), "--yes")
    assert code == 2
    assert said.partition(":")[0] in wrong
    assert said.rpartition(":")[2] in wrong
    assert contents(repository) == before


def test_what_is_not_committed_is_named(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The repository is a folder of a larger one; what is changed elsewhere in that is not asked after."""
    names = ("Dockerfile", "docs/two words.md", "docs/Überblick.md", "-> docs.md")
    (repository / "docs").mkdir(exist_ok=True)
    for path in (*(repository / name for name in names), tmp_path / "elsewhere.txt"):
        path.write_text("before\n", encoding="utf-8")
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)  # noqa: S607
    assert uncommitted(repository) == []
    for name in (*names[1:], "pyproject.toml", "../elsewhere.txt"):
        (repository / name).write_text("after\n", encoding="utf-8")
    subprocess.run(["git", "mv", "Dockerfile", "Containerfile"], cwd=repository, check=True)  # noqa: S607
    assert {*uncommitted(repository)} == {*names, "Containerfile"}
    code, _, wrong = typed(capsys, "adopt", str(written(tmp_path / "foreign", WEATHER)), "--yes")
    assert (code, "changes that are not committed: " in wrong, "docs/Überblick.md" in wrong) == (2, True, True), wrong


def test_nothing_is_imported_before_a_person_says_yes(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = written(tmp_path / "elsewhere", WEATHER)
    mark = tmp_path / "imported"
    with (source / "bot.py").open("a", encoding="utf-8") as file:
        file.write(f"open({str(mark)!r}, 'w').close()\n")
    before = contents(repository)
    code, out, wrong = typed(capsys, "adopt", str(source))
    assert (code, mark.exists(), contents(repository) == before) == (3, False, True)
    assert "nobody can be asked here" in wrong
    assert "found: weather.bot:agent, an agent of the module" in out
    assert "+  src/weather" not in out
    assert "  src/weather/stations.json" in out


def test_code_that_cannot_be_imported_is_said_with_its_line(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = written(tmp_path / "elsewhere", WEATHER)
    (source / "stations.json").unlink()
    before = contents(repository)
    code, _, wrong = typed(capsys, "adopt", str(source), "--yes")
    assert code == 1
    assert "src/weather/bot.py:9: FileNotFoundError" in wrong
    assert contents(repository) == before


def test_an_error_of_the_kit_is_said_with_the_line_of_the_repository_that_led_to_it(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = {"code/bot.py": "from strands import Agent\n\ndef make() -> Agent:\n    return None\n"}
    exit_code, _, wrong = typed(capsys, "adopt", str(written(tmp_path / "elsewhere", code)), "--yes")
    assert exit_code == 1
    assert re.search(r"  src/agent/agent\.py:\d+: ConfigError: 'bot:make' gives NoneType, not an agent", wrong), wrong


def test_a_file_in_a_folder_that_is_no_package_comes_with_what_is_beside_it(tmp_path: Path) -> None:
    files = {"code/bot.py": "import helpers\n", "code/helpers.py": "", "code/data/one.csv": "1", "code/README.md": "",
             "code/.env": "KEY=1", "code/tests/test_bot.py": ""}  # fmt: skip
    code = read(written(tmp_path, files) / "bot.py")
    assert sorted(code.files) == ["bot.py", "data/one.csv", "helpers.py"]
    assert sorted(code.left_out) == [".env", "README.md", "tests"]


def test_the_file_that_is_given_says_which_agent_is_meant(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {f"code/{name}.py": f"from strands import Agent\n{name} = Agent()\n" for name in ("one", "setup")}
    _, out, _ = typed(capsys, "adopt", str(written(tmp_path / "elsewhere", files) / "setup.py"))
    assert "found: setup:setup, an agent of the module" in out


def test_code_that_looks_like_a_projects_own_is_copied_where_it_is_imported(tmp_path: Path) -> None:
    files = {"code/bot.py": "try:\n    import test_data\nexcept ImportError:\n    pass\n",
             "code/test_data.py": "from conftest import x\n", "code/conftest.py": "", "code/test_bot.py": "",
             "code/requirements_reader.py": "", "code/license/terms.csv": "1", "code/requirements.txt": ""}  # fmt: skip
    code = read(written(tmp_path, files) / "bot.py")
    copied = {"bot.py", "conftest.py", "license/terms.csv", "requirements_reader.py", "test_data.py"}
    assert {*code.files} == {module.path.name for module in code.modules} | {"license/terms.csv"} == copied
    assert code.left_out == ["requirements.txt", "test_bot.py"]


def test_what_is_no_file_or_leads_elsewhere_is_not_copied(tmp_path: Path) -> None:
    source = written(tmp_path, {"code/bot.py": "", "code/data/one.csv": "1", "other/secret.txt": "", "other/b.py": ""})
    os.mkfifo(source / "pipe")
    (source / ".env").write_text("KEY=1", encoding="utf-8")
    links = {"out.txt": "../other/secret.txt", "folder": "../other", "gone.py": "gone", "env.txt": ".env",
             "two.csv": "data/one.csv"}  # fmt: skip
    for name, target in links.items():
        (source / name).symlink_to(target)
    code = read(source)
    assert code.files == {"bot.py": b"", "data/one.csv": b"1", "two.csv": b"1"}
    assert code.left_out == [".env", "env.txt", "folder", "gone.py", "out.txt", "pipe"]


def test_a_walk_ends_where_there_is_more_than_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = written(tmp_path, {"code/bot.py": "", **{f"code/n{number}/x.txt": "" for number in range(400)}})
    seen: list[Path] = []
    original = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: [seen.append(path), original(path)][1])  # type: ignore[func-returns-value]
    with pytest.raises(CommandError, match="has more than 300 files and folders"):
        read(source)
    assert len(seen) < 300


@pytest.mark.parametrize(("name", "inside"), [("bot.py", False), ("code/deep/bot.py", False), ("src/new/bot.py", True)])
def test_a_folder_around_or_in_the_repository_is_not_copied(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, inside: bool
) -> None:
    """The repository stands beside the file that is given, or in the package that this is in."""
    base = repository if inside else tmp_path
    written(base, {"__init__.py": "", "code/__init__.py": "", "code/deep/__init__.py": "", name: WEATHER_FILE})
    before = contents(repository)
    code, _, wrong = typed(capsys, "adopt", str(base / name), "--yes")
    assert (code, "is in this repository, or this repository in it" in wrong) == (2, True), wrong
    assert contents(repository) == before


def test_a_file_deep_in_a_package_comes_with_the_package(tmp_path: Path) -> None:
    files = {"code/__init__.py": "", "code/agents/__init__.py": "", "code/agents/bot.py": "", "code/data.json": "{}"}
    code = read(written(tmp_path, files) / "agents" / "bot.py")
    assert code.modules[0].name == "code.agents.bot"
    assert set(code.files) == set(files)


def test_the_starter_is_known(tmp_path: Path) -> None:
    import build_wheel

    assert build_wheel.STARTERS.read_text(encoding="utf-8") == build_wheel.starter_lines(), "run: make wheel"


@pytest.mark.parametrize("tops", [["bot.py"], ["ferry_station_bot.py", "ferry_station_tools.py", "timetables.py"]])
def test_what_names_the_files_of_the_code_passes_lint_and_format(repository: Path, tops: list[str]) -> None:
    texts = {"agent": adopted_text.agent("bot:agent", tops), "tools": adopted_text.tools(tops)}
    for name, text in {**texts, "__init__": adopted_text.package(tops)}.items():
        (repository / f"src/agent/{name}.py").write_text(text, encoding="utf-8")
    for words in (("check",), ("format", "--check")):
        command = [sys.executable, "-m", "ruff", *words, "src/agent"]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_questions_are_made_of_a_description() -> None:
    schema = {"properties": {"city": {"type": "string", "description": "e.g. Oslo"}}, "required": ["city"]}
    spec = {"name": "get_weather", "description": "Gets the weather for a city.", "inputSchema": {"json": schema}}
    assert next(questions(spec)) == "Get the weather for Oslo, please."


@pytest.mark.parametrize(
    ("reading", "specs"),
    [
        (True, ["get_order", "listUpdates", "lookup_price", "is_on_loan", "find_and_list_rooms", "crm___getAccount"]),
        (True, [("current_weather", "The weather.", True), ("get_order", "Gets an order.", True)]),
        (
            False,
            ["delete_user", "safeDelete", "orderBook", "wipe_cache", "current_weather", "crm___purge", ""],
        ),
        (False, ["get_or_create_user", "readAndArchive", "check_out_book", "get_rid_of_user", "compare_and_swap"]),
        (False, [("get_mail", "Sends a mail.", None), ("get_mail", "Gets a mail, and marks it.", False)]),
        (False, [("delete_user", "", True), ("user_manager", "Finds and purges users.", None)]),
    ],
)
def test_only_what_says_that_it_reads_is_run(reading: bool, specs: list[Any]) -> None:
    """Each is a name, or a name with a description and the hint that an MCP server gives."""
    for one in specs:
        name, description, hint = one if isinstance(one, tuple) else (one, "", None)
        spec = {"name": name, "description": description, "annotations": {"readOnlyHint": hint}}
        assert reads(spec) is reading, name


def test_the_documentation_names_the_verbs_for_reading() -> None:
    said = " ".join((TEMPLATE / "docs/adopting.md").read_text(encoding="utf-8").split())
    assert f": {', '.join(READING)}." in said
