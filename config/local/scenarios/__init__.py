"""Scripted lives of a treasury on the local chain, and the judge who believes only chain and
tables."""
