"""The production rules over a table of prices, exactly (BT-1)."""
