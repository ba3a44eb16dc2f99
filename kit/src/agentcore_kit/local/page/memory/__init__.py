"""The page of a memory: what actors said, what was taken from it, a search in it, and what will be forgotten."""
