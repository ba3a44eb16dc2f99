"""Callers who ask all the time while a command moves something, and a count of what they got."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

import httpx

from agentcore_kit.config.environment import Environment
from agentcore_kit.config.manifest import repository_kind
from agentcore_kit.delivery import names
from agentcore_kit.delivery.contract import PLATFORM
from agentcore_kit.local.aws_emulator.cloud import SERVED_BY, AccountRegion, Answer, Cloud
from agentcore_kit.local.aws_protocol.wire import ApiError

CALLER = "X-Rehearsal-Caller"
"""The header of a caller's request. What stands for the component answers it at once: who serves it is what counts."""


_PAUSE_SECONDS = 0.04
GATEWAY, NAMES = "gateway", "names"
PUBLISHED = "/agentops/"
"""What begins the name of every parameter that components read."""


@dataclass(frozen=True)
class Got:
    """What a caller got.

    Attributes:
        env: The environment that was called.
        way: The endpoint that was called, or `gateway` for a caller whom a gateway sends to one of two; `memory` and
            `names` for who reads a memory, or the names that a platform publishes.
        version: The version that answered; empty when none did.
        status: The status of HTTP; 0 when there was no answer at all.
    """

    env: str
    way: str
    version: str
    status: int

    @property
    def failed(self) -> bool:
        """Whether it is no answer of a version."""
        return self.status != 200


@dataclass
class Callers:
    """Callers of all environments in which something is live.

    Attributes:
        environments: The environments of the repository by name.
        token: A user's token that the component accepts.
        got: What they got so far, with how often.
    """

    environments: Mapping[str, Environment]
    token: str
    got: Counter[Got] = field(default_factory=Counter)

    @contextmanager
    def asking(self, cloud: Cloud, address: str) -> Iterator[None]:
        """Ask, for the length of a block, every environment in which something is live at its beginning.

        Args:
            cloud: The emulated AWS, from which it is read what is live and how a gateway splits its callers.
            address: Where it is served.
        """
        ended = threading.Event()
        places = {name: place_of(cloud, environment) for name, environment in self.environments.items()}
        asked = [partial(self._ask, name, cloud, address, ended) for name, place in places.items() if live_of(place)]
        asked += [partial(self._look, name, place, ended) for name, place in places.items() if memory_of(place)]
        if repository_kind() == PLATFORM:
            asked += [partial(self._read, name, place, names_in(place), ended) for name, place in places.items()]
        threads = [threading.Thread(target=ask, daemon=True) for ask in asked]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def _look(self, env: str, place: AccountRegion, ended: threading.Event) -> None:
        """Ask a memory who has spoken: whoever uses it can read as long as it is there, and is the same one."""
        memory = memory_of(place)
        while True:
            try:
                place.service("bedrock-agentcore").list_actors({"memoryId": memory})
                self.got[Got(env, "memory", memory, 200)] += 1
            except ApiError as error:
                self.got[Got(env, "memory", memory, error.status)] += 1
            if ended.wait(_PAUSE_SECONDS):
                return

    def _read(self, env: str, place: AccountRegion, published: Mapping[str, str], ended: threading.Event) -> None:
        """Read what a platform publishes, as deployments of components do: what was there stays there."""
        while published:
            there = published.keys() <= place.parameters.values.keys()
            self.got[Got(env, NAMES, "all that were there" if there else "", 200 if there else 404)] += 1
            if ended.wait(_PAUSE_SECONDS):
                return

    def _ask(self, env: str, cloud: Cloud, address: str, ended: threading.Event) -> None:
        place, headers = place_of(cloud, self.environments[env]), {CALLER: "1", "Authorization": f"Bearer {self.token}"}
        (runtime,) = place.runtimes.runtimes.values()
        with httpx.Client(timeout=30, headers=headers, trust_env=False) as client:
            for number in itertools.count():
                ways = [(names.LIVE, names.LIVE)]
                if behind := split(place, number):
                    ways.append((GATEWAY, behind))
                for way, endpoint in ways:
                    url = f"{address}/runtimes/{quote(runtime.arn, safe='')}/invocations?qualifier={endpoint}"
                    try:
                        reply = client.post(url, json={"prompt": "Who answers?", "method": "rehearsal"})
                        self.got[Got(env, way, reply.headers.get(SERVED_BY, ""), reply.status_code)] += 1
                    except httpx.HTTPError:
                        self.got[Got(env, way, "", 0)] += 1
                if ended.wait(_PAUSE_SECONDS):
                    return


def names_in(place: AccountRegion) -> dict[str, str]:
    """Return the parameters that a platform has published in an account and region, with their values."""
    return {name: str(value) for name, value in list(place.parameters.values.items()) if name.startswith(PUBLISHED)}


def memory_of(place: AccountRegion) -> str:
    """Return the id of the memory of an account and region; empty where there is none."""
    return next(iter(getattr(place.service("bedrock-agentcore-control"), "memories", {})), "")


def place_of(cloud: Cloud, environment: Environment) -> AccountRegion:
    """Return the account and region of an environment."""
    return cloud.at(str(environment.account), environment.region)


def live_of(place: AccountRegion, endpoint: str = names.LIVE) -> str | None:
    """Return the version that an endpoint serves, as the service has it; None where there is none."""
    runtimes = list(place.runtimes.runtimes.values())
    found = runtimes[0].endpoints.get(endpoint) if runtimes else None
    return found.live if found else None


def split(place: AccountRegion, number: int) -> str | None:
    """Return the endpoint that a gateway sends a caller to while an A/B test runs; None while none does.

    Args:
        place: The account and region.
        number: Which caller it is, counted from 0: of a hundred callers one after the other each variant gets its
            share.
    """
    for test in list(place.evaluations.tests.values()):
        if test["executionStatus"] == "RUNNING":
            weights = {one["name"]: one["weight"] for one in test["variants"]}
            return names.CANARY if number * 37 % 100 < weights["T1"] else names.LIVE
    return None


def answered(headers: Mapping[str, str]) -> Answer | None:
    """Return the answer for a caller of the rehearsal; None for anybody else's request."""
    if any(name.lower() == CALLER.lower() for name in headers):
        return 200, "application/json", json.dumps({"answer": "This version."}).encode(), {}
    return None


def summary(got: Mapping[Got, int]) -> list[str]:
    """Return one line for each environment and way: how many answers, of which versions, how many errors."""
    lines = []
    for env, way in sorted({(one.env, one.way) for one in got}):
        mine = {one: count for one, count in got.items() if (one.env, one.way) == (env, way)}
        answers: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        for one, count in mine.items():
            of = f"version {one.version}" if one.version.isdigit() else one.version or "no version"
            if one.failed:
                errors[f"{of}: HTTP {one.status}"] += count
            else:
                answers[of] += count
        shown = ", ".join(f"{of}: {count}" for of, count in sorted(answers.items()))
        wrong = ", ".join(f"{of}: {count}" for of, count in sorted(errors.items()))
        lines.append(
            f"callers of {env} ({way}): {answers.total()} answers ({shown or 'none'}), {errors.total()} errors"
            + (f" ({wrong})" if wrong else "")
        )
    return lines
