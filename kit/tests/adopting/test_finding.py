"""What gives an agent is found by reading the code; what cannot be taken over is refused, with file and line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agentcore_kit.authoring.drafted_rows import changes_something, questions
from agentcore_kit.authoring.foreign_agents import agents_of
from agentcore_kit.authoring.foreign_code import read
from tests.adopting.foreign import WEATHER, written
from tests.authoring.typed import code_of_the_copy, contents
from tests.delivery import shell


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Type a command in the copy of the repository; nothing of it is found by later tests."""
    with code_of_the_copy():
        return shell.typed(capsys, *words)


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
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=repository, check=True)  # noqa: S607
    (repository / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    code, _, wrong = typed(capsys, "adopt", str(written(tmp_path / "elsewhere", WEATHER)), "--yes")
    assert (code, "changes that are not committed: Dockerfile" in wrong) == (2, True), wrong


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


def test_a_file_in_a_folder_that_is_no_package_comes_with_what_is_beside_it(tmp_path: Path) -> None:
    files = {"code/bot.py": "import helpers\n", "code/helpers.py": "", "code/data/one.csv": "1", "code/README.md": "",
             "code/.env": "KEY=1", "code/tests/test_bot.py": ""}  # fmt: skip
    code = read(written(tmp_path, files) / "bot.py")
    assert sorted(code.files) == ["bot.py", "data/one.csv", "helpers.py"]
    assert sorted(code.left_out) == [".env", "README.md", "tests"]


def test_a_file_deep_in_a_package_comes_with_the_package(tmp_path: Path) -> None:
    files = {"code/__init__.py": "", "code/agents/__init__.py": "", "code/agents/bot.py": "", "code/data.json": "{}"}
    code = read(written(tmp_path, files) / "agents" / "bot.py")
    assert code.modules[0].name == "code.agents.bot"
    assert set(code.files) == set(files)


def test_the_starter_is_known(tmp_path: Path) -> None:
    import build_wheel

    assert build_wheel.STARTERS.read_text(encoding="utf-8") == build_wheel.starter_lines(), "run: make wheel"


def test_questions_are_made_of_a_description_and_changing_tools_are_left_alone() -> None:
    schema = {"properties": {"city": {"type": "string", "description": "e.g. Oslo"}}, "required": ["city"]}
    spec = {"name": "get_weather", "description": "Gets the weather for a city.", "inputSchema": {"json": schema}}
    assert next(questions(spec)) == "Get the weather for Oslo, please."
    changing = ["delete_user", "safeDelete", "send_mail", "orderBook", "mailbox_update"]
    assert all(changes_something({"name": name}) for name in changing)
    assert changes_something({"name": "mail", "description": "Sends a mail."})
    assert not any(changes_something({"name": name}) for name in ("get_order", "listUpdates", "current_weather"))
