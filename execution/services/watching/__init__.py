"""What breakers look at on the chain, beside prices and balances."""
