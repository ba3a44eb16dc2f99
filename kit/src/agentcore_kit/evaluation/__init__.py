"""How good a component is: ground truth, what is measured of each answer, thresholds, comparison, reports."""
