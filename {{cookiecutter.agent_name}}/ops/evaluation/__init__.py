"""Runs the ground truth against an agent, measures, judges, reports and compares. What it measures is in `evals/`."""
