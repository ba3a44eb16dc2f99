"""The agent: its server, what it is made of, its tools, and where their figures come from."""
