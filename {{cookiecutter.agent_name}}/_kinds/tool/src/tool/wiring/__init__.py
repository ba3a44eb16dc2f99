"""What turns the functions of `tool.tools` into an MCP server: declarations, failures, protocol, identity, Lambda."""
