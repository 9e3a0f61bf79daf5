"""Builds the local chain from published packages; see `assemble.build_chain`."""
