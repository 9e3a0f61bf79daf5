"""The rules, one file a family, and their registry."""
