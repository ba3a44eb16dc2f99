"""What made the expected values of the starters, and checks them."""
