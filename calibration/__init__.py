"""Camera and hand-eye calibration: measured, verified, and stored with its uncertainty.

Every transform is named by its two frames: ``T_a_b`` maps points of frame b into frame a.
Frames: ``base`` and ``ee`` of the arm, ``camera`` (optical: z forward, x right, y down),
``board`` (x along its columns, y along its rows, z = 0 in its plane).
"""
