"""A platform, a memory, a tool and an agent on this machine, and one question through all of them."""
