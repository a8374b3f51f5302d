"""Episodes on disk: writing, sealing, recovering, reading and verifying."""
