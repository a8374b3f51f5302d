"""What the software costs, measured. Timings live here, never in a test's assertion."""
