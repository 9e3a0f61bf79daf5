"""Exact arithmetic of the pools that venues trade in: what a trade brings, to the unit."""
