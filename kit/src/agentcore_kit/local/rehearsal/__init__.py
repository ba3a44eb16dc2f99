"""The whole delivery on this machine, against emulated services, with the failures that may happen on the way."""
