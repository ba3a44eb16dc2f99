"""When a difference between samples counts, against samples that are drawn anew very often."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from agentcore_kit.delivery.significance import (
    CHANCE,
    POWER,
    Sample,
    has_dropped,
    is_below,
    is_not_worse,
    is_worse,
    sessions_needed,
)

RUNS = 2000


def share(found: Callable[[random.Random], bool]) -> float:
    """Return how often something is found, with samples that are the same in each run of the test."""
    chance = random.Random(7)  # noqa: S311 - no secret depends on it
    return sum(found(chance) for _ in range(RUNS)) / RUNS


def scores(chance: random.Random, size: int, mean: float) -> list[float]:
    """Return scores that are 0 or 1: what varies most for a mean."""
    return [float(chance.random() < mean) for _ in range(size)]


def test_at_the_limit_chance_is_rarely_called_a_loss() -> None:
    assert share(lambda chance: is_below(Sample.of(scores(chance, 60, 0.7)), 0.7, 0.05)) < 0.08
    assert share(lambda chance: is_below(Sample.of(scores(chance, 60, 0.4)), 0.7, 0.05)) > 0.95


def test_a_drop_as_large_as_allowed_is_rarely_called_too_large() -> None:
    def dropped(chance: random.Random, now: float) -> bool:
        recent, before = Sample.of(scores(chance, 80, now)), Sample.of(scores(chance, 200, 0.9))
        return has_dropped(recent, before, 0.1, 0.05)

    assert share(lambda chance: dropped(chance, 0.8)) < 0.08
    assert share(lambda chance: dropped(chance, 0.5)) > 0.95


def drawn(chance: random.Random, size: int, mean: float) -> Sample:
    values = scores(chance, size, mean)
    return Sample.of_scores(size, sum(values) / size)


def test_a_version_that_is_worse_by_the_margin_is_rarely_called_not_worse() -> None:
    assert share(lambda chance: is_not_worse(drawn(chance, 300, 0.8), drawn(chance, 300, 0.9), 0.1)) < CHANCE + 0.02


def test_with_as_many_sessions_as_are_asked_for_an_equal_version_is_mostly_found_not_worse() -> None:
    likely = Sample.of_scores(1000, 0.85)
    needed = sessions_needed(likely, likely, 0.1)
    found = share(lambda chance: is_not_worse(drawn(chance, needed, 0.85), drawn(chance, needed, 0.85), 0.1))
    assert found == pytest.approx(POWER, abs=0.05)


def test_an_equal_version_is_rarely_called_worse() -> None:
    assert share(lambda chance: is_worse(drawn(chance, 200, 0.85), drawn(chance, 200, 0.85))) < CHANCE + 0.02


def test_two_sides_of_thirty_perfect_sessions_show_little() -> None:
    perfect = Sample.of_scores(30, 1.0)
    assert perfect.variance > 0
    assert not is_not_worse(perfect, perfect, 0.05)


@pytest.mark.parametrize("values", [[], [0.0]])
def test_of_one_session_nothing_follows(values: list[float]) -> None:
    few, many = Sample.of(values), Sample.of([0.9, 0.92] * 20)
    assert not is_below(few, 0.9)
    assert not has_dropped(few, many, 0.1)
    assert not has_dropped(many, few, 0.1)
    assert not is_worse(few, many)
    assert not is_not_worse(few, many, 0.5)
    assert not is_worse(Sample.of_scores(0, 0.0), Sample.of_scores(100, 1.0))


def test_sessions_that_are_all_alike_are_judged_too() -> None:
    assert is_below(Sample.of([0.5] * 10), 0.7)
    assert has_dropped(Sample.of([0.5] * 10), Sample.of([0.9] * 10), 0.1)
