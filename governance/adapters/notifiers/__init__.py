"""Ways of telling: one file each, and a line in the registry."""
