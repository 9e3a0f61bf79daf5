"""Rules that templates, scripts and browser tests keep."""
