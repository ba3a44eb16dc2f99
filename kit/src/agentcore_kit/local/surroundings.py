"""What an agent's tests and offline evaluation have around it: a memory of their own, and recorded gateways.

So they need no server that is running, and write to none. What is missing is told in one line each.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from agentcore_kit.config.agent import CONNECT_VARIABLE, AgentEnvironment, AgentManifest, Memory, gateway_variable
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.repository import relative
from agentcore_kit.evaluation.dataset import Row
from agentcore_kit.local.recorded_gateway import Recording, command, read_recording, recording_path, serving

_CONNECT_SECONDS = 2.0
_RECORDED_CONNECT_SECONDS = 120.0
"""How long a recorded gateway is waited for: it is on this machine, and slow only while the machine is busy."""


@dataclass
class Surroundings:
    """What was started.

    Attributes:
        memory: The address of the memory; None where none was started.
        gateways: The URLs of gateways, by name.
        missing: A line for each gateway that is missing, by its name.
        tools: The JSON schemas of the parameters of recorded tools, by name.
    """

    memory: str | None = None
    gateways: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    tools: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What puts it in the place of what the environment file names, in another process."""
        memory = {"AGENT_MEMORY_ENDPOINT": self.memory} if self.memory else {}
        patience = {CONNECT_VARIABLE: str(_RECORDED_CONNECT_SECONDS)} if self.gateways else {}
        return memory | patience | {gateway_variable(name): url for name, url in self.gateways.items()}

    def applied(self, environment: AgentEnvironment) -> AgentEnvironment:
        """Return an environment with it in the place of what the file names, for this process."""
        memory = environment.memory
        if memory and self.memory:
            memory = memory.model_copy(update={"endpoint": self.memory})
        gateways = environment.gateways | self.gateways
        limits = environment.limits
        if self.gateways:
            patient = limits.gateways.model_copy(update={"connect_seconds": _RECORDED_CONNECT_SECONDS})
            limits = limits.model_copy(update={"gateways": patient})
        return environment.model_copy(update={"memory": memory, "gateways": gateways, "limits": limits})

    def lacks(self, row: Row, own: Mapping[str, object]) -> str | None:
        """Return why a row cannot be asked here: tools that it is about are missing. None when none is.

        Args:
            row: The row.
            own: The agent's own tools, by name.
        """
        if not self.missing:
            return None

        def absent(name: str) -> bool:
            return name not in own and name not in self.tools

        about = row.metadata
        impossible = any(
            all(any(absent(call.name) for call in outcome.calls) for outcome in outcomes) for outcomes in about.expect
        )
        if impossible or any(map(absent, [*about.failures, *about.injections])):
            return f"they need tools of {', '.join(self.missing)}, which is not recorded"
        return None


@contextmanager
def surroundings(
    manifest: AgentManifest, environment: AgentEnvironment, *, real: bool = False, as_is: Collection[str] = ()
) -> Iterator[Surroundings]:
    """Start what the manifest names and the local environment has elsewhere.

    Args:
        manifest: The agent's.
        environment: The local one.
        real: Whether a gateway that answers is used as it is, and so is a memory in AWS: with a real model.
        as_is: The names of gateways that are used as they are in any case.

    Raises:
        ConfigError: When a recording is none.
    """
    found = Surroundings()
    with ExitStack() as stack:
        memory = environment.memory
        if memory and not (real and memory.endpoint is None):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="memory-")))
            found.memory = stack.enter_context(_memory(memory, environment.region, folder))
        for name in manifest.spec.tools.gateways:
            url = environment.gateways.get(name)  # which an environment in AWS may leave to its deployment
            if name in as_is or (real and url and _answers(url)):
                continue
            recording = read_recording(name)
            if recording is None:
                file = relative(recording_path(name))
                text = f"there is no {file}, so its tools are missing; while it runs, type: {command(name)}"
                found.missing[name] = f"gateway {name}: {text}"
            recording = recording or Recording(name)
            found.gateways[name] = stack.enter_context(serving(recording.tools, recording.answer, name))
            found.tools |= recording.schemas
        yield found


def recorded_tools(manifest: Manifest) -> dict[str, Mapping[str, Any]]:
    """Return the JSON schemas of the parameters of all recorded tools, by name."""
    recordings = [read_recording(name) for name in manifest.spec.tools.gateways]
    return {name: schema for each in recordings if each for name, schema in each.schemas.items()}


@contextmanager
def _memory(memory: Memory, region: str, folder: Path) -> Iterator[str]:
    """Serve a memory of the id and with the namespaces that the environment has; yield its address."""
    from agentcore_kit.config.memory import MemorySpec
    from agentcore_kit.local.memory_server import server
    from agentcore_kit.local.memory_server.settings import Settings

    memory_id = str(memory.id)

    class OfEnvironment(Settings):
        """The settings of a memory whose id is given."""

        @property
        def memory_id(self) -> str:
            return memory_id

    strategies = [_strategy(number, template) for number, template in enumerate(memory.recall)]
    spec = MemorySpec.model_validate({"eventExpiryDays": 7, "strategies": strategies})
    settings = OfEnvironment(memory_id.rpartition("-")[0], "a memory for tests", region, spec)
    with server.serving(server.build(settings, folder, port=0)) as running:
        yield running.address


def _strategy(number: int, template: str) -> dict[str, str]:
    """Return a strategy that keeps its records where the agent looks for them."""
    kind = "userPreference" if "preference" in template.lower() else "semantic"
    where = template if template.endswith("/") else f"{template}/"
    about = "What the agent recalls."
    return {"type": kind, "name": f"recalled{number}", "description": about, "namespaceTemplate": where}


def _answers(url: str) -> bool:
    """Return whether somebody listens where a URL leads to."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=_CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
