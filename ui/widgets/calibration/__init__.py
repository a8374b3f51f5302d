"""Widgets of the calibration wizard: they show plain values and hold no logic."""
