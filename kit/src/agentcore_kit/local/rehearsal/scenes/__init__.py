"""The scenes, by what they are about."""

MODULES = {
    "Agent": ("release", "moves", "rights", "canary", "alarms", "record", "protection", "regions"),
    "Tool": ("release", "moves", "tools", "alarms", "record", "protection", "regions"),
    "Platform": ("platform", "platform_policies", "platform_components", "platform_protection", "protection"),
    "Memory": ("memory", "memory_failures", "record", "protection"),
}
"""Where the scenes of each kind of repository are, in the order in which they are played."""
