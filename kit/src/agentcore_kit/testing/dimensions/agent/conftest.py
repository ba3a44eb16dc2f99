"""What the dimensions of an agent share: a client, and what the agent answered to the rows of its dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentcore_kit.evaluation.agent_tools import own_tools
from agentcore_kit.evaluation.dataset import Row, dataset_path
from agentcore_kit.evaluation.smoke import smoke_rows
from agentcore_kit.local.surroundings import Surroundings
from agentcore_kit.testing.agent_client import Client, local_agent, remote
from agentcore_kit.testing.dimensions.agent.answers import Answers, ask_rows
from agentcore_kit.testing.dimensions.served import known_surroundings, options
from agentcore_kit.testing.options import LEFT_OUT, DimensionOptions
from agentcore_kit.testing.reached import reached
from agentcore_kit.testing.server_process import copy_of_repository
from agentcore_kit.testing.surroundings import surroundings_of_tests

__all__ = ["known_surroundings", "options"]


@pytest.fixture(scope="session")
def around(options: DimensionOptions, pytestconfig: pytest.Config) -> Iterator[Surroundings]:
    """Return what a local agent has around it; nothing for one elsewhere."""
    if not options.is_local:
        yield Surroundings()
        return
    with reached(), surroundings_of_tests() as found:
        pytestconfig.stash[LEFT_OUT] += found.missing.values()
        yield found


@pytest.fixture(scope="session")
def agent(
    options: DimensionOptions, around: Surroundings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """Return the agent: a process of its own on this machine, or the one that `--target` names."""
    if options.is_local:
        home = copy_of_repository(tmp_path_factory.mktemp("dimensions"))
        with local_agent(home, **around.variables) as found:
            yield found
    else:
        with reached():
            there = remote(options.target, options.endpoint)
        yield there


@pytest.fixture(scope="session")
def client(agent: Client, row: Row) -> Client:
    """Return the agent, asked by the user whom the row of `question` names, if it names one."""
    return agent.as_asker(row)


@pytest.fixture
def local_client(client: Client) -> Client:
    """Return the client where users can be made up, which only a local agent allows."""
    if client.home is None:
        pytest.skip("needs development tokens of several users, which only an agent accepts that this test starts")
    return client


@pytest.fixture(scope="session")
def smoke() -> list[Row]:
    """Return the rows that every version must answer rightly."""
    with reached():
        return smoke_rows()


@pytest.fixture(scope="session")
def row(agent: Client, around: Surroundings, smoke: list[Row]) -> Row:
    """Return a row that tools are needed for that are here, and whose user, if it names one, can be signed in."""
    own = own_tools()
    return row_with_a_tool([one for one in smoke if agent.can_ask(one) and not around.lacks(one, own)])


@pytest.fixture(scope="session")
def question(row: Row) -> str:
    """Return a question of the dataset that tools are needed for."""
    return row.turns[0].input


Measure = Callable[[Path, Path | None], Answers]
"""Asks the rows of a file, and measures the answers against thresholds: the evaluation's, or those of a file."""


@pytest.fixture(scope="session")
def measure(
    agent: Client,
    around: Surroundings,
    options: DimensionOptions,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Measure:
    """Return what asks the agent the rows of a file."""

    def measured(rows: Path, thresholds: Path | None) -> Answers:
        with reached():
            found = ask_rows(agent, options, rows, tmp_path_factory.mktemp(rows.stem), thresholds, around=around)
        pytestconfig.stash[LEFT_OUT] += found.left_out
        return found

    return measured


@pytest.fixture(scope="session")
def answers(measure: Measure) -> Answers:
    """Return what the agent answered to the rows of the dataset, measured."""
    return measure(dataset_path(), None)


@pytest.fixture(scope="session")
def attacks(measure: Measure) -> Answers:
    """Return what the agent answered to the attacks of the red team, measured."""
    path = dataset_path().with_name("redteam.jsonl")
    return measure(path, path.with_suffix(".yaml"))


def row_with_a_tool(rows: list[Row]) -> Row:
    """Return the first row whose first turn is answered with tools. Raises AssertionError when there is none."""
    found = next((row for row in rows if row.metadata.expect[0][0].calls), None)
    assert found, "no row that is tagged smoke expects a call of a tool"
    return found
