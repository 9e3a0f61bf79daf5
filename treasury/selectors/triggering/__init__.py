"""What triggers look at, read for one evaluation."""
