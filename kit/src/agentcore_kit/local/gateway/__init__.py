"""A real MCP gateway on this machine, for the development of what is plugged into the platform."""
