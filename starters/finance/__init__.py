"""The finance starter: what made the expected values of its dataset and of its attacks."""

import sys

from starters.expected import SKELETON

sys.path.insert(0, str(SKELETON / "agent" / "src"))  # the starter's own sample data computes them
