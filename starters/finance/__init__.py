"""The finance starter: what made the expected values of its dataset and of its attacks."""

import sys

from starters.expected import FOLDER

sys.path.insert(0, str(FOLDER / "agent/finance/src"))  # the starter's own sample data computes them
