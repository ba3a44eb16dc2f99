"""The tool server: MCP over streamable HTTP as AgentCore Runtime calls it, `POST /mcp` and `GET /ping` on port 8000."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from agentcore_kit.runtime.proxies import exempt_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@dataclass(frozen=True)
class ToolApp:
    """The server of the tools that a module declares.

    Attributes:
        tools: The module's dotted name.
        log_formatter: Names the function that returns the formatter of log lines, as `module:function`.
        middleware: What requests pass first, as `add_middleware` was told.
    """

    tools: str
    log_formatter: str | None = None
    middleware: list[Callable[[ASGIApp], ASGIApp]] = field(default_factory=list, compare=False, repr=False)

    def add_middleware(self, middleware: Callable[[ASGIApp], ASGIApp]) -> None:
        """Let requests pass something before the server, and before it asks who calls. To be called before `run`.

        Args:
            middleware: Returns the application that stands before the one that it is given.
        """
        self.middleware.append(middleware)

    def load(self) -> None:
        """Import the module, which declares its tools by that. A second call does nothing."""
        import_module(self.tools)

    def run(self, port: int | None = None) -> None:
        """Serve until told to stop.

        Args:
            port: Where to listen; `PORT`, else 8000, where it is left out.

        Raises:
            ConfigError: When a file is wrong, or a name names nothing.
            SystemExit: When a secret cannot be had; the log says why in one line.
            Misdeclared: When a tool cannot be offered.
        """
        from agentcore_kit.runtime.logging import begin_logging, configure_logging

        begin_logging()
        from agentcore_kit.mcp_server.http import build_app, ids
        from agentcore_kit.mcp_server.server import ToolSettings
        from agentcore_kit.runtime import secrets, telemetry
        from agentcore_kit.runtime.http_server import serve
        from agentcore_kit.runtime.settings import own_address

        settings = ToolSettings.from_files()
        configure_logging(ids)  # the format of the team's own is its code, which may need a secret
        try:
            secrets.load(settings.environment)
        except secrets.SecretUnavailable as error:
            logging.getLogger(__name__).error("the tools cannot start: %s", error)
            raise SystemExit(3) from None
        if self.log_formatter:
            configure_logging(ids, self.log_formatter)
        telemetry.configure(settings, self.tools.partition(".")[0])
        self.load()
        host = own_address()
        port = port or int(os.environ.get("PORT", "8000"))
        app = build_app(settings, host)
        for middleware in self.middleware:
            app = middleware(app)
        serve(app, host=host, port=port)


def create_app(tools: str, *, log_formatter: str | None = None) -> ToolApp:
    """Return the server of tools. Nothing of them is imported before it runs.

    Args:
        tools: The module that declares them, for example `tool.tools`.
        log_formatter: Names a function that returns a `logging.Formatter` for all log lines, for example
            `tool.logs:formatter`. It is called with a function that returns the ids of the current request.

    Returns:
        The server, whose `run()` serves it.

    Example:
        >>> app = create_app("tool.tools", log_formatter="tool.logs:formatter")
    """
    exempt_loopback()
    return ToolApp(tools, log_formatter)
