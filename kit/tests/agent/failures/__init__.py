"""What happens when something fails: the table of the reference, and a scenario with a real server for each row."""
