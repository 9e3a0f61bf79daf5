"""From an event of the outbox to a message that somebody has read."""
