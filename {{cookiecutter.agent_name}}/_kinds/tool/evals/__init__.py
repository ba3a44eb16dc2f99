"""What the tools are held to: cases, metrics, thresholds."""
