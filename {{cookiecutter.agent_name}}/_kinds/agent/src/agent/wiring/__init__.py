"""What connects the agent to its surroundings: identity, sessions, models, gateways, memory, telemetry."""
