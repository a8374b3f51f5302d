"""The simulated station: a PyBullet tabletop, its cameras and a scripted operator."""
