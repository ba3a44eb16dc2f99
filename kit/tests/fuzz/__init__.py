"""The fuzzing tier: seeded odd requests to real servers, and what must hold whatever is sent."""
