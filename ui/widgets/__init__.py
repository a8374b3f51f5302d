"""Widgets that show plain values and hold no logic."""
