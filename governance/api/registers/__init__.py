"""REST resources of the registers."""
