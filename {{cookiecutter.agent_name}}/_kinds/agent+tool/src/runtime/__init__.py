"""What everything that AgentCore Runtime serves has in common: settings, identity, retries, traces, logs."""
