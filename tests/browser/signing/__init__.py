"""People decide on the proposal page: with a wallet, by a pasted signature, on the chain."""
