"""Where a piece of work is, for people who follow it."""
