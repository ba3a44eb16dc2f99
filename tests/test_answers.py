"""Which answers are refused, in which words, and that nothing remains of a refused generation."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException, OutputDirExistsException
from cookiecutter.main import cookiecutter

from tests.repository import DEFAULTS, append, assert_says, generate

Refuse = Callable[..., str]

REFUSED: dict[str, list[str]] = {
    "starter": ["", " ", "Finance", "market-data", "none", "hr ", "hr\n", "insurance", "../hr", "agent/hr"],
    "agent_name": [
        *(
            "",
            " ",
            ".",
            "..",
            "../x",
            "../../x",
            "a/b",
            "/abs",
            "a\\b",
            "C:\\x",
            "~",
            "a\0b",
            "a\nb",
            "agent\n",
            "\udcff",
        ),
        *(
            "ab",
            "a" * 41,
            "a" * 300,
            "Agent",
            "my_agent",
            "my agent",
            "-agent",
            "agent-",
            "my--agent",
            "1st-agent",
            "agént",
        ),
        *("con", "nul", "com1", "lpt9", "null", "true", "yes", "--version", "$(id)", "agent;id", "agent.git"),
    ],
    "description": [
        *("", " ", "\u3000", " text", "text ", "x" * 201, "two\nlines", "tab\there", "bell\a", "delete\x7f"),
        *("next\x85line", "line\u2028separator", "paragraph\u2029", "\ufeffmark", "right\u202eleft", "isolate\u2066"),
        *("soft\xadhyphen", "zero\u200bwidth", "lone\ud800surrogate", "no\ufffecharacter"),
        *("{{ 6 * 7 }}", "{% raw %}x{% endraw %}", "a {# comment #}", "ends }}", "{{ cookiecutter.update(kind='x') }}"),
    ],
    "owner": [
        *(
            "",
            "Team",
            "a team",
            "@",
            "@org",
            "@org/",
            "@-org/team",
            "@org--x/team",
            "@org/team/x",
            "@" + "o" * 40 + "/team",
        ),
        *(
            "a@b",
            "a b@example.com",
            "a@example..com",
            ".a@example.com",
            "a@example.com\n",
            "a@example.com, b@example.com",
        ),
        *("é@example.com", "a" * 120 + "@example.com", "team # all"),
    ],
    "cost_center": ["", " ", "CC 1", "-CC", "CC\n", "c" * 65, "CC:1", "CC'1", "ÇÇ", "１２"],
    "use_case_id": ["", "UC\t1", "#1", "u" * 65, "UC\u200b1"],
    "github_org": ["", "-org", "org-", "my--org", "my_org", "my org", "o" * 40, "org/x", "org\n", "örg"],
    "region": [
        "",
        "eu-central",
        "eu-central-99",
        "us-east-0",
        "EU-CENTRAL-1",
        "eu_central_1",
        "europe-west-1",
        "af-south-1",
        "eu-central-9",
        "eu-central-1a",
    ],
    "shared_account_id": ["", "0" * 12],
    "dev_account_id": ["12345678901", "1234567890123", "1234-5678-9012", "12345678901x"],
    "preprod_account_id": ["１２３４５６７８９０１２", "٠" * 12, "123456789012\n", " 123456789012"],
    "prod_account_id": ["arn:aws:iam::123456789012:root", "None"],
}


def tree(folder: Path) -> dict[str, bytes]:
    """Return all that is below a folder."""
    return {str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes() for path in folder.rglob("*")}


@pytest.fixture
def refuse(template: Path, output: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Refuse:
    """Return a function that gives answers which must be refused without a trace, and returns the message."""

    def refuse(answers: dict[str, object], **options: object) -> str:
        before = tree(tmp_path)
        with pytest.raises(FailedHookException):
            generate(template, output, answers, **options)
        assert tree(tmp_path) == before
        return capfd.readouterr().err

    return refuse


@pytest.mark.usefixtures("hooks_in_process")
@pytest.mark.parametrize(("field", "answer"), [(field, answer) for field in REFUSED for answer in REFUSED[field]])
def test_refused_with_field_answer_and_example(refuse: Refuse, field: str, answer: str) -> None:
    message = refuse({field: answer})
    assert f"  {field}: {ascii(answer)[:97]}" in message
    assert f"    example: {DEFAULTS[field]}\n" in message
    assert message.count("needed:") == 1


@pytest.mark.parametrize(
    ("kind", "offered"), [("tool", "market-data, openapi, blank"), ("memory", "none"), ("platform", "none")]
)
def test_a_starter_of_another_kind_is_refused(refuse: Refuse, kind: str, offered: str) -> None:
    told = refuse({"kind": kind, "starter": "hr"})
    assert f"starter: 'hr'\n    needed:  a starter of kind {kind}: {offered}\n" in told


def test_accounts_of_a_platform_are_its_own(refuse: Refuse) -> None:
    told = refuse({"kind": "platform", "dev_account_id": "123456789012"})
    assert "prod_account_id: '123456789012'" in told
    assert "needed:  an account of its own; this is dev_account_id too" in told


def test_all_problems_are_told_at_once(refuse: Refuse) -> None:
    message = refuse({field: answers[-1] for field, answers in REFUSED.items()})
    assert [line.split(":")[0].strip() for line in message.splitlines() if line.startswith("  ")][::3] == [*REFUSED]


@pytest.mark.parametrize(
    "answer", ["{{ 6 * 7 }}", "{{ nowhere }}", "{{ 1 / 0 }}", "{{ ''.x.y }}", "{{", "{% x %}", "{#"]
)
@pytest.mark.parametrize("field", ["agent_name", "description"])
def test_template_code_is_refused(template: Path, output: Path, field: str, answer: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # cookiecutter's own error where it cannot evaluate the answer
        generate(template, output, {field: answer})
    assert not tree(output)


@pytest.mark.parametrize("answer", [12, True, None, ["../x", "y"], {"a": "../../x"}])
def test_what_is_no_text_is_refused(refuse: Refuse, answer: object) -> None:
    """A user's configuration or a replay file may hold any value."""
    refuse({"agent_name": answer, "owner": answer, "prod_account_id": answer})


@pytest.mark.parametrize("name", ["mine", "../output/mine", "mine/", "mine/../mine"])
def test_a_folder_that_exists_is_not_touched(template: Path, output: Path, name: str) -> None:
    append(output / "mine/file.txt", "precious")
    before = tree(output)
    with pytest.raises((FailedHookException, OutputDirExistsException)):
        generate(template, output, {"agent_name": name})
    with pytest.raises(FailedHookException):
        generate(template, output, {"agent_name": name}, overwrite_if_exists=True)
    assert tree(output) == before


def test_a_repository_without_files_can_be_filled(template: Path, output: Path) -> None:
    """As when it was made on GitHub first, and cloned."""
    append(output / "mine/.git/config", "precious")
    repository = generate(template, output, {"agent_name": "mine"}, overwrite_if_exists=True)
    assert (repository / ".git/config").read_text(encoding="utf-8") == "precious\n"
    assert (repository / "manifest.yaml").exists()


def test_numbers_of_a_user_configuration_are_read_as_text(template: Path, output: Path, tmp_path: Path) -> None:
    answers = {"cost_center": 4711, "prod_account_id": 123456789012}
    append(tmp_path / "config.yaml", json.dumps({"default_context": answers}))
    repository = generate(template, output, {}, config_file=str(tmp_path / "config.yaml"))
    assert_says(repository, DEFAULTS | {"cost_center": "4711", "prod_account_id": "123456789012"})


def test_values_of_a_replay_file_are_checked(template: Path, output: Path, tmp_path: Path) -> None:
    answers: dict[str, object] = {
        **DEFAULTS,
        "kind": "../..",
        "description": "{{ 6 * 7 }}",
        "owner": ["a"],
        "region": 1,
    }
    append(tmp_path / "replay.json", json.dumps({"cookiecutter": answers}))
    with pytest.raises(FailedHookException):
        cookiecutter(str(template), replay=str(tmp_path / "replay.json"), output_dir=str(output))
    assert not tree(output)


def command(template: Path, output: Path, *answers: str, typed: str = "", **environment: str) -> tuple[int, str]:
    """Run cookiecutter as a user does, and return its exit code and all that it prints."""
    arguments = [sys.executable, "-m", "cookiecutter", str(template), *answers, "--output-dir", str(output)]
    done = subprocess.run(
        arguments if typed else [*arguments, "--no-input"],
        env={**os.environ, **environment},
        input=typed.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def test_the_message_shows_on_a_terminal_without_unicode(template: Path, output: Path) -> None:
    answers = "description= 売上", "agent_name=../x"
    code, shown = command(template, output, *answers, PYTHONIOENCODING="ascii")
    assert code == 1
    assert r"description: ' \u58f2\u4e0a'" in shown
    assert "agent_name: '../x'" in shown
    assert not tree(output.parent)[output.name]


def test_the_questions_explain_themselves(template: Path, output: Path) -> None:
    code, shown = command(template, output, typed="\n" * (1 + len(DEFAULTS)))
    assert code == 0
    for words in ("Kind of component", "1 - agent  ", "Cost centre  ", "[13/13] Prod account"):
        assert words in shown
    assert [path.name for path in output.iterdir()] == [DEFAULTS["agent_name"]]


def test_template_code_that_is_typed_is_refused(template: Path, output: Path) -> None:
    code, shown = command(template, output, typed="\n\n\n{{ 6 * 7 }}" + "\n" * len(DEFAULTS))
    assert (code, tree(output)) == (1, {})
    assert "description: '{{ 6 * 7 }}'" in shown
