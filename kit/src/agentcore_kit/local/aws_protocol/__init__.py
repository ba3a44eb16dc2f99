"""How AWS services speak, for those that are emulated: requests, errors, and the rules of parameters."""
