"""Each row of policies/decisions.yaml as a test of its own; `kit policies` looks for what no row can show besides."""

from __future__ import annotations

import pytest
from agentcore_kit.policies.table import Outcome, outcomes


@pytest.mark.parametrize("outcome", [pytest.param(one, id=one.row.why) for one in outcomes()])
def test_what_is_decided_is_what_the_table_says(outcome: Outcome) -> None:
    assert not outcome.problem
