"""The clearing-house node."""
