"""What is kept of a station's streams."""

from __future__ import annotations

import math

import numpy as np
import pytest

from collector.clock import NS_PER_MS, NS_PER_S
from collector.preflight.observation import CalibrationObservation
from collector.preflight.stream_watch import ArmWatch, CameraWatch, StepWatch, TeleopWatch

START_NS = 1_795_528_501 * NS_PER_S
FRAME_NS = NS_PER_S // 10
IMAGE = np.full((48, 64, 3), 120, np.uint8)
REST = np.zeros(7)


def watch(frames: int = 60, **metadata: float) -> tuple[CameraWatch, int]:
    """A camera at 10 Hz that has sent so many frames, and when the last came."""
    camera = CameraWatch("static", 10.0, simulated=False)
    camera.on_device("SN-1")
    for k in range(frames):
        stamp_ns = START_NS + k * FRAME_NS
        camera.on_frame(stamp_ns, stamp_ns + 5 * NS_PER_MS, k, metadata)
    newest_ns = START_NS + (frames - 1) * FRAME_NS
    camera.on_image(newest_ns, IMAGE)
    return camera, newest_ns + 5 * NS_PER_MS


def test_a_camera_is_seen_with_all_that_it_says() -> None:
    camera, now_ns = watch(gain=16.0)
    calibration = CalibrationObservation("SN-1", 64, 48)
    seen = camera.observation(now_ns, calibration, problem="It was lost.")
    assert (seen.name, seen.serial, seen.width, seen.height) == ("static", "SN-1", 64, 48)
    assert seen.stream.rate_hz == pytest.approx(10)
    assert (seen.stream.frozen, seen.stream.dropped) == (0, 0)
    assert seen.light.median == 120
    assert seen.metadata == ({"gain": 16.0},) * 50
    assert seen.calibration is calibration
    assert seen.problem == ""  # frames come: it is of the past


def test_a_problem_counts_while_no_frame_comes() -> None:
    camera, now_ns = watch()
    assert camera.observation(now_ns + 2 * NS_PER_S, None, "Unplugged.").problem == "Unplugged."
    never = CameraWatch("wrist", 10.0, simulated=True).observation(now_ns, None, "Unplugged.")
    assert (never.stream, never.light, never.problem) == (None, None, "Unplugged.")


def test_counters_tell_of_lost_and_repeated_frames() -> None:
    camera, now_ns = watch()
    for counter in (62, 62, 0, 1):  # two lost, one repeated, and a device that began anew
        now_ns += FRAME_NS
        camera.on_frame(now_ns, now_ns, counter, {})
    stream = camera.observation(now_ns, None).stream
    assert (stream.dropped, stream.frozen) == (2, 1)


def test_steps_tell_of_pictures_that_repeat_though_the_counter_goes_on() -> None:
    camera, now_ns = watch()
    for k in range(20):
        camera.on_step(frozen=k >= 10)
    stream = camera.observation(now_ns, None).stream
    assert stream.frozen == pytest.approx(stream.samples / 2, abs=1)


def test_an_old_image_is_no_light_of_a_camera_that_goes_on() -> None:
    camera, now_ns = watch()
    for k in range(60, 90):
        camera.on_frame(START_NS + k * FRAME_NS, now_ns + k * FRAME_NS, k, {})
    assert camera.observation(now_ns + 90 * FRAME_NS, None).light is None


def test_another_device_begins_anew() -> None:
    camera, now_ns = watch(gain=16.0)
    camera.on_device("SN-2")
    seen = camera.observation(now_ns, None)
    assert (seen.serial, seen.metadata, seen.light) == ("SN-2", (), None)


def test_steps_are_counted_over_the_newest() -> None:
    steps = StepWatch()
    assert steps.observation(START_NS) is None
    for k in range(80):
        skews = {"static": k} if k >= 75 else {"static": k, "wrist": -k}
        steps.on_step(START_NS + k * 200 * NS_PER_MS, k >= 75, skews)
    seen = steps.observation(START_NS + 16 * NS_PER_S)
    assert (seen.steps, seen.gaps) == (50, 5)
    assert seen.skews_ns["static"] == tuple(range(30, 80))
    assert seen.skews_ns["wrist"] == tuple(-k for k in range(30, 75))
    assert steps.observation(START_NS + 19 * NS_PER_S) is None  # they stopped


def arm(*velocities: np.ndarray, period_ns: int = 10 * NS_PER_MS) -> tuple[ArmWatch, int]:
    watched = ArmWatch(100.0)
    for k, velocity in enumerate(velocities):
        stamp_ns = START_NS + k * period_ns
        watched.on_state(stamp_ns, stamp_ns, velocity, False, "hold: dead-man", "")
    return watched, START_NS + (len(velocities) - 1) * period_ns


def test_an_arm_that_never_spoke_is_not_known() -> None:
    assert ArmWatch(100.0).observation(START_NS) is None


def test_the_largest_velocity_is_that_of_the_last_second() -> None:
    moved = np.array([0.0, -0.4, 0.1, 0, 0, 0, 0])
    watched, now_ns = arm(*[moved] * 50, *[REST] * 90)
    assert watched.observation(now_ns).largest_joint_velocity == pytest.approx(0.4)
    watched, now_ns = arm(*[moved] * 50, *[REST] * 110)
    assert watched.observation(now_ns).largest_joint_velocity == 0
    assert watched.observation(now_ns).stream.rate_hz == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize("at", [0, 50, 99])
def test_a_velocity_that_is_no_number_is_handed_on(at: int) -> None:
    velocities = [REST] * 100
    velocities[at] = np.full(7, np.nan)
    watched, now_ns = arm(*velocities)
    assert math.isnan(watched.observation(now_ns).largest_joint_velocity)


def test_an_arm_is_judged_by_its_newest_word() -> None:
    watched, now_ns = arm(*[REST] * 5)
    watched.on_state(now_ns, now_ns, np.zeros(0), True, "lost", "The driver sends nothing.")
    seen = watched.observation(now_ns)
    assert (seen.state, seen.fault) == ("lost", "The driver sends nothing.")
    assert seen.gripper_in_motion


def test_a_clock_that_is_set_back_leaves_no_velocity_of_the_future() -> None:
    watched, now_ns = arm(*[np.ones(7)] * 50)
    earlier_ns = now_ns - 60 * NS_PER_S
    watched.on_state(earlier_ns, earlier_ns, REST, False, "moving", "")
    assert watched.observation(earlier_ns).largest_joint_velocity == 0


def test_a_teleoperation_device_is_known_by_its_commands_or_its_node() -> None:
    teleop = TeleopWatch("twist")
    assert teleop.observation(START_NS, heard=False) is None
    asleep = teleop.observation(START_NS, heard=True, problem="It sleeps.")
    assert (asleep.device, asleep.age_ns, asleep.problem) == ("twist", None, "It sleeps.")
    teleop.on_command(START_NS, dead_man=True)
    seen = teleop.observation(START_NS + 30 * NS_PER_MS, heard=True)
    assert (seen.age_ns, seen.dead_man) == (30 * NS_PER_MS, True)
