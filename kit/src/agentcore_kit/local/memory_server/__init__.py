"""The local memory: AgentCore Memory's API on this machine, over SQLite, to develop and test against."""
