"""The simulated tabletop: a Panda that follows a Cartesian target, and things to handle."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.devices.arm_driver import ArmReading
from collector.geometry import Pose, distance
from collector.simulation import calibration_scene, printed_board, tasks
from collector.simulation.bullet import load_bullet
from collector.simulation.kinematics import (
    JOINT_COUNT,
    REST_RAD,
    VELOCITY_RAD_S,
    inverse_kinematics,
)
from collector.simulation.layout import Layout, draw_layout, layout_from_dict
from collector.simulation.scene import (
    ARM_JOINTS,
    BODY_NAMES,
    FINGER_JOINTS,
    FINGER_TRAVEL_M,
    FREE_BODIES,
    JOINT_NAMES,
    ROCKER_LIMIT_RAD,
    Scene,
    load_scene,
)
from collector.simulation.state import WorldState

SNAPSHOT_SCHEMA = "collector/world-snapshot/1"

# A target further away than this is stale: it dates from before a reset, say.
FARTHEST_TARGET_M = 0.15
FARTHEST_TARGET_RAD = 0.8

_JOINT_FORCE_N_M = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])
_POSITION_GAIN = 0.15  # of the error, corrected in one physics step
_FINGER_FORCE_N = 20.0
_FINGER_SPEED_M_S = 0.10  # 0.4 s from open to closed, as real grippers take
_DRAWER_FRICTION_N = 1.5
_ROCKER_SPRING_N_M = 0.04
_SETTLE_S = 0.3


class WorldError(Exception):
    """The world cannot do what was asked; the message says what to do."""


class World:
    """One PyBullet world, stepped by `tick`. Deterministic; not safe for several threads.

    `reset` comes first. The world never looks at a clock: ``time_s`` counts ticks.
    """

    def __init__(self, tick_hz: int = 100, physics_hz: int = 400) -> None:
        """Open a physics client. Raises ValueError unless physics_hz is a multiple of tick_hz."""
        if tick_hz <= 0 or physics_hz % tick_hz != 0:
            raise ValueError(
                f"physics_hz ({physics_hz}) must be a whole multiple of tick_hz ({tick_hz})"
            )
        self._bullet: Any = load_bullet()
        self._client: int = self._bullet.connect(self._bullet.DIRECT)
        self._tick_hz = tick_hz
        self._substeps = physics_hz // tick_hz
        self._physics_hz = physics_hz
        self._scene: Scene | None = None
        self._layout: Layout | None = None
        self._layout_id = 0
        self._ticks = 0
        # The snapshot that the present state was restored from, until anything happens:
        # reading it back from PyBullet would differ in a quaternion's last bit.
        self._restored: str | None = None
        self._target: Pose = np.zeros(7)
        self._gripper = 0.0
        self._joint_target: NDArray[np.float64] = np.zeros(JOINT_COUNT)

    @property
    def tick_hz(self) -> int:
        """Ticks in a second of simulated time."""
        return self._tick_hz

    @property
    def time_s(self) -> float:
        """Simulated seconds since the last reset or restore."""
        return self._ticks / self._tick_hz

    @property
    def layout(self) -> Layout:
        """The present layout. Raises WorldError before the first reset."""
        self._ready()
        assert self._layout is not None
        return self._layout

    @property
    def target(self) -> Pose:
        """The pose [7] ``T_base_ee`` that the arm follows."""
        return np.array(self._target)

    @property
    def gripper(self) -> float:
        """The gripper command, 0 = open, 1 = close."""
        return self._gripper

    def reset(self, task_id: str, seed: int) -> Layout:
        """Lay the scene out anew and put the arm at its start, holding, gripper open.

        ``task_id`` may also name one of `calibration_scene.SCENES`; a board in the gripper
        is held by closed fingers. Same task and seed: the same state, to the last bit.
        Raises UnknownTask.
        """
        calibrates = task_id in calibration_scene.SCENES
        draw = calibration_scene.calibration_layout if calibrates else draw_layout
        layout = draw(task_id, seed)
        self._build(layout)
        self._layout_id += 1
        scene = self._ready()
        for name in FREE_BODIES:
            position, yaw = layout.objects[name]
            self._place(scene.bodies[name], position, self._yaw_quaternion(yaw))
        start = inverse_kinematics(layout.arm_start, REST_RAD, iterations=60, null_space_gain=0.0)
        for name, value in zip(ARM_JOINTS, start, strict=True):
            self._set_joint(name, float(value), 0.0)
        held = calibrates and calibration_scene.SCENES[task_id].place == "gripper"
        self._gripper = 1.0 if held else 0.0
        for name in FINGER_JOINTS:
            self._set_joint(name, FINGER_TRAVEL_M * (1.0 - self._gripper), 0.0)
        self._set_joint("drawer", layout.drawer_m, 0.0)
        self._set_joint("rocker", layout.rocker_rad, 0.0)
        self._joint_target = start
        self._target = layout.arm_start.copy()
        for _ in range(round(_SETTLE_S * self._tick_hz)):
            self.tick()
        # Starting again from its own snapshot leaves nothing behind that a snapshot
        # does not hold (contact caches), so that a replay starts from the same state.
        self.restore_json(self.snapshot_json())
        return layout

    def set_target(self, target_pose: Pose, gripper: float) -> bool:
        """Follow ``target_pose`` [7] ``T_base_ee`` with ``gripper`` (0 = open, 1 = close).

        Returns False, and holds, when a number is not finite, the quaternion has no
        direction, or the target is out of reach of one step: further than 0.15 m or
        0.8 rad from where the tool is.
        """
        scene = self._ready()
        wanted = np.asarray(target_pose, float)
        if wanted.shape != (7,) or not np.all(np.isfinite(wanted)) or not np.isfinite(gripper):
            return False
        norm = float(np.linalg.norm(wanted[3:]))
        if norm < 1e-6:
            return False
        wanted = np.concatenate([wanted[:3], wanted[3:] / norm])
        away_m, away_rad = distance(self._ee_pose(scene), wanted)
        if away_m > FARTHEST_TARGET_M or away_rad > FARTHEST_TARGET_RAD:
            return False
        self._restored = None
        self._target = wanted
        self._gripper = float(np.clip(gripper, 0.0, 1.0))
        return True

    def hold(self) -> None:
        """Stop the arm where it is; the fingers keep their command."""
        scene = self._ready()
        self._restored = None
        self._target = self._ee_pose(scene)
        self._joint_target = self._arm_joints(scene)[0]

    def tick(self) -> None:
        """Advance the world by ``1 / tick_hz`` seconds."""
        scene = self._ready()
        self._restored = None
        start = self._joint_target
        goal = inverse_kinematics(self._target, start)
        fastest = VELOCITY_RAD_S / self._tick_hz
        goal = start + np.clip(goal - start, -fastest, fastest)
        velocity = (goal - start) * self._tick_hz
        for substep in range(self._substeps):
            # The motor's velocity carries it over this step, its position corrects the last.
            along = start + (goal - start) * substep / self._substeps
            self._command_motors(scene, along, velocity)
            self._bullet.stepSimulation(physicsClientId=self._client)
        self._joint_target = goal
        self._ticks += 1

    def reading(self, stamp_ns: int) -> ArmReading:
        """Return the arm as measured now, stamped ``stamp_ns`` (station clock)."""
        scene = self._ready()
        positions, velocities, efforts = self._arm_joints(scene)
        return ArmReading(
            stamp_ns=stamp_ns,
            joint_names=ARM_JOINTS,
            joint_positions=positions,
            joint_velocities=velocities,
            joint_efforts=efforts,
            ee_pose=self._ee_pose(scene),
            gripper_opening=sum(self._joint(name)[0] for name in FINGER_JOINTS),
        )

    def state(self) -> WorldState:
        """Return what a renderer needs to draw the world as it is now."""
        scene = self._ready()
        assert self._layout is not None
        names = BODY_NAMES
        poses = [self._body_pose(scene.bodies[name]) for name in names]
        board = calibration_scene.board_pose(self._layout, self._ee_pose(scene))
        if board is not None:
            names, poses = (*names, printed_board.BODY), [*poses, board]
        return WorldState(
            layout_id=self._layout_id,
            task_id=self._layout.task_id,
            body_names=names,
            body_poses=np.array(poses),
            joint_names=JOINT_NAMES,
            joint_positions=np.array([self._joint(name)[0] for name in JOINT_NAMES]),
        )

    def evaluate(self, task_id: str = "") -> tasks.Evaluation:
        """Judge whether ``task_id``, or else the task of the present layout, is achieved.

        Raises UnknownTask.
        """
        scene = self._ready()
        assert self._layout is not None
        if not task_id and self._layout.task_id in calibration_scene.SCENES:
            return tasks.Evaluation(False, "nothing to achieve: the scene is for calibration")
        speeds = {
            name: float(np.linalg.norm(self._body_velocity(scene.bodies[name])[0]))
            for name in FREE_BODIES
        }
        task = tasks.find_task(task_id or self._layout.task_id)
        return tasks.evaluate(task, self.state(), self._ee_pose(scene), speeds)

    def snapshot_json(self) -> str:
        """Return the full dynamic state, from which `restore_json` starts again."""
        scene = self._ready()
        assert self._layout is not None
        if self._restored is not None:
            return self._restored
        bodies = {}
        for name in FREE_BODIES:
            linear, angular = self._body_velocity(scene.bodies[name])
            bodies[name] = {
                "pose": self._body_pose(scene.bodies[name]).tolist(),
                "velocity": [*linear, *angular],
            }
        return json.dumps(
            {
                "schema": SNAPSHOT_SCHEMA,
                "layout_id": self._layout_id,
                "layout": self._layout.as_dict(),
                "bodies": bodies,
                "joints": {name: list(self._joint(name)[:2]) for name in JOINT_NAMES},
                "target_pose": self._target.tolist(),
                "gripper": self._gripper,
                "joint_target": self._joint_target.tolist(),
            }
        )

    def restore_json(self, text: str) -> None:
        """Continue from a snapshot. Raises WorldError when ``text`` is not one."""
        try:
            values = json.loads(text)
            if values["schema"] != SNAPSHOT_SCHEMA:
                raise ValueError(f"schema {values['schema']!r} is not {SNAPSHOT_SCHEMA!r}")
            laid_out = values["layout"]
            calibrates = laid_out["task_id"] in calibration_scene.SCENES
            read = calibration_scene.layout_from_dict if calibrates else layout_from_dict
            layout = read(laid_out)
            bodies = {name: values["bodies"][name] for name in FREE_BODIES}
            joints = {name: tuple(map(float, values["joints"][name])) for name in JOINT_NAMES}
            target = np.array(values["target_pose"], float).reshape(7)
            joint_target = np.array(values["joint_target"], float).reshape(JOINT_COUNT)
            gripper, layout_id = float(values["gripper"]), int(values["layout_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise WorldError(
                f"not a snapshot of this simulator ({type(error).__name__}: {error});"
                " take one with snapshot_json"
            ) from error
        self._build(layout)
        scene = self._ready()
        for name, body in bodies.items():
            pose, velocity = body["pose"], body["velocity"]
            self._place(scene.bodies[name], pose[:3], pose[3:])
            self._bullet.resetBaseVelocity(
                scene.bodies[name], velocity[:3], velocity[3:], physicsClientId=self._client
            )
        for name, (position, speed) in joints.items():
            self._set_joint(name, position, speed)
        self._target, self._joint_target, self._gripper = target, joint_target, gripper
        self._layout_id = layout_id
        self._restored = text

    def close(self) -> None:
        """Close the physics client. May be called twice."""
        if self._client >= 0:
            self._bullet.disconnect(physicsClientId=self._client)
            self._client = -1
            self._scene = None

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # PyBullet underneath

    def _ready(self) -> Scene:
        if self._client < 0:
            raise WorldError("the world is closed: make a new one")
        if self._scene is None:
            raise WorldError("nothing is laid out yet: call reset with a task first")
        return self._scene

    def _build(self, layout: Layout) -> None:
        """Load the scene into an empty client, furniture in its place, motors set up."""
        if self._client < 0:
            raise WorldError("the world is closed: make a new one")
        bullet, client = self._bullet, self._client
        bullet.resetSimulation(physicsClientId=client)
        bullet.setGravity(0.0, 0.0, -9.81, physicsClientId=client)
        bullet.setPhysicsEngineParameter(
            fixedTimeStep=1.0 / self._physics_hz,
            numSolverIterations=100,
            deterministicOverlappingPairs=1,
            physicsClientId=client,
        )
        fixed = {
            name: (layout.objects[name][0], self._yaw_quaternion(layout.objects[name][1]))
            for name in BODY_NAMES
            if name not in FREE_BODIES
        }
        self._scene = scene = load_scene(bullet, client, fixed)
        self._layout = layout
        self._ticks = 0
        self._restored = None
        # The fingers move together, as one drive moves them.
        left, right = (scene.joints[name] for name in FINGER_JOINTS)
        gear = bullet.createConstraint(
            scene.arm,
            left.index,
            scene.arm,
            right.index,
            bullet.JOINT_GEAR,
            [1, 0, 0],
            [0, 0, 0],
            [0, 0, 0],
            physicsClientId=client,
        )
        bullet.changeConstraint(gear, gearRatio=-1, erp=0.1, maxForce=50, physicsClientId=client)
        drawer = scene.joints["drawer"]
        bullet.setJointMotorControl2(
            drawer.body,
            drawer.index,
            bullet.VELOCITY_CONTROL,
            targetVelocity=0.0,
            force=_DRAWER_FRICTION_N,
            physicsClientId=client,
        )

    def _command_motors(
        self, scene: Scene, joints: NDArray[np.float64], velocity: NDArray[np.float64]
    ) -> None:
        bullet, client = self._bullet, self._client
        bullet.setJointMotorControlArray(
            scene.arm,
            [scene.joints[name].index for name in ARM_JOINTS],
            bullet.POSITION_CONTROL,
            targetPositions=joints.tolist(),
            targetVelocities=velocity.tolist(),
            forces=_JOINT_FORCE_N_M.tolist(),
            positionGains=[_POSITION_GAIN] * JOINT_COUNT,
            velocityGains=[1.0] * JOINT_COUNT,
            physicsClientId=client,
        )
        for name in FINGER_JOINTS:
            bullet.setJointMotorControl2(
                scene.arm,
                scene.joints[name].index,
                bullet.POSITION_CONTROL,
                targetPosition=FINGER_TRAVEL_M * (1.0 - self._gripper),
                force=_FINGER_FORCE_N,
                maxVelocity=_FINGER_SPEED_M_S,
                physicsClientId=client,
            )
        # A rocker snaps to the side that it leans to.
        rocker = scene.joints["rocker"]
        side = ROCKER_LIMIT_RAD if self._joint("rocker")[0] > 0 else -ROCKER_LIMIT_RAD
        bullet.setJointMotorControl2(
            rocker.body,
            rocker.index,
            bullet.POSITION_CONTROL,
            targetPosition=side,
            force=_ROCKER_SPRING_N_M,
            maxVelocity=3.0,
            physicsClientId=client,
        )

    def _joint(self, name: str) -> tuple[float, float, float]:
        """Return position, velocity and motor effort of a joint."""
        joint = self._ready().joints[name]
        state = self._bullet.getJointState(joint.body, joint.index, physicsClientId=self._client)
        return float(state[0]), float(state[1]), float(state[3])

    def _arm_joints(
        self, scene: Scene
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        states = np.array([self._joint(name) for name in ARM_JOINTS])
        return states[:, 0].copy(), states[:, 1].copy(), states[:, 2].copy()

    def _ee_pose(self, scene: Scene) -> Pose:
        link = self._bullet.getLinkState(
            scene.arm, scene.ee_link, computeForwardKinematics=1, physicsClientId=self._client
        )
        return np.array([*link[4], *link[5]])

    def _body_pose(self, body: int) -> Pose:
        position, quaternion = self._bullet.getBasePositionAndOrientation(
            body, physicsClientId=self._client
        )
        return np.array([*position, *quaternion])

    def _body_velocity(self, body: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        linear, angular = self._bullet.getBaseVelocity(body, physicsClientId=self._client)
        return linear, angular

    def _place(self, body: int, position: Any, quaternion: Any) -> None:
        self._bullet.resetBasePositionAndOrientation(
            body, position, quaternion, physicsClientId=self._client
        )

    def _set_joint(self, name: str, position: float, velocity: float) -> None:
        joint = self._ready().joints[name]
        self._bullet.resetJointState(
            joint.body, joint.index, position, velocity, physicsClientId=self._client
        )

    @staticmethod
    def _yaw_quaternion(yaw: float) -> tuple[float, float, float, float]:
        return (0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2)))
