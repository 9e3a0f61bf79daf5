"""Channels over REST: `/webhooks`, whatever their kind."""
