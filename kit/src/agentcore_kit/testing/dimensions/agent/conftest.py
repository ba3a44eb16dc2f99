"""What the dimensions of an agent share: a client, and what the agent answered to the rows of its dataset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentcore_kit.evaluation.dataset import Row, dataset_path
from agentcore_kit.evaluation.smoke import smoke_rows
from agentcore_kit.testing.agent_client import Client, local_agent, remote
from agentcore_kit.testing.dimensions.agent.answers import Answers, ask_rows
from agentcore_kit.testing.dimensions.served import known_surroundings, options
from agentcore_kit.testing.options import DimensionOptions
from agentcore_kit.testing.reached import reached
from agentcore_kit.testing.server_process import copy_of_repository

__all__ = ["known_surroundings", "options"]


@pytest.fixture(scope="session")
def client(options: DimensionOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return the agent: a process of its own on this machine, or the one that `--target` names."""
    if options.is_local:
        with local_agent(copy_of_repository(tmp_path_factory.mktemp("dimensions"))) as found:
            yield found
    else:
        with reached():
            there = remote(options.target, options.endpoint)
        yield there


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
def question(smoke: list[Row]) -> str:
    """Return a question of the dataset that tools are needed for."""
    return row_with_a_tool(smoke).turns[0].input


@pytest.fixture(scope="session")
def answers(client: Client, options: DimensionOptions, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Return what the agent answered to the rows of the dataset, measured."""
    with reached():
        return ask_rows(client, options, dataset_path(), tmp_path_factory.mktemp("answers"))


@pytest.fixture(scope="session")
def attacks(client: Client, options: DimensionOptions, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """Return what the agent answered to the attacks of the red team, measured."""
    with reached():
        path = dataset_path().with_name("redteam.jsonl")
        return ask_rows(client, options, path, tmp_path_factory.mktemp("attacks"), path.with_suffix(".yaml"))


def row_with_a_tool(rows: list[Row]) -> Row:
    """Return the first row whose first turn is answered with tools. Raises AssertionError when there is none."""
    found = next((row for row in rows if row.metadata.expect[0][0].calls), None)
    assert found, "no row that is tagged smoke expects a call of a tool"
    return found
