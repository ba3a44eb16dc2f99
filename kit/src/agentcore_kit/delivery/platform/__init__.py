"""The delivery of a platform: all stacks of an account, in order."""
