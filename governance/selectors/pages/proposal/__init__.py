"""The proposal page, section by section (G3)."""
