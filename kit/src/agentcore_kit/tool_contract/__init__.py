"""What tools promise their callers: definitions, documentation standard, samples, recorded calls, breaking changes."""
