"""What AGENTS.md says that no other file does: what each kind is, what its folders hold, and what nobody may do."""

from __future__ import annotations

from collections.abc import Mapping

from agentcore_kit.config.manifest import KindName

WHAT: Mapping[KindName, str] = {
    "Agent": "An agent on Amazon Bedrock AgentCore Runtime, built with Strands Agents.",
    "Tool": "Tools for agents: an MCP server on Amazon Bedrock AgentCore Runtime, behind a gateway.",
    "Memory": "An Amazon Bedrock AgentCore Memory as configuration: what agents remember, tested and promoted.",
    "Platform": "The platform that agents, tools and memories on Amazon Bedrock AgentCore plug into.",
}
"""What a repository of each kind is."""

FILES: Mapping[str, str] = {
    "README.md": "how it works and ships, for people",
    "manifest.yaml": "the one source of identity, and what the component uses; `kit manifest` checks it",
    "environments/": "what differs between this machine and the accounts, a file each",
    "components.yaml": "who is let in, and what each gets",
    "use-cases.yaml": "the register of use cases: risk, approval, budget",
    "policies/": "Cedar: who may call which tool; `decisions.yaml` holds them to it",
    "src/agent/": "the agent: prompt, tools, backend, sample data",
    "src/tool/": "the tools, their backend, sample data",
    "evals/": "the ground truth, and what must be reached",
    "tests/": "the team's own tests",
    "infra/": "CloudFormation, which the team may extend; `kit check` lints it for the regions of the environments",
    "docs/": "for people: how it is measured and called",
    ".github/": "workflows, each step a command that can be typed; forms, owners",
    "Makefile": "the everyday commands",
    "Dockerfile .dockerignore": "the image that AgentCore Runtime starts",
    "pyproject.toml": "dependencies and the settings of the tools; `requirements*.txt` are compiled from it",
    "requirements.txt requirements-dev.txt vendor/": "what is installed, with hashes, and the kit's wheel",
}
"""What is where; only what a repository has is listed. One line may be about several paths."""

GENERATED: Mapping[str, str] = {
    "requirements.txt": "make lock",
    "requirements-dev.txt": "make lock",
    "vendor/": "kit template-update",
    "docs/tools.md": "kit tools --write",
    "tests/contract.json": "kit record",
    "policies/tools/": "kit policies --refresh",
}
"""What no hand may change, with the command that does."""

_TESTED = "New behaviour gets a row in `evals/dataset.jsonl`, and a test in `tests/`."
_TYPED = "Python is typed (`mypy --strict`), with lines of at most 120 characters."

WITH_A_CHANGE: Mapping[KindName, str] = {
    "Agent": f"{_TESTED} {_TYPED}",
    "Tool": f"{_TESTED} {_TYPED}",
    "Memory": f"{_TESTED} {_TYPED}",
    "Platform": f"A new policy gets rows in `policies/decisions.yaml`, a new promise a test in `tests/`. {_TYPED}",
}
"""What else a change needs."""

_GATE = (
    "Do not make a gate pass by lowering `evals/thresholds.yaml`, by deleting rows of `evals/dataset.jsonl`, or by"
    " skipping a test: correct the cause. The rows of a tool that was removed go with it."
)
_DOCUMENTED = (
    "Do not leave a tool without its documentation, which a model chooses it by: name, when to use it, parameters,"
    " returns, errors."
)
_IN_NO_FILE = "Do not write a secret into a file."
_NAMED_IN_A_FILE = (
    "Do not write a secret into a file: `secrets` of an environment file names it; the shell or AWS Secrets Manager"
    " has it."
)
_COMMON = (
    "With `--env` you may run `kit plan`, `kit doctor` and `kit status`: they only read. Without AWS credentials, as on"
    " most laptops, they cannot succeed and end with exit code 3: say that they were not run.",
    "Do not run another command with `--env`, or one that acts on GitHub (`kit github-setup`, `kit onboard`), unless"
    " you were asked to.",
    "Do not edit the kit in `.venv`: a setting, an extension point or `kit eject MODULE` is the way.",
    "Do not commit `.local/` or `.venv/`.",
)

RULES: Mapping[KindName, tuple[str, ...]] = {
    "Agent": (_GATE, _DOCUMENTED, _NAMED_IN_A_FILE, *_COMMON),
    "Tool": (
        _GATE,
        _DOCUMENTED,
        "Do not break what callers rely on (`tests/contract.json`) without a new major `metadata.version`.",
        _NAMED_IN_A_FILE,
        *_COMMON,
    ),
    "Memory": (
        _GATE,
        "Do not rename or remove a strategy or a namespace unless you were asked to: what is remembered under it would"
        " no longer be found, and `kit plan` says what is lost.",
        _IN_NO_FILE,
        *_COMMON,
    ),
    "Platform": (
        "Do not make a check pass by deleting rows of `policies/decisions.yaml`, by widening a policy or a role, or by"
        " skipping a test: correct the cause.",
        "Do not rename or remove a name under `/agentops/` that `infra/` publishes: other repositories read it.",
        _IN_NO_FILE,
        *_COMMON,
    ),
}
"""What nobody may do, by the kind of repository, besides editing what a command writes."""
