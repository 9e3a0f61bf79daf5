"""What every POST has in common: keys, versions, rehearsals."""
