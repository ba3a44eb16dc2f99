"""500 odd answers: each is refused without a trace, or arrives exactly in a repository whose every file parses."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from cookiecutter.exceptions import FailedHookException, UndefinedVariableInTemplate
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError

from tests.repository import COMBINATIONS, DEFAULTS, assert_parses, assert_says, files, generate, is_copied

pytestmark = [pytest.mark.odd, pytest.mark.usefixtures("hooks_in_process")]

CHARACTERS = "'\"\\#:-?&*!|>%@`{}[]$<~=,;./_A9é売𝔘ß\0\t\n\r\x1b\x7f\x85\xa0\u2028\u200b\u200d\u202e\ufeff\uffff\ud800"
WORDS = ["'''", '"""', "\\u0041", ": ", " #", "- ", "!!x", "{}", "${x}", "$(id)", "<!--", "null", "1e3", "../", "\r\n"]
JINJA = ["{{", "}}", "{%", "%}", "{#", "#}", "{{ 6 * 7 }}", "{% if x %}", "{{ cookiecutter.owner }}"]
PIECES = st.one_of(*map(st.sampled_from, (CHARACTERS, WORDS, JINJA)), st.text(st.characters(), max_size=8), st.just(""))


@st.composite
def odd_answers(draw: st.DrawFn) -> dict[str, str]:
    """Take legal answers, and put something odd into one or two of them, or in their place."""
    answers = dict(DEFAULTS)
    for field in draw(st.lists(st.sampled_from([*DEFAULTS]), min_size=1, max_size=2, unique=True)):
        legal = draw(st.sampled_from([DEFAULTS[field], *(c[field] for c in COMBINATIONS.values() if field in c)]))
        start, end = sorted((draw(st.integers(0, len(legal))), draw(st.integers(0, len(legal)))))
        answers[field] = legal[:start] + "".join(draw(st.lists(PIECES, max_size=3))) + legal[end:]
    return answers


VISIBLE = st.text(
    st.one_of(
        st.sampled_from("'\"\\#:-?&*!|>%@`{}[]$<~=,;./ \u200d"),
        st.characters(exclude_categories=["Cc", "Cf", "Cn", "Cs", "Zl", "Zp"]),
    ),
    min_size=1,
    max_size=200,
).filter(lambda text: text == text.strip() and not any(pair in text for pair in ("{{", "{%", "{#", "}}", "%}", "#}")))


@pytest.fixture
def rendered(template: Path, tmp_path: Path) -> Path:
    """Return a copy of the template without the files that no answer reaches."""
    copy = Path(shutil.copytree(template, tmp_path / "rendered"))
    folder = copy / "{{cookiecutter.agent_name}}"
    for name in filter(is_copied, files(folder)):
        (folder / name).unlink()
    return copy


def generates(template: Path, output: Path, answers: dict[str, str]) -> bool:
    """Whether the answers are taken; either way, all is as it must be."""
    try:
        repository = generate(template, output, answers)
    except (FailedHookException, UndefinedVariableInTemplate, TemplateSyntaxError):
        assert not any(output.iterdir())
        return False
    assert_parses(repository)
    assert_says(repository, answers)
    shutil.rmtree(repository)
    return True


def test_odd_answers_are_refused_or_arrive(rendered: Path, output: Path) -> None:
    """On the rendered files alone, which is where an answer can do harm."""
    outcomes: Counter[bool] = Counter()

    @settings(max_examples=400, deadline=None, derandomize=True)
    @given(odd_answers())
    def check(answers: dict[str, str]) -> None:
        outcomes[generates(rendered, output, answers)] += 1

    check()
    assert min(outcomes[True], outcomes[False]) > 50


def test_any_visible_text_describes_a_repository(template: Path, output: Path) -> None:
    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(VISIBLE)
    def check(description: str) -> None:
        assert generates(template, output, DEFAULTS | {"description": description})

    check()
