"""Weights against their bands."""
