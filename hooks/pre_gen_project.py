"""Refuse answers that would break later: before a file is written, all at once, each with a right example.

Cookiecutter creates the project folder before it runs this hook, so a name such as `../x` would leave the output
folder. `__guard` in cookiecutter.json comes earlier still: it puts a harmless name in the place of one that is no plain
folder name and keeps the answer as `__refused`. This hook refuses it like any other; cookiecutter removes the folder.
"""

import json
import re
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple

# tojson escapes the apostrophe, so no answer can end these literals. `_cookiecutter` holds the answers of the command
# line and the user's configuration as they were before cookiecutter evaluated them; cruft does not give it.
ANSWERS = json.loads(r'{{ cookiecutter | tojson }}')  # fmt: skip
TYPED = json.loads(r'{{ _cookiecutter | default({}) | tojson }}')  # fmt: skip


class Rule(NamedTuple):
    """The pattern that a whole answer matches, the same in words, and an answer that does."""

    pattern: str
    needs: str
    example: str


LOGIN = r"(?=.{1,39}(/|$))[A-Za-z0-9]+(-[A-Za-z0-9]+)*"
TEAM = r"[a-z0-9][a-z0-9_-]*"
EMAIL = r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
TAG = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}"
# Areas and directions, not today's list: a region that opens tomorrow needs no new release of this template.
REGION = r"(af|ap|ca|cn|eu|eusc-de|il|me|mx|sa|us|us-gov)-(central|north|south|(north|south)?(east|west))-[1-9]"
ACCOUNT = r"(?!0{12})[0-9]{12}"

NEEDS_TAG = "1 to 64 letters, digits, dots, hyphens, underscores or slashes, the first a letter or digit"
NEEDS_ACCOUNT = "the 12 digits of an AWS account, as text"

RULES = {
    "kind": Rule(r"[a-z]+", "one of the kinds offered", "agent"),
    # In snake case it names the Runtime, which has 48 characters: 40 leave room for an environment.
    "agent_name": Rule(
        r"(?=.{3,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "3 to 40 lower-case letters and digits, words joined by one hyphen, a letter first, no reserved word",
        "financial-analytics-agent",
    ),
    "description": Rule(
        r"(?!\s).{1,200}(?<!\s)",
        "1 to 200 characters on one line, no space at either end, no control or invisible characters",
        "Answers questions about revenue, growth and markets.",
    ),
    "owner": Rule(
        r"(?=.{3,128}$)" + f"({EMAIL}|@{LOGIN}/{TEAM}|{TEAM})",
        "an e-mail address or a GitHub team, 3 to 128 characters",
        "analytics-team@example.com",
    ),
    "cost_center": Rule(TAG, NEEDS_TAG, "CC-1234"),
    "use_case_id": Rule(TAG, NEEDS_TAG, "UC-0042"),
    "github_org": Rule(LOGIN, "1 to 39 letters and digits, words joined by one hyphen", "example-org"),
    "region": Rule(REGION, "the code of an AWS region", "eu-central-1"),
    "shared_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "111122223333"),
    "dev_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "444455556666"),
    "preprod_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "777788889999"),
    "prod_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "123456789012"),
}

# What YAML reads as a value, and what Windows reads as a device.
RESERVED = {"null", "true", "false", "yes", "off", "con", "prn", "aux", "nul"}
RESERVED |= {device + digit for device in ("com", "lpt") for digit in "0123456789"}

JINJA = re.compile(r"[{][%#{]|[%#}][}]")  # written so that cookiecutter, which renders this file, does not see any
NEEDS_NO_JINJA = "no two braces in a row, and no brace beside % or #"


def is_invisible(character: str) -> bool:
    """Whether YAML or a reader could misread it: control, format, surrogate, line separator, or no character at all."""
    if character in "\u200c\u200d":  # joiners: Persian, Hindi and many emoji are written with them
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or ord(character) & 0xFFFE == 0xFFFE


def is_right(field: str, answer: object) -> bool:
    """Whether the answer is text that follows the rule of its field."""
    return (
        isinstance(answer, str)
        and re.fullmatch(RULES[field].pattern, answer) is not None
        and not any(map(is_invisible, answer))
        and not (field == "agent_name" and answer in RESERVED)
    )


def problem(field: str) -> str | None:
    """Say what is wrong with the answer to a question: the field, the answer, what is needed, and an example."""
    _, needs, example = RULES[field]
    answer = ANSWERS.get(field)
    if field == "agent_name":
        answer = ANSWERS.get("__refused", answer)
    # An update evaluates the answers once more: what holds Jinja now would be something else by then.
    jinja = next((value for value in (TYPED.get(field), answer) if JINJA.search(str(value))), None)
    if jinja is not None:
        answer, needs = jinja, NEEDS_NO_JINJA
    elif is_right(field, answer):
        return None
    shown = ascii(answer)  # any terminal can print it
    shown = shown if len(shown) <= 100 else f"{shown[:97]}..."
    return f"  {field}: {shown}\n    needed:  {needs}\n    example: {example}"


problems = [text for text in map(problem, RULES) if text]
if any(path.name != ".git" for path in Path().iterdir()):
    problems.insert(0, "  The folder exists and is not empty. An existing repository is updated with: cruft update")
if problems:
    sys.exit("\n".join(["Nothing was generated. Please correct:", *problems]))
