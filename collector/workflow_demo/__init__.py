"""Scripted operators who practise in simulated time and collect on the running station."""
