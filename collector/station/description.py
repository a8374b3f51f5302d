"""A station's description: one YAML file, checked as a whole before anything starts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from typing_extensions import Self

from collector.clock import NS_PER_S
from collector.station.located_yaml import Location, YamlError, load_located_yaml
from collector.station.validation_sentences import raise_problems, sentences, shown

CAMERAS = ("static", "wrist")
# An action's bounds per step, m and rad: the limiter must keep the arm inside them.
MAX_STEP_M = 0.1
MAX_STEP_RAD = 0.5
BUTTONS = ("start_stop", "success", "failure", "discard")
SHIPPED_TASKS = Path(__file__).resolve().parents[2] / "launch" / "tasks"


class StationError(Exception):
    """A station description cannot be used; the message names file, line and key."""


def _not_bool(value: object) -> object:
    # YAML reads yes, no, on and off as booleans, and Python takes those for 1 and 0.
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {str(value).lower()}")
    return value


def _licence(value: str) -> str:
    try:
        return canonicalize_license_expression(value)
    except InvalidLicenseExpression:
        raise ValueError(
            f"expected an SPDX licence identifier, such as CC-BY-4.0 or CC0-1.0, or a name "
            f"of your own that begins with LicenseRef-, got {value!r}"
        ) from None


def _whole_period(value: float) -> float:
    if _period_ns(value).denominator != 1:
        raise ValueError(
            f"expected a rate whose period is a whole number of nanoseconds, such as 1, 2, 4, 5, "
            f"8, 10, 16, 20 or 25, got {value:g}"
        )
    return value


def _domain(value: int) -> int:
    # The ports of the domains between fall into Linux' range of ephemeral ports.
    if 102 <= value <= 214:
        raise ValueError(f"expected a ROS domain from 0 to 101 or from 215 to 232, got {value}")
    return value


def _period_ns(rate_hz: float) -> Fraction:
    # Through the decimal text: 0.1 is meant as a tenth, not as the nearest binary number.
    return Fraction(NS_PER_S) / Fraction(str(rate_hz))


Number = Annotated[float, BeforeValidator(_not_bool), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_not_bool)]
Topic = Annotated[str, Field(pattern=r"^(/[A-Za-z_][A-Za-z0-9_]*)+$")]
Luma = Annotated[Number, Field(ge=0, le=255)]
Kelvin = Annotated[Number, Field(gt=0)]
JointName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_./-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HourlyRate(_Part):
    """What an hour costs, for reports."""

    operator: Annotated[Number, Field(ge=0)] = 0.0
    station: Annotated[Number, Field(ge=0)] = 0.0
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")  # ISO 4217


class CameraSimulation(_Part):
    """What a simulated camera truly is, apart from its nominal values.

    ``imperfect`` draws every value that is not given from ``seed``; without it they are nominal.
    """

    imperfect: bool = False
    seed: Annotated[Whole, Field(ge=0)] = 0
    fx: Annotated[Number, Field(gt=0)] | None = None  # px, as are fy, cx and cy
    fy: Annotated[Number, Field(gt=0)] | None = None
    cx: Number | None = None
    cy: Number | None = None
    distortion: tuple[Number, Number, Number, Number, Number] | None = None  # k1 k2 p1 p2 k3
    noise: Annotated[Number, Field(ge=0, le=50)] | None = None  # grey levels, one sigma
    stamp_delay_ms: Annotated[Number, Field(ge=-100, le=100)] | None = None  # > 0: stamped late
    mount_translation_m: tuple[Number, Number, Number] | None = None  # in the optical frame
    mount_rotation_rad: tuple[Number, Number, Number] | None = None  # rotation vector, likewise


class CameraDescription(_Part):
    """One camera. ``recording`` and ``calibration`` are absolute once loaded."""

    backend: Literal["simulated", "realsense"] = Field(description="simulated or realsense")
    serial: str = ""
    recording: Path | None = None  # .db3, played through the same pipeline
    loop: bool = False  # play the recording again and again
    width: Whole = Field(ge=32, le=8192, description="the native image's width in pixels")
    height: Whole = Field(ge=32, le=8192, description="the native image's height in pixels")
    fps: Whole = Field(ge=1, le=240, description="frames per second")
    phase_ms: Annotated[Number, Field(ge=0)] = 0.0  # simulated: offset of its own clock
    simulation: CameraSimulation | None = None  # simulated: how it departs from its nominal
    exposure_us: Annotated[Number, Field(gt=0)] | None = None  # None: the device's own choice
    gain: Annotated[Number, Field(ge=0)] | None = None
    white_balance_k: Annotated[Number, Field(gt=0)] | None = None
    video: bool = True  # keep native-resolution video
    calibration: Path | None = None  # in the data folder; None: calibration/<name>.yaml

    @property
    def period_ns(self) -> int:
        """Nominal time between frames, ns."""
        return NS_PER_S // self.fps


class ArmTopics(_Part):
    """Topics of the arm's driver."""

    joint_states: Topic = "/arm_driver/joint_states"
    ee_pose: Topic = "/arm_driver/ee_pose"
    target_pose: Topic = "/arm_driver/target_pose"
    gripper_command: Topic = "/arm_driver/gripper_command"


class Workspace(_Part):
    """The box in ``base`` that the target stays in, m."""

    min: tuple[Number, Number, Number] = Field(description="its lowest corner [x, y, z] in m")
    max: tuple[Number, Number, Number] = Field(description="its highest corner [x, y, z] in m")


class ArmLimits(_Part):
    """What the limiter enforces, closest to the hardware."""

    linear_m_s: Annotated[Number, Field(gt=0, le=0.5)] = 0.5
    angular_rad_s: Annotated[Number, Field(gt=0, le=2.5)] = 2.5
    engage_m: Annotated[Number, Field(gt=0)] = 0.05  # largest jump of the first command
    engage_rad: Annotated[Number, Field(gt=0)] = 0.3
    following_error_m: Annotated[Number, Field(gt=0)] = 0.15
    watchdog_ms: Annotated[Number, Field(ge=20, le=200)] = 200.0
    workspace: Workspace = Field(description="the box {min: [x, y, z], max: [x, y, z]} in m")

    @property
    def watchdog_ns(self) -> int:
        """Longest silence of the commander before the arm holds, ns."""
        return round(self.watchdog_ms * 1e6)


class ArmDescription(_Part):
    """The arm and its gripper."""

    backend: Literal["simulated", "ros"] = Field(description="simulated or ros")
    rate_hz: Annotated[Number, Field(ge=50, le=1000)] = 100.0  # of /arm/state
    joints: tuple[JointName, ...] = Field(
        min_length=6, max_length=7, description="the joints' names, base first"
    )
    gripper_joints: tuple[JointName, ...] = Field((), max_length=6)
    topics: ArmTopics = ArmTopics()
    limits: ArmLimits = Field(description="at least {workspace: {min: .., max: ..}}")
    home_poses: dict[str, tuple[Number, ...]] = Field(  # name -> joint angles, rad
        description="joint angles in rad by name, one of them named home"
    )


class TwistTopics(_Part):
    """Where a ROS 2 teleoperation device publishes."""

    topic: Topic = "/teleop/twist"  # geometry_msgs/TwistStamped: ee in base, m/s and rad/s
    gripper_topic: Topic = "/teleop/gripper"


class ButtonDescription(_Part):
    """Buttons of the device that ask the session: their numbers, from 0."""

    topic: Topic = "/joy"  # sensor_msgs/Joy
    start_stop: Annotated[Whole, Field(ge=0)] | None = None
    success: Annotated[Whole, Field(ge=0)] | None = None
    failure: Annotated[Whole, Field(ge=0)] | None = None
    discard: Annotated[Whole, Field(ge=0)] | None = None

    @property
    def commands(self) -> dict[int, str]:
        """Number of the button -> command of the session."""
        named = {name: getattr(self, name) for name in BUTTONS}
        return {number: name for name, number in named.items() if number is not None}


class TeleopDescription(_Part):
    """The teleoperation device."""

    device: Literal["scripted", "twist"] = Field(description="scripted or twist")
    rate_hz: Annotated[Number, Field(ge=10, le=1000)] = 50.0
    twist: TwistTopics = TwistTopics()
    buttons: ButtonDescription | None = None


class RecordingDescription(_Part):
    """How episodes are written."""

    licence: Annotated[str, AfterValidator(_licence)] = "CC-BY-4.0"  # SPDX
    min_free_gb: Annotated[Number, Field(ge=0)] = 2.0  # 1e9 bytes
    queue_steps: Whole = Field(default=50, ge=5, le=1000)


class OperatorPolicy(_Part):
    """When a task opens for collection."""

    window: Whole = Field(default=20, ge=1)  # attempts that the rolling success looks back on
    min_attempts: Whole = Field(default=10, ge=1)
    threshold: Annotated[Number, Field(ge=0, le=1)] = 0.85


class PreflightDescription(_Part):
    """What preflight warns of and refuses; the other limits are in `PreflightPolicy`.

    Brightness is the median luma of an image, 0 to 255.
    """

    warn_calibration_days: Annotated[Number, Field(gt=0)] = 7.0
    refuse_calibration_days: Annotated[Number, Field(gt=0)] = 30.0
    warn_attempts: Whole = Field(default=150, ge=1)  # fewer that still fit on the disk
    refuse_attempts: Whole = Field(default=15, ge=1)
    warn_brightness: tuple[Luma, Luma] = (50.0, 205.0)  # outside
    refuse_brightness: tuple[Luma, Luma] = (20.0, 240.0)
    warn_colour_k: tuple[Kelvin, Kelvin] = (3800.0, 10_000.0)  # colour temperature, outside


class WorkflowDescription(_Part):
    """How a session leads its operator. ``tasks`` is absolute once loaded."""

    tasks: Path | None = None  # folder of the task library; None: the one that is shipped
    catalogue: str = ""  # URL of a database; empty: a file in the data folder
    types_per_session: Annotated[Whole, Field(ge=3, le=5)] = 4
    block: tuple[Whole, Whole] = (10, 15)  # demonstrations in a row of one task, least and most
    practice_block: Whole = Field(default=10, ge=1)  # labelled attempts in a row of one task
    countdown_s: Annotated[Number, Field(ge=0, le=30)] = 3.0
    seed: Whole = Field(default=0, ge=0)  # draws orders and layouts


class Network(_Part):
    """How far ROS discovery reaches."""

    localhost_only: bool = True
    domain_id: Annotated[Whole, Field(ge=0, le=232), AfterValidator(_domain)] | None = None


class Station(_Part):
    """A whole station. Paths are absolute when it comes from `load_station`."""

    station_id: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="lower-case letters, digits and hyphens"
    )
    name: str = ""
    rate_hz: Annotated[Number, Field(ge=1, le=30), AfterValidator(_whole_period)] = 5.0
    data: Path = Field(description="the folder that episodes, calibrations and logs go to")
    hourly_rate: HourlyRate | None = None
    cameras: dict[str, CameraDescription] = Field(description="the cameras static and wrist")
    arm: ArmDescription = Field(description="the arm")
    teleop: TeleopDescription = Field(description="the teleoperation device")
    recording: RecordingDescription = RecordingDescription()
    operator_policy: OperatorPolicy = OperatorPolicy()
    preflight: PreflightDescription = PreflightDescription()
    workflow: WorkflowDescription = WorkflowDescription()
    network: Network = Network()

    @property
    def tasks(self) -> Path:
        """The folder of the task library."""
        return self.workflow.tasks or SHIPPED_TASKS

    @property
    def period_ns(self) -> int:
        """Time between steps, exact, ns."""
        return int(_period_ns(self.rate_hz))

    @property
    def log_folder(self) -> Path:
        """Where each run of the station keeps its logs, a folder a run."""
        return self.data / "logs"

    def calibration_path(self, camera: str) -> Path:
        """Return the calibration file of the camera of that name."""
        named = self.cameras[camera].calibration
        return self.data / (named or Path("calibration") / f"{camera}.yaml")

    @model_validator(mode="after")
    def _sane_as_a_whole(self) -> Self:
        raise_problems(_problems(self))
        return self


def _problems(station: Station) -> Iterator[tuple[Location, str]]:
    """Yield what does not fit together, and which key to change."""
    for name in CAMERAS:
        if name not in station.cameras:
            yield ("cameras",), f"the camera {name!r} is missing: expected static and wrist"
    serials: dict[str, str] = {}
    for name, camera in station.cameras.items():
        at = ("cameras", name)
        if name not in CAMERAS:
            yield at, f"expected the cameras static and wrist, got {name!r}"
        yield from ((at + inner, text) for inner, text in _camera_problems(camera, station.rate_hz))
        if camera.serial and camera.serial in serials:
            other = serials[camera.serial]
            yield (
                (*at, "serial"),
                f"{camera.serial!r} is already camera {other!r}: expected each camera's own serial",
            )
        serials.setdefault(camera.serial, name)
    yield from _arm_problems(station)
    buttons = station.teleop.buttons
    if buttons is not None:
        numbers = [n for n in (getattr(buttons, name) for name in BUTTONS) if n is not None]
        if len(numbers) != len(set(numbers)):
            yield ("teleop", "buttons"), "one button has two meanings: give each its own number"
    policy = station.operator_policy
    if policy.min_attempts > policy.window:
        yield (
            ("operator_policy", "min_attempts"),
            f"expected at most the window of {policy.window} attempts, got {policy.min_attempts}",
        )
    least, most = station.workflow.block
    if not 1 <= least <= most:
        yield (
            ("workflow", "block"),
            f"expected [least, most] demonstrations, such as [10, 15], got [{least}, {most}]",
        )
    yield from _preflight_problems(station.preflight)


def _camera_problems(
    camera: CameraDescription, rate_hz: float
) -> Iterator[tuple[tuple[str, ...], str]]:
    if camera.fps < 2 * rate_hz:
        yield (
            ("fps",),
            f"expected at least {2 * rate_hz:g}, twice rate_hz, so that every step has a frame "
            f"of its own close by, got {camera.fps}",
        )
    if camera.backend == "simulated":
        if camera.recording is not None:
            yield ("recording",), "only a realsense camera plays a recording: remove it"
        if camera.phase_ms >= 1000 / camera.fps:
            yield (
                ("phase_ms",),
                f"expected less than the frame period of {1000 / camera.fps:g} ms, "
                f"got {camera.phase_ms:g}",
            )
    else:
        if not camera.serial and camera.recording is None:
            yield (
                ("serial",),
                "expected the number on the camera's label, in quotes, or a recording: .db3 file",
            )
        if camera.phase_ms:
            yield ("phase_ms",), "only a simulated camera has a phase: remove it"
        if camera.simulation is not None:
            yield ("simulation",), "only a simulated camera has true values to set: remove it"
    if camera.loop and camera.recording is None:
        yield ("loop",), "only a recording can be looped: name one, or set loop to false"


def _arm_problems(station: Station) -> Iterator[tuple[Location, str]]:
    arm, limits = station.arm, station.arm.limits
    for key, per_s, per_step, unit in (
        ("linear_m_s", limits.linear_m_s, MAX_STEP_M, "m"),
        ("angular_rad_s", limits.angular_rad_s, MAX_STEP_RAD, "rad"),
    ):
        allowed = per_step * station.rate_hz
        if per_s > allowed * (1 + 1e-9):
            yield (
                ("arm", "limits", key),
                f"expected at most {allowed:g}: an action is at most {per_step:g} {unit} a step, "
                f"and rate_hz is {station.rate_hz:g}, got {per_s:g}",
            )
    box = limits.workspace
    for axis, low, high in zip("xyz", box.min, box.max, strict=True):
        if low >= high:
            yield (
                ("arm", "limits", "workspace"),
                f"expected min below max on every axis, got {low:g} and {high:g} on {axis}",
            )
    names = arm.joints + arm.gripper_joints
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield ("arm", "joints"), f"{name!r} is named twice: expected each joint once"
    if "home" not in arm.home_poses:
        yield ("arm", "home_poses"), "the pose named home is missing"
    for name, angles in arm.home_poses.items():
        at = ("arm", "home_poses", name)
        if len(angles) != len(arm.joints):
            yield at, f"expected {len(arm.joints)} angles, one a joint, got {len(angles)}"
        for angle in angles:
            if abs(angle) > 2 * math.pi:
                yield at, f"expected radians between -2 pi and 2 pi, got {angle:g}"


def _preflight_problems(limits: PreflightDescription) -> Iterator[tuple[Location, str]]:
    """Yield where a refusal would come before its warning."""
    warn_days, refuse_days = limits.warn_calibration_days, limits.refuse_calibration_days
    if refuse_days < warn_days:
        yield (
            ("preflight", "refuse_calibration_days"),
            f"expected at least warn_calibration_days, {warn_days:g}, got {refuse_days:g}",
        )
    if limits.refuse_attempts > limits.warn_attempts:
        yield (
            ("preflight", "refuse_attempts"),
            f"expected at most warn_attempts, {limits.warn_attempts}, got {limits.refuse_attempts}",
        )
    for key, (low, high) in (
        ("warn_brightness", limits.warn_brightness),
        ("refuse_brightness", limits.refuse_brightness),
        ("warn_colour_k", limits.warn_colour_k),
    ):
        if low >= high:
            yield ("preflight", key), f"expected [lower, upper], got [{low:g}, {high:g}]"
    (dark, bright), (dim, glaring) = limits.refuse_brightness, limits.warn_brightness
    if not dark <= dim <= glaring <= bright:
        yield (
            ("preflight", "refuse_brightness"),
            f"expected limits around warn_brightness, [{dim:g}, {glaring:g}], "
            f"got [{dark:g}, {bright:g}]",
        )


def load_station(path: Path) -> Station:
    """Read and check a station description.

    Returned paths are absolute: ``data`` and recordings are relative to the file's folder,
    calibrations to the data folder. Raises StationError; its message has a line for each
    thing that is wrong: file, line, key, and what was expected.
    """
    path = Path(path)
    try:
        source = load_located_yaml(path)
    except FileNotFoundError:
        raise StationError(
            f"{path} does not exist: name a station description, such as "
            f"launch/stations/simulated.yaml, or copy launch/stations/realsense_example.yaml"
        ) from None
    except YamlError as error:
        raise StationError(str(error)) from error
    if not isinstance(source.value, dict):
        raise StationError(
            f"{path}:1: expected a station description with keys such as station_id, cameras "
            f"and arm, got {shown(source.value)}"
        )
    try:
        station = Station.model_validate(source.value)
    except ValidationError as error:
        raise StationError("\n".join(sentences(error, source, Station))) from None
    return _with_absolute_paths(station, path.absolute().parent)


def _with_absolute_paths(station: Station, folder: Path) -> Station:
    data = (folder / station.data.expanduser()).resolve()
    station = station.model_copy(update={"data": data})
    cameras = {}
    for name, camera in station.cameras.items():
        recording = camera.recording
        if recording is not None:
            recording = (folder / recording.expanduser()).resolve()
        calibration = station.calibration_path(name).resolve()
        update = {"recording": recording, "calibration": calibration}
        cameras[name] = camera.model_copy(update=update)
    workflow = station.workflow
    if workflow.tasks is not None:
        tasks = (folder / workflow.tasks.expanduser()).resolve()
        workflow = workflow.model_copy(update={"tasks": tasks})
    return station.model_copy(update={"cameras": cameras, "workflow": workflow})
