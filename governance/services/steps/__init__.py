"""One module per stretch of a proposal's way; each function takes one legal step or waits."""
