"""How much of what: groups of assets, and money that came in or went out."""
