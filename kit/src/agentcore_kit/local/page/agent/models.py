"""Which models the page can ask: those that the environment files name, and the offline one.

A session is asked with one model, the one that it began with. Only the page chooses: it says which in a header that is
read where its key is, in `kit dev` alone, and the agent gets settings and no name.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse

from agentcore_kit.config.agent import AgentEnvironment, ModelSettings
from agentcore_kit.config.environment import read_environment
from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.repository import repository_path
from agentcore_kit.delivery.errors import CommandError
from agentcore_kit.local.page.agent.conversations import Conversations
from agentcore_kit.serving.app import OTHER_SETTINGS
from agentcore_kit.serving.invocation import SESSION_HEADER
from agentcore_kit.serving.models import build_model, model_label
from agentcore_kit.serving.settings import AgentSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MODEL_HEADER = "X-Page-Model"
"""With which model the page wants a new session to be asked: its name, with percent signs as in an address."""

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 5.0
_OFFLINE = ModelSettings(provider="offline")


@dataclass(frozen=True)
class Choice:
    """A model that can be asked.

    Attributes:
        name: What the page calls it, the same as long as the files stay as they are. Where environments have the same
            model with other settings, it says whose these are.
        environments: Which environment files name it.
        settings: Those of the agent, with this model.
    """

    name: str
    environments: tuple[str, ...]
    settings: AgentSettings

    def told(self) -> dict[str, Any]:
        """Return what the page shows of it."""
        model = self.settings.environment.model
        price = self.settings.environment.price(model.id)
        return {
            "name": self.name,
            "id": model.id,
            "provider": model.provider,
            "label": model_label(self.settings),
            "environments": self.environments,
            "price": asdict(price) if price else None,
        }


class Models:
    """The models that can be asked, the one of this environment first."""

    def __init__(self, settings: Callable[[], AgentSettings], conversations: Conversations) -> None:
        """Read the environment files with the first question.

        Args:
            settings: Returns those of the agent.
            conversations: What the page keeps, which says with which model a session began.
        """
        self._settings = settings
        self._choices = cache(lambda: _choices(settings()))
        self._conversations = conversations

    def all(self, *_: Any) -> dict[str, Any]:
        """Return what the page shows of each."""
        return {"models": [each.told() for each in self._choices().values()]}

    def check(self, _: AgentSettings, __: Request, body: Any) -> dict[str, str]:
        """Do nothing but return the name of a `model` that can be asked.

        Raises:
            ConfigError: When there is no such model.
            CommandError: When it cannot be reached.
        """
        choice = self._choices().get(body.get("model"))
        if choice is None:
            raise ConfigError([f"model: one of {', '.join(self._choices())}"])
        try:
            _reach(choice.settings)
        except ConfigError as error:
            raise CommandError(f"{choice.name} cannot be asked: {error}", "choose another model") from None
        return {"model": choice.name}

    def asked(
        self, around: Callable[[ASGIApp, Callable[[], AgentSettings], str], ASGIApp]
    ) -> Callable[[ASGIApp], ASGIApp]:
        """Return what lets an agent's server answer each request with the model that its session is asked with.

        Args:
            around: Is called with the server, what returns the settings with that model, and its name.
        """

        def wrap(app: ASGIApp) -> ASGIApp:
            async def serve(scope: Scope, receive: Receive, send: Send) -> None:
                try:
                    choice = await asyncio.to_thread(self._of, Headers(scope=scope))
                except ConfigError as error:  # of a file that is edited at this moment; the agent has read its own
                    logger.warning("the page cannot say which models there are: %s", error)
                    await around(app, self._settings, "")(scope, receive, send)
                    return
                if isinstance(choice, str):
                    await JSONResponse({"error": choice, "field": MODEL_HEADER}, 400)(scope, receive, send)
                    return
                with_model = {**scope, OTHER_SETTINGS: choice.settings}
                await around(app, lambda: choice.settings, choice.name)(with_model, receive, send)

            return serve

        return wrap

    def _of(self, headers: Headers) -> Choice | str:
        """Return the model of a request: that of its session where this has turns, else the one of the header.

        Returns:
            What is wrong where there is no such model.
        """
        choices = self._choices()
        begun = choices.get(self._conversations.model_of(headers.get(SESSION_HEADER, "")) or "")
        name = unquote(headers.get(MODEL_HEADER, ""))
        wanted = choices.get(name) if name else next(iter(choices.values()))
        return begun or wanted or f"there is no model {name}; one of {', '.join(choices)}"


def _choices(settings: AgentSettings) -> dict[str, Choice]:
    """Return the models by name, the environment's own first. The same model with other settings is another choice."""
    found: dict[str, Choice] = {}
    for environment, model in _named(settings):
        name = model.id if model.base_url is None else f"{model.id} at {model.base_url}"
        key = _settings_of(model)
        known = found.get(key)
        if known is None:
            with_model = settings.environment.model_copy(
                update={"model": model, "prices": environment.prices | settings.environment.prices}
            )
            found[key] = Choice(name, (environment.name,), replace(settings, environment=with_model))
        elif environment.name not in known.environments:
            found[key] = replace(known, environments=(*known.environments, environment.name))
    return {choice.name: choice for choice in _told_apart([*found.values()])}


def _settings_of(model: ModelSettings) -> str:
    """Return all settings of a model that change what it answers: of the offline one none but its name."""
    told = model.model_dump(mode="json", include={"provider", "id"} if model.provider == "offline" else None)
    return json.dumps(told, sort_keys=True)


def _told_apart(choices: Sequence[Choice]) -> Iterator[Choice]:
    """Yield choices, with the environment in the name of those that would have the same name."""
    named = Counter(choice.name for choice in choices)
    for choice in choices:
        is_alone = named[choice.name] == 1
        yield choice if is_alone else replace(choice, name=f"{choice.name} as in {choice.environments[0]}")


def _named(settings: AgentSettings) -> Iterator[tuple[AgentEnvironment, ModelSettings]]:
    """Yield each model that an environment file names: as its model, or for the same provider with a price."""
    own = settings.environment
    others = [path.stem for path in sorted(repository_path("environments").glob("*.yaml")) if path.stem != own.name]
    environments = [own]
    for name in others:
        with suppress(ConfigError):  # `make check` says what is wrong with it
            read = read_environment(name, settings.manifest)
            environments += [read] if isinstance(read, AgentEnvironment) else []
    for each in environments:
        yield each, each.model
    for each in environments:
        if each.model.provider != "offline":
            for priced in each.prices:
                with suppress(ValueError):  # the price is of an evaluator, or of no model that has such an id
                    yield each, ModelSettings.model_validate(each.model.model_dump(by_alias=True) | {"id": priced})
    yield own, _OFFLINE


def _reach(settings: AgentSettings) -> None:
    """Do nothing where a model can be asked, as far as that can be known without asking it.

    Raises:
        CommandError: When it cannot be reached.
        ConfigError: When its key is missing.
    """
    model = settings.environment.model
    if model.provider == "bedrock":
        import boto3

        if boto3.Session().get_credentials() is None:
            text = f"{model.id} cannot be asked: there are no AWS credentials"
            raise CommandError(text, "sign in, for example with aws sso login, and start make dev again")
    built: Any = build_model(settings)
    address = model.base_url or (built.client.meta.endpoint_url if model.provider == "bedrock" else None)
    if address:
        try:
            httpx.get(f"{address.rstrip('/')}/models", timeout=_PATIENCE_SECONDS)
        except httpx.HTTPError as error:
            text = f"{model.id} cannot be reached at {address}: {error or type(error).__name__}"
            raise CommandError(text, "see whether it runs and can be reached from here, or choose another") from None
