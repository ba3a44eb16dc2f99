"""Evaluation of what the memory keeps of conversations, and what it must not keep."""
