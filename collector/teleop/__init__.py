"""Turning a teleoperation device into bounded commands."""
