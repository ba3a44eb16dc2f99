"""The public interface of the kit: the names that a repository imports, and the files whose fields it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentcore_kit.cli import AGENT, ALL, COMPONENTS, MEMORY, PLATFORM, SERVED, TOOL
from agentcore_kit.config.import_string import import_string


@dataclass(frozen=True)
class Names:
    """Public names of one module.

    Attributes:
        module: What a repository imports them from.
        names: The names; none for all that the module itself defines without an underscore.
        kinds: The kinds of repository that they are for.
    """

    module: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A file whose fields are public.

    Attributes:
        path: Where it is.
        model_path: Its model, as `module:class`.
        kinds: The kinds of repository that have it.
    """

    path: str
    model_path: str
    kinds: tuple[str, ...]

    def model(self) -> type[Any]:
        """Return the pydantic model of the file, or of one of its lines."""
        found: type[Any] = import_string(self.model_path)
        return found


NAMES = (
    Names("agentcore_kit.serving.app", ("create_app",), (AGENT,)),
    Names(
        "agentcore_kit.serving",
        ("AgentSession", "Caller", "caller_of", "confirm", "RequestRefused", "tool_error"),
        (AGENT,),
    ),
    Names("agentcore_kit.serving.adopted", ("AdoptedAgent",), (AGENT,)),
    Names("agentcore_kit.mcp_server.app", ("create_app",), (TOOL,)),
    Names("agentcore_kit.mcp_server", ("tool", "Aged", "Caller", "Failure"), (TOOL,)),
    Names("agentcore_kit.runtime.retries", ("RetryPolicy",), SERVED),
    Names("agentcore_kit.runtime.deadline", ("seconds_left",), SERVED),
    Names("agentcore_kit.runtime.http_api", ("HttpApi", "Refused", "UnexpectedAnswer"), SERVED),
    Names("agentcore_kit.runtime.settings", ("STATE",), SERVED),
    Names("agentcore_kit.runtime.logging", ("JsonFormatter", "Ids"), SERVED),
    Names(
        "agentcore_kit.evaluation.evaluators",
        (
            "TurnEvaluator",
            "Verdict",
            "ToolSelection",
            "ToolParameters",
            "ToolErrors",
            "Correctness",
            "Refusal",
            "Escalation",
            "Groundedness",
            "Confidentiality",
            "PersonalData",
            "Goal",
            "Memory",
        ),
        SERVED,
    ),
    Names("agentcore_kit.evaluation.target", ("Record",), SERVED),
    Names("agentcore_kit.testing.infrastructure", (), COMPONENTS),
    Names("agentcore_kit.testing.tool_context", ("tool_context",), (AGENT,)),
    Names("agentcore_kit.testing.agent_session", ("agent_session",), (AGENT,)),
    Names("agentcore_kit.tool_contract.documentation", ("name_problem",), (AGENT,)),
    Names("agentcore_kit.config.manifest", ("load_manifest",), ALL),
    Names("agentcore_kit.config.environment", ("read_environment",), ALL),
    Names("agentcore_kit.config.components", ("load_components",), (PLATFORM,)),
    Names("agentcore_kit.policies.table", ("Outcome", "outcomes"), (PLATFORM,)),
)
"""What the code of a repository may import; everything else may change with any version."""

FILES = (
    File("manifest.yaml", "agentcore_kit.config.agent:AgentManifest", (AGENT,)),
    File("manifest.yaml", "agentcore_kit.config.tool:ToolManifest", (TOOL,)),
    File("manifest.yaml", "agentcore_kit.config.memory:MemoryManifest", (MEMORY,)),
    File("manifest.yaml", "agentcore_kit.config.platform:PlatformManifest", (PLATFORM,)),
    File("environments/NAME.yaml", "agentcore_kit.config.agent:AgentEnvironment", (AGENT,)),
    File("environments/NAME.yaml", "agentcore_kit.config.tool:ToolEnvironment", (TOOL,)),
    File("environments/NAME.yaml", "agentcore_kit.config.memory:MemoryEnvironment", (MEMORY,)),
    File("environments/NAME.yaml", "agentcore_kit.config.platform:PlatformEnvironment", (PLATFORM,)),
    File("components.yaml", "agentcore_kit.config.components:Components", (PLATFORM,)),
    File("use-cases.yaml", "agentcore_kit.config.use_cases:UseCases", (PLATFORM,)),
    File("policies/decisions.yaml", "agentcore_kit.config.decisions:Decisions", (PLATFORM,)),
    File("evals/thresholds.yaml", "agentcore_kit.evaluation.thresholds:Thresholds", COMPONENTS),
    File("evals/dataset.jsonl, a line", "agentcore_kit.evaluation.dataset:Row", SERVED),
    File("evals/dataset.jsonl, a line", "agentcore_kit.evaluation.memory_dataset:Case", (MEMORY,)),
    File("evals/users.yaml", "agentcore_kit.evaluation.users:DeclaredUsers", (AGENT,)),
)
"""The files that a team writes, with the models that check them."""
