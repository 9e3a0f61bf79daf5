"""Time alone."""
