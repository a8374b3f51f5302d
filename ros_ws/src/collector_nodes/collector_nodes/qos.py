"""Qualities of service of the station's topics."""

from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)

# Images: the newest counts, a reader that is slow must not hold the camera up.
IMAGES = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.BEST_EFFORT
)
# Arm states are recorded at full rate: a second of them may wait.
ARM_STATE = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
# A command that was lost is replaced by the next.
ARM_COMMAND = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A step is never lost: five seconds of them may wait.
STEPS = QoSProfile(depth=25, reliability=ReliabilityPolicy.RELIABLE)
# The simulator's truth: whoever draws it wants the newest.
WORLD_STATE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# State that a late joiner must see.
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
