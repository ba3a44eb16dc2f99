"""`kit add`: what a person would write into a repository's files, placed there and shown before it is written."""
