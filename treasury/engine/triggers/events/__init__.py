"""Things that happen: flows, logs, upgrades."""
