"""How to call a component of the catalog: a whole program, or what a manifest needs."""

from __future__ import annotations

from agentcore_kit.governance.catalog_entry import CatalogEntry
from agentcore_kit.tool_contract.samples import STRANDS, example_by_schema

_AGENT = """\
import os
import uuid

import httpx

# AGENT_URL: SSM parameter /agentops/components/{name}/ENVIRONMENT/url; AGENT_TOKEN: the user's access token.
headers = {{
    "Authorization": f"Bearer {{os.environ['AGENT_TOKEN']}}",
    "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": str(uuid.uuid4()),
}}
answer = httpx.post(os.environ["AGENT_URL"], headers=headers, json={{"prompt": "What can you do?"}}, timeout=60)
answer.raise_for_status()
print(answer.json())
"""

_MEMORY = """\
# manifest.yaml of the agent
spec:
  memory: {name}

# manifest.yaml of {name}: what the agent may do with it, added by pull request
spec:
  consumers:
    - name: NAME-OF-THE-AGENT
      read: [events]
      write: [events]
"""

_GATEWAY = """\
# manifest.yaml of the agent: its model chooses among all tools of the gateway
spec:
  tools:
    gateways: [{gateway}]
"""


def samples(entry: CatalogEntry) -> dict[str, str]:
    """Return how to call a component, by title: Python, or what stands in the manifest of who uses it."""
    match entry.kind:
        case "Agent":
            return {"Python": _AGENT.format(name=entry.name)}
        case "Memory":
            return {"manifest.yaml": _MEMORY.format(name=entry.name)}
        case "Tool":
            found = {"manifest.yaml": _GATEWAY.format(gateway=entry.provides)} if entry.provides else {}
            return found | _first_tool(entry)
    return {}


def _first_tool(entry: CatalogEntry) -> dict[str, str]:
    """Return a program that calls the first tool with an example of its schema; none where the schema is broken."""
    for offer in entry.offers[:1]:
        try:
            arguments = example_by_schema({"name": offer.name, "inputSchema": dict(offer.schema)})
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return {}
        return {"Python": STRANDS.format(name=offer.name.replace('"', ""), arguments=arguments)}
    return {}
