"""The CloudFormation templates of `infra/`, as tests read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentcore_kit.config.repository import repository_root
from agentcore_kit.local.aws_emulator.templates import read_template

INFRA = sorted((repository_root() / "infra").glob("*.yaml"))
TEMPLATES = {path.stem: read_template(path.read_text(encoding="utf-8")) for path in INFRA}


def resources(kind: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the resources whose type begins so, by template and name."""
    for concern, template in TEMPLATES.items():
        for name, resource in template["Resources"].items():
            if resource["Type"].startswith(kind):
                yield f"{concern}.{name}", resource


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all that the roles grant, also what is only granted under a condition, with the template's name."""
    for name, role in resources("AWS::IAM::Role"):
        for policy in role["Properties"]["Policies"]:
            policy = policy["Fn::If"][1] if "Fn::If" in policy else policy
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name.partition(".")[0], statement


def many(value: Any) -> list[Any]:
    """Return what a policy says once or as a list, as a list."""
    return value if isinstance(value, list) else [value]
