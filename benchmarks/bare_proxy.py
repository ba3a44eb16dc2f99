"""The yardstick of the local gateway: fastmcp's own proxy of one MCP server, and nothing else.

Run: `python bare_proxy.py URL-OF-THE-MCP-SERVER PORT`.
"""

import sys

from fastmcp.server import create_proxy

create_proxy(sys.argv[1]).run(
    "http",
    host="127.0.0.1",
    port=int(sys.argv[2]),
    stateless_http=True,
    json_response=True,
    log_level="warning",
    show_banner=False,
)
