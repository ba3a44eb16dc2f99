"""What made the expected values of the starters, and checks them; and another domain in the place of one."""
