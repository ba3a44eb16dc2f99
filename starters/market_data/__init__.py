"""The market data starter: what made the expected values of its dataset."""

import sys

from starters.expected import FOLDER

sys.path.insert(0, str(FOLDER / "tool/market-data/src"))  # the starter's own sample data computes them
