"""What a message says, and when it is tried again."""
