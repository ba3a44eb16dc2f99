"""What a tool server promises its callers: definitions, documentation standard, samples, recorded calls, what would break them."""
