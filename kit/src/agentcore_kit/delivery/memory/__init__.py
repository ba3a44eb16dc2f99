"""What the delivery of a memory needs besides: its configuration, and what a change would lose."""
