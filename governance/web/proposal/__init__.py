"""The proposal page and everything that people do on it."""
