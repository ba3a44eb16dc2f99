"""A process that has what an agent has around it: the local memory, and a recorded gateway. It ends with its input."""

from __future__ import annotations

import json
import sys

from agentcore_kit.testing.surroundings import surroundings_of_tests

if __name__ == "__main__":
    with surroundings_of_tests() as found:
        print(json.dumps(found.variables), flush=True)
        sys.stdin.read()
