"""What a good answer is: the ground truth, the metrics and their thresholds. The machinery is in `ops/evaluation`."""
