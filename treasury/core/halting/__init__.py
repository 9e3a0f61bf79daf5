"""Rules of the halt rules themselves."""
