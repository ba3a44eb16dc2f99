"""What the lines that commands print claim, and how each is compared with the state of the emulated AWS."""

MODULES = {
    "Agent": ("general", "runtime", "remembered", "judging"),
    "Tool": ("general", "runtime", "remembered", "judging", "tool"),
    "Platform": ("general", "platform", "policies"),
    "Memory": ("general", "memory", "remembered"),
}
"""Where the sentences of each kind of repository are."""
