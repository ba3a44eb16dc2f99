"""The agent: what the team edits is here, what it rarely edits is in `wiring`."""
