"""The templates in infra/ keep the platform's rules. A failure names the file to change; what you have a good reason
for is said beside the resource, in Metadata.Reviewed."""

import pytest
from agentcore_kit.testing.infrastructure import RULES, Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_infrastructure(rule: Rule) -> None:
    assert not list(rule()), rule.__doc__
