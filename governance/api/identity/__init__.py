"""Who may call: machines' keys."""
