"""The team's own functions around each request: the Lambda functions that a gateway in AWS calls, called here.

They get the event that the gateway sends, and answer as it wants: `transformedGatewayRequest` to go on with another
body, or `transformedGatewayResponse` to answer in its place. Headers cannot be changed here.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from agentcore_kit.config.errors import ConfigError
from agentcore_kit.config.import_string import import_string

VERSION = "1.0"
Handler = Callable[[dict[str, Any], Any], Any]
"""A Lambda function's handler: called with an event and no context."""

T = TypeVar("T")

_READ: dict[str, float] = {}
"""When the files of loaded modules had been saved as they were read, by the modules' names."""


class InterceptorFailed(Exception):
    """An interceptor raised, or answered with what is none; the message says which."""


@dataclass(frozen=True)
class Message:
    """A request or a response as an interceptor sees it.

    Attributes:
        body: The JSON-RPC message.
        headers: Of HTTP, in lower case.
        status: Of HTTP; of a response only.
    """

    body: Any
    headers: Mapping[str, str]
    status: int = 200


class Interceptors:
    """The functions that are named in the environment file, loaded anew when their file is saved."""

    def __init__(self, request: str | None, response: str | None) -> None:
        """Load what is named, as `module:function`. Raises ConfigError when there is none of the name."""
        self._names = {"request": request, "response": response}
        for which, name in self._names.items():
            if name:
                _handler(which, name)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(self._names.values())

    async def request(self, path: str, request: Message) -> tuple[Any, Message | None]:
        """Return the body to go on with, and the response to give at once, where the interceptor has one.

        Raises:
            InterceptorFailed: When the interceptor fails.
        """

        def read(said: dict[str, Any]) -> tuple[Any, Message | None]:
            if (instead := said.get("transformedGatewayResponse")) is not None:
                return request.body, _response(instead, request)
            return (said.get("transformedGatewayRequest") or {}).get("body", request.body), None

        if not self._names["request"]:
            return request.body, None
        return await self._called("request", _request_event(path, request), read)

    async def response(self, path: str, request: Message, response: Message) -> Message:
        """Return the response to give.

        Raises:
            InterceptorFailed: When the interceptor fails.
        """
        if not self._names["response"]:
            return response
        gave = {"statusCode": response.status, "headers": dict(response.headers), "body": response.body}
        event = {**_request_event(path, request), "gatewayResponse": gave}
        return await self._called(
            "response", event, lambda said: _response(said.get("transformedGatewayResponse") or {}, response)
        )

    async def _called(self, which: str, event: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
        """Return what an interceptor's answer says, which is JSON as that of a Lambda function."""
        try:
            handler = _handler(which, str(self._names[which]))
            said = await asyncio.to_thread(handler, {"interceptorInputVersion": VERSION, "mcp": event}, None)
            answer = json.loads(json.dumps(said))
            if answer.get("interceptorOutputVersion") != VERSION:
                raise ValueError(f"no answer of interceptorOutputVersion {VERSION}")
            return read(answer["mcp"])
        except Exception as error:  # it is the team's code, half written perhaps
            raise InterceptorFailed(f"the {which} interceptor failed: {error!r}") from error


def _handler(which: str, name: str) -> Handler:
    """Return a function, of its module as it was saved last. Raises ConfigError when there is none."""
    module_name = name.partition(":")[0]
    module = sys.modules.get(module_name)
    try:
        if module is not None and (saved := _saved(module)) != _READ.setdefault(module_name, saved):
            importlib.reload(module)
            _READ[module_name] = saved
        handler: Handler = import_string(name)
    except ConfigError:
        raise
    except Exception as error:  # whatever the team's module does while it is loaded
        raise ConfigError([f"gateway.interceptors.{which}: {name} cannot be loaded: {error!r}"]) from error
    if not callable(handler):
        raise ConfigError([f"gateway.interceptors.{which}: {name} is no function; for example interceptors:handler"])
    if module is None:
        _READ[module_name] = _saved(sys.modules[module_name])
    return handler


def _saved(module: ModuleType) -> float:
    file = getattr(module, "__file__", None)
    try:
        return Path(file).stat().st_mtime if file else 0.0
    except OSError:
        return 0.0


def _request_event(path: str, request: Message) -> dict[str, Any]:
    return {
        "rawGatewayRequest": {"body": json.dumps(request.body, ensure_ascii=False)},
        "gatewayRequest": {
            "path": path,
            "httpMethod": "POST",
            "headers": dict(request.headers),
            "body": request.body,
        },
    }


def _response(said: Mapping[str, Any], before: Message) -> Message:
    status = int(said.get("statusCode", before.status))
    if not 200 <= status <= 599:
        raise ValueError(f"statusCode {status} is none of a response")
    return Message(said.get("body", before.body), {}, status)
