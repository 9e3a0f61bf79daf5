"""People look over the treasury: what needs them, how it stands, what was proposed."""
