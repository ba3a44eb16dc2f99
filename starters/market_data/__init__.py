"""The market data starter: what made the expected values of its dataset."""

import sys

from starters.expected import SKELETON

sys.path.insert(0, str(SKELETON / "tool" / "src"))  # the starter's own sample data computes them
