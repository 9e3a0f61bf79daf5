"""What every list has in common."""
