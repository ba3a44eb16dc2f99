"""Who asks the page's server for something that is one user's: whom the token names, as for the agent itself."""

from __future__ import annotations

from starlette.requests import Request

from agentcore_kit.runtime.bodies import BodyRefused
from agentcore_kit.runtime.identity import Caller, Unauthenticated, authenticate
from agentcore_kit.serving.settings import AgentSettings


def asker(settings: AgentSettings, request: Request) -> Caller:
    """Return the verified user of a request.

    Raises:
        BodyRefused: With status 401 when there is no usable token.
    """
    identity = settings.environment.identity
    try:
        return authenticate(request.headers, identity.mode, settings.state, identity.discovery_url)
    except Unauthenticated as error:
        raise BodyRefused(401, str(error)) from None
