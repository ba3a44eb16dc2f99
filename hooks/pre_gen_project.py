"""Refuse answers that would break later: before a file is written, all at once, each with a right example.

Cookiecutter creates the project folder before it runs this hook, so a name such as `../x` would leave the output
folder. `__guard` in cookiecutter.json comes earlier still: it puts a harmless name in the place of one that is no plain
folder name and keeps the answer as `__refused`. This hook refuses it like any other; cookiecutter removes the folder.
"""

import json
import re
import sys
import unicodedata
from difflib import get_close_matches
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
ACCOUNT = r"(?!0{12})[0-9]{12}"

# Where AgentCore is, by the resource types that CloudFormation has in each region: cfn-lint 1.58, November 2026. A test
# compares this with the cfn-lint that is installed. China is not among them: Amazon Bedrock is not offered there.
# What else a region may lack (online evaluation, resource policies) the templates in infra/ leave out by themselves.
WITH_MEMORY = [
    "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-gov-west-1", "us-west-2",
]  # fmt: skip
WITH_RUNTIME = sorted([*WITH_MEMORY, "ap-south-2", "ap-southeast-5", "ap-southeast-7", "eu-south-2", "us-west-1"])
WITH_PLATFORM = [region for region in WITH_MEMORY if region not in ("eu-north-1", "eu-south-1", "us-gov-west-1")]
WITHOUT = [
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-southeast-3", "ap-southeast-4", "ap-southeast-6",
    "ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-isoe-west-1", "eusc-de-east-1", "il-central-1",
    "me-central-1", "me-south-1", "mx-central-1", "us-gov-east-1", "us-iso-east-1", "us-iso-west-1",
    "us-isob-east-1", "us-isob-west-1", "us-isof-east-1", "us-isof-south-1",
]  # fmt: skip
NEEDED = {  # by kind: what a component of it is made of, and where that is
    "agent": ("AgentCore Runtime", WITH_RUNTIME),
    "tool": ("AgentCore Runtime", WITH_RUNTIME),
    "memory": ("AgentCore Memory", WITH_MEMORY),
    "platform": ("AgentCore Gateway, rate limits, inference profiles and budgets", WITH_PLATFORM),
}

STARTERS = {"agent": ["finance", "hr", "it", "blank"], "tool": ["market-data", "openapi", "blank"]}  # other kinds: none

NEEDS_TAG = "1 to 64 letters, digits, dots, hyphens, underscores or slashes, the first a letter or digit"
NEEDS_ACCOUNT = "the 12 digits of an AWS account, as text"

RULES = {
    "kind": Rule(r"[a-z]+", "one of the kinds offered", "agent"),
    "starter": Rule(r"[a-z]+(-[a-z]+)*", "the name of a starter", "finance"),
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
    "region": Rule(r"[a-z]+(-[a-z]+)+-[0-9]", "the code of an AWS region", "eu-central-1"),
    "shared_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "111122223333"),
    "dev_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "444455556666"),
    "preprod_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "777788889999"),
    "prod_account_id": Rule(ACCOUNT, NEEDS_ACCOUNT, "123456789012"),
}

# What YAML reads as a value, and what Windows reads as a device.
RESERVED = {"null", "true", "false", "yes", "off", "con", "prn", "aux", "nul"}
RESERVED |= {device + digit for device in ("com", "lpt") for digit in "0123456789"}

JINJA = re.compile(r"[{][%#{]|[%#}][}]")  # written so that cookiecutter, which renders this file, does not see any
OFFERED = re.compile(  # a text for each kind, or for each starter
    r"[{]{2} [{](, |'[a-z -]+': '[^'{}]*')+[}]"
    r"(\[cookiecutter\.kind\]|\.get\(cookiecutter\.kind ~ ' ' ~ cookiecutter\.starter, '[a-zA-Z. -]+'\)) [}]{2}"
)
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


def lacking_starter(starter: str) -> str | None:
    """Say which starters the kind has, when it has not this one."""
    kind = str(ANSWERS.get("kind"))
    offered = STARTERS.get(kind, ["none"])
    return None if starter in offered or kind not in NEEDED else f"a starter of kind {kind}: {', '.join(offered)}"


def lacks(region: str) -> str | None:
    """Say which regions would do in the place of one that does not exist, or has not what the kind is made of."""
    service, offered = NEEDED.get(str(ANSWERS.get("kind")), NEEDED["agent"])
    if region in offered:
        return None
    if region not in {*WITH_RUNTIME, *WITHOUT}:
        near = get_close_matches(region, offered) or offered
        return f"the code of an AWS region; the nearest: {', '.join(near)}"
    return f"a region with {service}, which {region} lacks (as of November 2026): {', '.join(offered)}"


def shared_with(field: str) -> str | None:
    """Say which account before this one a platform has already: each publishes the same names, so it needs its own."""
    accounts = [name for name in RULES if name.endswith("_account_id")]
    if ANSWERS.get("kind") != "platform" or field not in accounts:
        return None
    others = [name for name in accounts[: accounts.index(field)] if ANSWERS.get(name) == ANSWERS[field]]
    return f"an account of its own; this is {others[0]} too" if others else None


def problem(field: str) -> str | None:
    """Say what is wrong with the answer to a question: the field, the answer, what is needed, and an example."""
    _, needs, example = RULES[field]
    answer = ANSWERS.get(field)
    if field == "agent_name":
        answer = ANSWERS.get("__refused", answer)
    # An update evaluates the answers once more: what holds Jinja now would be something else by then.
    typed = "" if OFFERED.fullmatch(str(TYPED.get(field))) else TYPED.get(field)
    jinja = next((value for value in (typed, answer) if JINJA.search(str(value))), None)
    if jinja is not None:
        answer, needs = jinja, NEEDS_NO_JINJA
    elif is_right(field, answer):
        further = {"region": lacks, "starter": lacking_starter}
        missing = further[field](answer) if field in further else shared_with(field)
        if missing is None:
            return None
        needs = missing
    if field == "starter":
        example = STARTERS.get(str(ANSWERS.get("kind")), ["none"])[0]
    shown = ascii(answer)  # any terminal can print it
    shown = shown if len(shown) <= 100 else f"{shown[:97]}..."
    return f"  {field}: {shown}\n    needed:  {needs}\n    example: {example}"


problems = [text for text in map(problem, RULES) if text]
if any(path.name != ".git" for path in Path().iterdir()):
    problems.insert(0, "  The folder exists and is not empty. An existing repository is updated with: cruft update")
if problems:
    sys.exit("\n".join(["Nothing was generated. Please correct:", *problems]))
