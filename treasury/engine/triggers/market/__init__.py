"""Prices, gas and yields."""
