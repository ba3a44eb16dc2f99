"""The page of an agent: talk to it, see what it did, and keep a question as a row of the ground truth."""
