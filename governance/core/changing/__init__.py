"""What a person may change about a proposal."""
