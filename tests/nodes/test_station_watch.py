"""What preflight says of a station that is heard over real topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hand_made_station import AT_REST, Behaviour, HandMadeStation, calibration
from hand_made_streams import SAMPLE_NS
from ros_graph import Graph
from station_files import StationFile

from collector.arm.sample import ArmStatus
from collector.clock import NS_PER_S
from collector.health import HealthReport
from collector.preflight.clock_watch import ClockWatch
from collector.preflight.observation import ConsentObservation
from collector.preflight.result import CheckResult
from collector_nodes.station_node import StationNode
from collector_nodes.station_watch import StationWatch, free_bytes
from collector_nodes.synchronizer_node import SynchronizerNode

pytestmark = pytest.mark.ros

CONSENT = ConsentObservation("op-07", on_file=True)
DAY = timedelta(days=1)


class SettableClock:
    """The system clock, set by a person."""

    set_by_ns = 0

    def now_ns(self) -> int:
        return time.time_ns() + self.set_by_ns


class WatchingNode(StationNode):
    """Nothing but a watch."""

    def __init__(self, clock: SettableClock, free: Callable[[Path], int], **options: Any) -> None:
        super().__init__("watching", **options)
        watched = ClockWatch(clock, steady_ns=time.time_ns, reference=lambda: 2_000_000)
        self.watch = StationWatch(self, watched, free)

    def health(self) -> list[HealthReport]:
        return self.watch.health()


class Watched:
    """A station that is fit, and what is said of it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.station = graph.station.load()
        self.streams = HandMadeStation(graph)
        self.clock = SettableClock()
        self.free = 10**12
        self.node = graph.add(partial(WatchingNode, self.clock, lambda _: self.free))
        self.streams.heard_by("watching")
        self.streams.heard_by("synchronizer")

    def mend(self) -> None:
        """Put everything in order."""
        self.streams.is_ = Behaviour()
        self.streams.on = dict.fromkeys(self.streams.on, True)
        self.free = 10**12
        self.calibrate("static")
        self.calibrate("wrist")

    def calibrate(self, name: str, age: timedelta = DAY, **values: Any) -> None:
        date = (datetime.now(timezone.utc) - age).isoformat()
        path = self.station.calibration_path(name)
        calibration(name, date=date, **values).save(path)

    def check(self, name: str) -> CheckResult:
        (found,) = [r for r in self.node.watch.preflight(CONSENT).results if r.name == name]
        return found

    def becomes(self, name: str, level: str, words: str = "") -> CheckResult:
        """Wait until the check has this level and says these words."""
        seen: list[CheckResult] = []

        def became() -> bool:
            seen.append(self.check(name))
            return seen[-1].level == level and words in seen[-1].sentence

        try:
            self.streams.wait(became, "")
        except AssertionError:
            raise AssertionError(f"{name} is not {level}, {words!r}: {seen[-1]}") from None
        return seen[-1]


@pytest.fixture(scope="module")
def shared(ros_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    file = StationFile(tmp_path_factory.mktemp("station"))
    # One that is drawn, and one that ages and has settings.
    file.replace_camera("wrist", backend="realsense", serial="HAND-wrist")
    file.change({"arm": {"rate_hz": NS_PER_S // SAMPLE_NS}})
    with Graph(file) as graph:
        graph.add(SynchronizerNode)
        yield Watched(graph)


@pytest.fixture
def watched(shared: Watched) -> Iterator[Watched]:
    shared.mend()
    yield shared
    shared.mend()


def test_nothing_is_said_against_a_station_that_is_fit(watched: Watched) -> None:
    levels: dict[str, str] = {}

    def fit() -> bool:
        results = watched.node.watch.preflight(CONSENT).results
        levels.update({r.name: f"{r.level}: {r.sentence}" for r in results})
        return all(r.level == "ok" for r in results)

    try:
        watched.streams.wait(fit, "")
    except AssertionError:
        pytest.fail(str(levels))
    assert len(levels) == 19
    assert "of 10 Hz" in levels["camera.static.stream"]
    assert "1.0 days" in levels["camera.wrist.calibration"]


def test_without_an_operator_consent_is_what_refuses(watched: Watched) -> None:
    consent = watched.node.watch.preflight(None).results[0]
    assert (consent.name, consent.level) == ("consent", "refused")


def test_a_dark_picture_is_refused_until_there_is_light(watched: Watched) -> None:
    watched.becomes("camera.static.light", "ok")
    watched.streams.is_.brightness = (0, 12)
    watched.becomes("camera.static.light", "refused", "too dark")
    watched.streams.is_.brightness = (30, 220)
    watched.becomes("camera.static.light", "ok")


def test_images_that_do_not_come_through_are_missed_though_the_camera_lives(
    watched: Watched,
) -> None:
    watched.becomes("camera.wrist.light", "ok")
    watched.streams.is_.images = False
    watched.becomes("camera.wrist.light", "refused", "has not been seen")
    assert watched.check("camera.wrist.stream").level == "ok"


def test_a_calibration_is_read_when_its_file_changes(watched: Watched) -> None:
    name, path = "camera.wrist.calibration", watched.station.calibration_path("wrist")
    watched.becomes("camera.wrist.stream", "ok")
    watched.becomes(name, "ok")
    path.unlink()
    watched.becomes(name, "refused", "is not calibrated")
    path.write_text("camera: [", encoding="utf-8")
    watched.becomes(name, "refused", "cannot be read")
    watched.calibrate("wrist", serial="HAND-other")
    watched.becomes(name, "refused", "the calibration is of HAND-other")
    watched.calibrate("wrist", width=128)
    watched.becomes(name, "refused", "128 x 48")
    watched.calibrate("wrist", age=10 * DAY)
    watched.becomes(name, "warning", "10.0 days old")
    watched.calibrate("wrist", age=40 * DAY)
    watched.becomes(name, "refused", "at most 30 are allowed")
    watched.calibrate("wrist")
    watched.becomes(name, "ok")


def test_an_arm_that_moves_or_is_stopped_is_refused(watched: Watched) -> None:
    watched.becomes("arm.rest", "ok")
    watched.streams.is_.arm = {"status": ArmStatus.MOVING}  # up and down, up to 1 rad/s
    watched.becomes("arm.rest", "refused", "release the dead-man")
    watched.streams.is_.arm = AT_REST | {"gripper_in_motion": True}
    watched.becomes("arm.rest", "warning", "fingers")
    assert watched.check("arm.reachable").level == "ok"
    watched.streams.is_.arm = AT_REST | {"status": ArmStatus.STOPPED, "fault": "stop pressed"}
    watched.becomes("arm.reachable", "refused", "reset the stop")
    watched.streams.is_.arm = dict(AT_REST)
    watched.becomes("arm.reachable", "ok")
    watched.becomes("arm.rest", "ok")


def test_a_teleoperation_device_that_is_silent_or_held_is_noticed(watched: Watched) -> None:
    watched.becomes("teleop", "ok")
    watched.streams.is_.dead_man = True
    watched.becomes("teleop", "warning", "let go of it")
    watched.streams.is_.dead_man = False
    watched.streams.is_.teleop_problem = "The device has said nothing for 3.0 s: wake it up."
    watched.becomes("teleop", "refused", "has said nothing for 3.0 s")
    watched.streams.is_.teleop_problem = ""
    watched.becomes("teleop", "ok")
    watched.streams.is_.commands = False
    watched.becomes("teleop", "refused", "silent")


def test_a_full_disk_is_refused_and_told_in_the_health(watched: Watched) -> None:
    watched.free = 5 * 10**8
    full = watched.check("disk")
    assert full.level == "refused"
    assert full.values["attempts"] == 9  # 10 MB are kept free, an attempt takes 50 until one is
    disk, static, wrist = watched.node.watch.health()
    assert (disk.name, disk.level) == ("disk", "error")
    assert disk.values == {"attempts": 9.0, "free_gb": 0.5}
    assert (static.name, wrist.name) == ("calibration static", "calibration wrist")
    assert wrist.values["age_days"] == pytest.approx(1, abs=0.01)
    watched.free = 10**12
    assert watched.check("disk").level == "ok"


def test_a_disk_that_cannot_be_read_is_refused(watched: Watched) -> None:
    def unmounted(_: Path) -> int:
        raise OSError("gone")

    node = watched.graph.add(partial(WatchingNode, SettableClock(), unmounted), name="other")
    (disk,) = [r for r in node.watch.preflight(CONSENT).results if r.name == "disk"]
    assert (disk.level, node.watch.health()[0].values) == ("refused", {})
    watched.graph.remove(node)


def test_free_space_is_that_of_the_disk_the_folder_will_lie_on(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "made" / "yet") > 0


def test_a_clock_that_leaps_is_refused_also_when_it_leaps_back(watched: Watched) -> None:
    clock = SettableClock()
    node = watched.graph.add(partial(WatchingNode, clock, lambda _: 10**12), name="other")

    def now() -> CheckResult:
        (found,) = [r for r in node.watch.preflight(CONSENT).results if r.name == "clock"]
        return found

    assert now().level == "ok"
    clock.set_by_ns = -90 * NS_PER_S
    assert now().level == "refused"
    assert "leapt by 90.0 s" in now().sentence
    clock.set_by_ns = 0
    assert now().level == "refused"
    watched.graph.remove(node)


def test_its_health_is_told_on_diagnostics(watched: Watched) -> None:
    newest = watched.graph.health("watching: disk")
    told = watched.streams.wait(newest, "the disk is not told")
    assert {v.key for v in told.values} == {"attempts", "free_gb"}


# What follows leaves gaps behind, that count for as long as the newest steps are looked at.


def test_a_camera_that_stops_is_silent_and_makes_gaps(watched: Watched) -> None:
    watched.becomes("steps", "ok")
    watched.streams.on["wrist"] = False
    watched.becomes("camera.wrist.stream", "refused", "has been silent for")
    watched.becomes("steps", "refused", "are gaps")
    assert watched.check("camera.static.stream").level == "ok"


def test_a_camera_that_repeats_its_frame_is_refused(watched: Watched) -> None:
    watched.becomes("camera.static.stream", "ok")
    watched.streams.is_.frozen = frozenset({"static"})
    watched.becomes("camera.static.stream", "refused", "repeats old frames")


def test_an_arm_that_falls_silent_is_refused(watched: Watched) -> None:
    watched.becomes("arm.reachable", "ok")
    watched.streams.on["arm"] = False
    watched.becomes("arm.reachable", "refused", "silent")
