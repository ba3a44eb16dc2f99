"""What a served agent and a served tool are both made of: identity, logs, traces, retries."""
