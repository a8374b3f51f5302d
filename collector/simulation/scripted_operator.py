"""A scripted operator: performs a task through the teleoperation path, as a person would."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from collector.clock import NS_PER_S
from collector.devices.teleop_device import TeleopError, TeleopReading
from collector.geometry import Pose, distance, interpolate
from collector.simulation.operator_plans import Command, Grip, Move, Steer, View, Wait, plan
from collector.simulation.state import WorldState
from collector.simulation.tasks import evaluate, find_task

MAX_LINEAR_M_S = 0.25
MAX_ANGULAR_RAD_S = 1.0

_PEAK_ANGULAR_RAD_S = 0.9
_CORRECTION_PER_S = 4.0  # of the deviation from the path meant
_REACTION_S = (0.30, 0.60)
_FINGERS_S = (0.45, 0.60)
_SHORTEST_MOVE_S = 0.35
_ARRIVED_M, _ARRIVED_RAD = 0.0025, 0.02
_LATE_S = 0.8  # a move that has not arrived by then is over
_SMOOTHING_S = 0.08
# A minimum-jerk motion's peak speed over its mean speed (Flash and Hogan, J. Neurosci. 1985).
_PEAK_OVER_MEAN = 1.875


class ScriptedOperator:
    """A `TeleopDevice` that plans from the world state it observes.

    `begin` starts an attempt; feed it with `observe` and take its commands with `read`.
    It corrects itself against the commanded target that it observes, so whoever limits
    its commands on the way only makes it slower. Same seeds, same observations at the
    same times: same commands.
    """

    def __init__(self, seed: int = 0, skill: float = 1.0) -> None:
        """``seed`` tells operators apart. ``skill`` in (0, 1]: how fast and steady it is.

        Raises ValueError for a skill outside.
        """
        self._seed = seed
        self._skill = _checked(skill)
        self._connected = False
        self._task_id = ""
        self._scene = ""
        self._finished = False
        self._believes_success = False
        self._plan: Iterator[Command] | None = None
        self._command: Command | None = None
        self._command_start_s = 0.0
        self._began_s: float | None = None
        self._view: View | None = None
        self._gripper = 0.0
        self._twist = np.zeros(6)
        self._last_read_s: float | None = None
        self._rng = np.random.default_rng(seed)
        self._noise = _Noise(self._rng, 0.0)
        self._start: Pose = np.zeros(7)
        self._bulge: NDArray[np.float64] = np.zeros(3)
        self._waits_s = (0.0, 0.0)

    @property
    def performing(self) -> bool:
        """True from `begin` until the attempt is over."""
        return self._plan is not None

    @property
    def finished(self) -> bool:
        """True when an attempt was begun and is over."""
        return self._finished

    @property
    def believes_success(self) -> bool:
        """What the operator saw at the end of the last attempt: the task is achieved."""
        return self._believes_success

    def connect(self) -> None:
        self._connected = True

    def disconnect(self) -> None:
        self._connected = False
        self.abort()

    def begin(
        self,
        task_id: str,
        seed: int,
        fail_on_purpose: bool = False,
        skill: float | None = None,
        scene: str = "",
    ) -> None:
        """Start an attempt at ``task_id``; ``seed`` draws its noise and its hesitations.

        With ``fail_on_purpose`` it fails as people do, then gives up. ``skill`` is of another
        person at the same device, from now on; ``scene`` the layout's task, where ``task_id`` is
        a part of a longer one. What was under way is dropped. Raises
        UnknownTask, or ValueError for a negative seed or a skill outside (0, 1].
        """
        task = find_task(task_id)
        if skill is not None:
            self._skill = _checked(skill)
        self._rng = np.random.default_rng([self._seed, seed])
        self._noise = _Noise(self._rng, 1.5 - 0.5 * self._skill)
        self._task_id = task_id
        self._scene = scene or task_id
        self._finished = self._believes_success = False
        self._view = None
        self._gripper = 0.0
        self._began_s = None
        self._last_read_s = None
        self._twist = np.zeros(6)
        self._plan = plan(task, self._look, self._rng, fail_on_purpose)
        self._command = None

    def abort(self) -> None:
        """Let go; the attempt is not finished."""
        self._plan = None
        self._command = None

    def observe(
        self, state: WorldState, ee_target_pose: Pose, ee_pose: Pose, gripper_opening: float
    ) -> None:
        """See the world and the arm: commanded and measured ``T_base_ee`` [7], opening in m."""
        if state.task_id == self._scene:  # anything else dates from before the reset
            self._view = View(state, ee_target_pose, ee_pose, gripper_opening)

    def read(self, now_ns: int) -> TeleopReading | None:
        if not self._connected:
            raise TeleopError("the scripted operator is not connected: call connect first")
        now = now_ns / NS_PER_S
        if self._plan is None or self._view is None:
            return TeleopReading(now_ns, np.zeros(6), self._gripper, dead_man=False)
        if self._began_s is None:
            self._began_s = now
            self._take(Wait(self._rng.uniform(*_REACTION_S)), now)
        wanted = self._wanted_twist(now)
        if wanted is None:
            self._end()
            return TeleopReading(now_ns, np.zeros(6), self._gripper, dead_man=False)
        elapsed = 0.01 if self._last_read_s is None else max(now - self._last_read_s, 0.0)
        self._last_read_s = now
        self._twist = self._twist + (wanted - self._twist) * min(1.0, elapsed / _SMOOTHING_S)
        twist = self._twist + self._noise.at(now - self._began_s) * self._unsteadiness()
        return TeleopReading(now_ns, _bounded(twist), self._gripper, dead_man=True)

    def _look(self) -> View:
        assert self._view is not None
        return self._view

    def _end(self) -> None:
        view = self._look()
        self._believes_success = evaluate(
            find_task(self._task_id), view.state, view.ee, speeds={}
        ).success
        self._plan = None
        self._command = None
        self._finished = True

    def _take(self, command: Command, now: float) -> None:
        self._command = command
        self._command_start_s = now
        self._start = self._look().target.copy()
        self._bulge = np.zeros(3)
        if isinstance(command, Move):
            way = command.goal[:3] - self._start[:3]
            length = float(np.linalg.norm(way))
            aside = np.cross(way, [0.0, 0.0, 1.0])
            if length > 0.08 and np.linalg.norm(aside) > 0.02:
                size = np.clip(command.curve_m, -0.1 * length, 0.1 * length)
                self._bulge = aside / np.linalg.norm(aside) * size
        elif isinstance(command, Grip):
            self._waits_s = (self._rng.uniform(*_REACTION_S), self._rng.uniform(*_FINGERS_S))

    def _wanted_twist(self, now: float) -> NDArray[np.float64] | None:
        """Return the twist [6] meant now, going on to the next command where one is done."""
        assert self._plan is not None
        while True:
            assert self._command is not None
            twist = self._perform(self._command, now)
            if twist is not None:
                return twist
            following = next(self._plan, None)
            if following is None:
                return None
            self._take(following, now)

    def _perform(self, command: Command, now: float) -> NDArray[np.float64] | None:
        """Return the twist [6] that ``command`` asks for, or None when it is done."""
        elapsed = now - self._command_start_s
        view = self._look()
        if isinstance(command, Move):
            return self._follow(command, elapsed, view.target)
        if isinstance(command, Steer):
            velocity = command.velocity(view) if elapsed < command.longest_s else None
            return None if velocity is None else np.concatenate([velocity, np.zeros(3)])
        if isinstance(command, Grip):
            before, after = self._waits_s
            if elapsed >= before:
                self._gripper = command.value
            over = elapsed >= before + after
        else:
            over = elapsed >= command.duration_s
        return None if over else _correction(self._start, view.target)

    def _follow(self, move: Move, elapsed: float, target: Pose) -> NDArray[np.float64] | None:
        length, angle = distance(self._start, move.goal)
        duration = max(
            _PEAK_OVER_MEAN * length / (move.peak_m_s * self._pace()),
            _PEAK_OVER_MEAN * angle / (_PEAK_ANGULAR_RAD_S * self._pace()),
            _SHORTEST_MOVE_S,
        )
        left_m, left_rad = distance(target, move.goal)
        if elapsed >= duration and (
            (left_m < _ARRIVED_M and left_rad < _ARRIVED_RAD) or elapsed >= duration + _LATE_S
        ):
            return None
        # Smoothing lags behind by about its time constant: aim that far ahead.
        step = 0.01
        ahead = elapsed + _SMOOTHING_S
        here, there = (self._on_path(move, min(t / duration, 1.0)) for t in (ahead, ahead + step))
        meant = self._on_path(move, min(elapsed / duration, 1.0))
        feed_forward = np.concatenate(
            [
                there[:3] - here[:3],
                (Rotation.from_quat(there[3:]) * Rotation.from_quat(here[3:]).inv()).as_rotvec(),
            ]
        )
        result: NDArray[np.float64] = feed_forward / step + _correction(meant, target)
        return result

    def _on_path(self, move: Move, part: float) -> Pose:
        """Return the pose [7] after ``part`` of the time: minimum jerk, bulging to the side."""
        along = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)
        meant = interpolate(self._start, move.goal, along)
        meant[:3] += self._bulge * np.sin(np.pi * along) ** 2
        return meant

    def _pace(self) -> float:
        return 0.6 + 0.4 * self._skill

    def _unsteadiness(self) -> float:
        """Less of the noise while nothing is meant to move: the hand rests."""
        return 1.0 if isinstance(self._command, Move | Steer) else 0.25


class _Noise:
    """A hand's drift and tremor as a twist: sines of drawn frequency and phase.

    Drift below 1.5 Hz, and physiological tremor at 7 to 10 Hz (Elble and Koller, 1990).
    """

    def __init__(self, rng: np.random.Generator, scale: float) -> None:
        self._frequencies = np.concatenate(
            [rng.uniform(0.3, 1.5, (3, 6)), rng.uniform(7.0, 10.0, (2, 6))]
        )
        self._phases = rng.uniform(0.0, 2.0 * np.pi, (5, 6))
        # m/s and rad/s
        self._amplitudes = scale * np.repeat(
            [[0.0045] * 3 + [0.0030] * 2, [0.012] * 3 + [0.008] * 2], 3, axis=0
        ).T.reshape(5, 6)

    def at(self, time_s: float) -> NDArray[np.float64]:
        waves = np.sin(2.0 * np.pi * self._frequencies * time_s + self._phases)
        result: NDArray[np.float64] = np.sum(self._amplitudes * waves, axis=0)
        return result


def _correction(meant: Pose, target: Pose) -> NDArray[np.float64]:
    turn = Rotation.from_quat(meant[3:]) * Rotation.from_quat(target[3:]).inv()
    result: NDArray[np.float64] = _CORRECTION_PER_S * np.concatenate(
        [meant[:3] - target[:3], turn.as_rotvec()]
    )
    return result


def _bounded(twist: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = twist.copy()
    for part, most in ((slice(0, 3), MAX_LINEAR_M_S), (slice(3, 6), MAX_ANGULAR_RAD_S)):
        size = float(np.linalg.norm(result[part]))
        if size > most:
            result[part] *= most / size
    return result


def _checked(skill: float) -> float:
    if not 0.0 < skill <= 1.0:
        raise ValueError(f"skill is {skill}, it must be above 0 and at most 1")
    return skill
