"""How treasuries stand now, stood before, and what they were worth over time."""
