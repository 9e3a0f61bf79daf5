"""Breakers: one look at a tier's facts, what is remembered of it, and the Halts that follow."""
