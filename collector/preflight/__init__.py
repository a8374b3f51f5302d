"""Whether a station is fit to record: checks of one frozen observation."""
