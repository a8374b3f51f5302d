"""Hardware behind protocols: cameras, arm drivers and teleoperation devices."""
