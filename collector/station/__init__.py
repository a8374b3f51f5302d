"""A station: its description, and running it."""
