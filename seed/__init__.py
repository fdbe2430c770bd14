"""The world and days to play in it: built through the domain, from imagination or from real orders."""
