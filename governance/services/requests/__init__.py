"""What holds for every request that changes something: its key, the version it is for."""
