"""Coming in and proving who one is."""
