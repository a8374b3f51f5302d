"""The tabletop scene: the same bodies for the physics and for the renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent / "assets"

BLOCK_COLOURS: dict[str, tuple[float, float, float, float]] = {
    "red_block": (0.86, 0.13, 0.12, 1.0),
    "green_block": (0.10, 0.62, 0.22, 1.0),
    "blue_block": (0.12, 0.30, 0.85, 1.0),
}
BLOCK_SIZE_M = 0.040
BOWL_BOTTOM_M = 0.020  # from the bowl's frame down to the table

# The order of WorldState.body_names.
BODY_NAMES = (*BLOCK_COLOURS, "bowl", "cabinet", "switch", "target")
FREE_BODIES = (*BLOCK_COLOURS, "bowl")

ARM_JOINTS = tuple(f"panda_joint{index}" for index in range(1, 8))
FINGER_JOINTS = ("panda_finger_joint1", "panda_finger_joint2")
FURNITURE_JOINTS = ("drawer", "rocker")
# The order of WorldState.joint_names.
JOINT_NAMES = (*ARM_JOINTS, *FINGER_JOINTS, *FURNITURE_JOINTS)

FINGER_TRAVEL_M = 0.040  # each finger
DRAWER_TRAVEL_M = 0.150
ROCKER_LIMIT_RAD = 0.220

_ORIGIN = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Joint:
    """Where a joint is in PyBullet."""

    body: int
    index: int


@dataclass(frozen=True)
class Scene:
    """What was loaded into a PyBullet physics client."""

    client: int
    arm: int
    ee_link: int
    hand_link: int
    bodies: Mapping[str, int]  # by BODY_NAMES
    joints: Mapping[str, Joint]  # by JOINT_NAMES
    links: Mapping[str, tuple[int, int]]  # (body, link index) of every named link of the arm


def load_scene(
    bullet: Any,
    client: int,
    fixed_poses: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] | None = None,
    with_table: bool = True,
) -> Scene:
    """Load the scene into an empty physics ``client`` and return its handles.

    ``bullet`` is the pybullet module. ``fixed_poses`` places the furniture: name ->
    (position [3] m, quaternion [4] x y z w) in base. The base frame is the Panda's
    base: x forward, y left, z up; the table's top is z = 0. The renderer paints the table
    itself and leaves it out.
    """
    placed = fixed_poses or {}

    def load(asset: str, name: str, fixed: bool) -> int:
        position, quaternion = placed.get(name, _ORIGIN)
        body: int = bullet.loadURDF(
            str(ASSETS / asset),
            basePosition=position,
            baseOrientation=quaternion,
            useFixedBase=fixed,
            physicsClientId=client,
        )
        return body

    if with_table:
        load("table.urdf", "table", fixed=True)
    arm = load("panda.urdf", "panda", fixed=True)
    bodies = {}
    for name, colour in BLOCK_COLOURS.items():
        bodies[name] = load("block.urdf", name, fixed=False)
        bullet.changeVisualShape(bodies[name], -1, rgbaColor=colour, physicsClientId=client)
    bodies["bowl"] = load("bowl.urdf", "bowl", fixed=False)
    for name in ("cabinet", "switch", "target"):
        bodies[name] = load(f"{name}.urdf", name, fixed=True)

    joints: dict[str, Joint] = {}
    links: dict[str, tuple[int, int]] = {}
    for body in (arm, bodies["cabinet"], bodies["switch"]):
        for index in range(bullet.getNumJoints(body, physicsClientId=client)):
            info = bullet.getJointInfo(body, index, physicsClientId=client)
            name = info[1].decode()
            if name in JOINT_NAMES:
                joints[name] = Joint(body, index)
            links[info[12].decode()] = (body, index)
    return Scene(
        client=client,
        arm=arm,
        ee_link=links["panda_grasptarget"][1],
        hand_link=links["panda_hand"][1],
        bodies=bodies,
        joints=joints,
        links=links,
    )
