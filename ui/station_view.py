"""What the window shows, from what was heard of the station and the present time.

Pure: neither Qt nor ROS. Silence is judged on the monotonic clock. The age of a picture is
the larger of (station clock now - its stamp) and the time since it arrived, so that neither
a clock that is off nor a picture that came late makes an old picture look live.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ui.values import (
    CAMERAS,
    ArmReport,
    CameraFrame,
    Command,
    CommandOutcome,
    Instant,
    Level,
    Outcome,
    RecordingProgress,
    RecordingStatus,
    StreamReport,
    UnreadableFrame,
)

NS_PER_S = 1_000_000_000
STALE_PICTURE_S = 0.3
SILENT_CAMERA_S = 1.0
SILENT_ARM_S = 1.0
SILENT_NODE_S = 3.0  # nodes report once a second
SILENT_RECORDING_S = 2.0  # feedback comes five times a second while recording
FORGET_NODE_S = 60.0
SHOW_OUTCOME_S = 15.0
EFFECT_S = 1.0  # an accepted stop shows in the arm's state well within this

RECORDER = "recorder"
SESSION = "session"
SUPPLIES = "supplies"  # one cell for what the session reports of disk and calibrations
SYNCHRONIZER = "synchronizer"
EXPECTED_NODES = ("static_camera", "wrist_camera", "arm", "teleop", SYNCHRONIZER, RECORDER)
_RECORDING_PREFIX = "Recording "
_SEVERITY: Mapping[Level, int] = {"ok": 0, "warning": 1, "stale": 2, "error": 3}

STOPPED = "stopped"
LOST = "lost"
REFUSED = "hold: refused"


class StationState(Enum):
    """The one word on the banner."""

    WAITING = "waiting"  # nothing was heard yet
    LOST = "lost"  # was there, is silent
    NOT_READY = "not ready"
    READY = "ready"
    STOPPED = "stopped"  # the arm's stop is latched
    NOT_STOPPED = "not stopped"  # the operator asked for a stop in vain
    RECORDING = "recording"


class Concern(Enum):
    """Why the station is not ready, or what is wrong while it records."""

    STOP_FAILED = "stop failed"  # the operator pressed stop and the arm does not stop
    ARM_SILENT = "arm silent"
    ARM_STOPPED = "arm stopped"
    ARM_FAULT = "arm fault"
    CAMERA_SILENT = "camera silent"
    RECORDER_SILENT = "recorder silent"
    RECORDING_CUT = "recording cut"  # the recorder fell silent while it recorded
    STREAM_ERROR = "stream error"


class PictureState(Enum):
    """What a camera's view shows."""

    NONE = "none"
    LIVE = "live"
    STALE = "stale"
    UNREADABLE = "unreadable"


class CellState(Enum):
    """The state of one cell of the health strip."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    STALE = "stale"  # the node reports that its stream stands still
    SILENT = "silent"  # the node itself is not heard any more
    UNHEARD = "unheard"  # the node was never heard


@dataclass(frozen=True)
class BannerView:
    """The banner.

    ``seconds``: recorded, while recording; silent, when lost.
    """

    state: StationState
    seconds: float | None = None
    episode_id: str = ""
    steps: int | None = None
    gaps: int = 0
    concern: Concern | None = None
    subject: str = ""  # the camera or node that the concern is about
    sentence: str = ""  # the station's own words on the concern


@dataclass(frozen=True)
class PictureView:
    """One camera's picture."""

    camera: str
    state: PictureState
    age_s: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class CellView:
    """One stream of the health strip; numbers that were not reported are None."""

    node: str
    state: CellState
    message: str = ""
    silent_s: float | None = None
    rate_hz: float | None = None
    target_hz: float | None = None
    age_ms: float | None = None
    skew_ms: float | None = None
    drops: int | None = None  # lost in the node's window of some seconds
    gaps: int | None = None
    steps: int | None = None
    bytes: int | None = None
    queue: float | None = None  # share in use, 0 to 1
    attempts_left: int | None = None  # demonstrations that the disk has room for
    calibrations: tuple[tuple[str, float], ...] = ()  # camera, age in days
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ArmView:
    """The arm and what may be asked of it."""

    state: str = ""  # of ArmState.msg; empty: nothing heard yet
    level: Level | None = None  # None: nothing heard yet
    fault: str = ""
    clipped: bool = False
    silent_s: float | None = None  # set when it is not heard any more
    pending: Command | None = None
    failed: CommandOutcome | None = None  # the last command, where it did not do its work
    can_reset: bool = False


@dataclass(frozen=True)
class StationView:
    """All that the window shows, beside the pictures themselves."""

    banner: BannerView
    pictures: tuple[PictureView, ...]
    cells: tuple[CellView, ...]
    arm: ArmView


@dataclass
class StationFacts:
    """What was heard of the station, the newest of each kind."""

    frames: dict[str, CameraFrame] = field(default_factory=dict)
    unreadable: dict[str, UnreadableFrame] = field(default_factory=dict)
    arm: ArmReport | None = None
    streams: dict[tuple[str, str], StreamReport] = field(default_factory=dict)
    progress: RecordingProgress | None = None
    recording_since_ns: int | None = None
    episode_id: str = ""
    pending: Command | None = None
    failed: CommandOutcome | None = None
    # The recorder speaks of recording in three ways; the latest word counts.
    _recording: bool = False
    _recorder_heard_ns: int | None = None
    _heard_ns: int | None = None
    _stop_accepted_ns: int | None = None

    def on_frame(self, frame: CameraFrame | UnreadableFrame) -> None:
        if isinstance(frame, CameraFrame):
            self.frames[frame.camera] = frame
            self.unreadable.pop(frame.camera, None)
        else:
            self.unreadable[frame.camera] = frame
        self._hear(frame.arrived_ns)

    def on_arm(self, report: ArmReport) -> None:
        self.arm = report
        self._hear(report.arrived_ns)
        if self.pending is Command.STOP_ARM and report.state == STOPPED:
            self.pending = None
        # Whatever came of the stop, the arm is stopped: nothing more to warn of.
        if (
            report.state == STOPPED
            and self.failed is not None
            and self.failed.command is Command.STOP_ARM
        ):
            self.failed = None

    def on_stream(self, report: StreamReport) -> None:
        self.streams[report.node, report.stream] = report
        self._hear(report.arrived_ns)
        if report.node == RECORDER:
            recording = report.message.startswith(_RECORDING_PREFIX)
            if recording:
                self.episode_id = report.message.removeprefix(_RECORDING_PREFIX).rstrip(".")
            self._hear_recorder(recording, report.arrived_ns)

    def on_progress(self, progress: RecordingProgress) -> None:
        self.progress = progress
        self._hear(progress.arrived_ns)
        self._hear_recorder(True, progress.arrived_ns)

    def on_status(self, status: RecordingStatus) -> None:
        self._hear(status.arrived_ns)
        if status.active and status.since_ns != self.recording_since_ns:
            self._forget_episode()
            self.recording_since_ns = status.since_ns
        self._hear_recorder(status.active, status.arrived_ns)

    def on_command(self, command: Command) -> None:
        self.pending, self.failed, self._stop_accepted_ns = command, None, None

    def on_outcome(self, outcome: CommandOutcome) -> None:
        if outcome.outcome is Outcome.DONE:
            if outcome.command is Command.STOP_ARM:
                self._stop_accepted_ns = outcome.arrived_ns  # done once the arm says so
            elif outcome.command is self.pending:
                self.pending = None
            return
        if outcome.command is self.pending:
            self.pending = None
        self.failed = outcome

    def view(self, now: Instant) -> StationView:
        """Return what the window shows at ``now``."""
        pictures = tuple(self._picture(name, now) for name in CAMERAS)
        cells = self._cells(now)
        silent_s = _since_s(self._heard_ns, now)
        if silent_s is not None and silent_s > SILENT_NODE_S:
            # The banner says it: one alarm, not one a node.
            cells = tuple(replace(cell, state=CellState.UNHEARD) for cell in cells)
        return StationView(self._banner(now, pictures, cells), pictures, cells, self._arm(now))

    # What was heard

    def _hear(self, arrived_ns: int) -> None:
        self._heard_ns = max(self._heard_ns or arrived_ns, arrived_ns)

    def _hear_recorder(self, recording: bool, arrived_ns: int) -> None:
        self._recorder_heard_ns = arrived_ns
        self._recording = recording
        if not recording:
            self._forget_episode()

    def _forget_episode(self) -> None:
        self.progress, self.recording_since_ns, self.episode_id = None, None, ""

    # What is shown

    def _banner(
        self, now: Instant, pictures: tuple[PictureView, ...], cells: tuple[CellView, ...]
    ) -> BannerView:
        silent_s = _since_s(self._heard_ns, now)
        if silent_s is None:
            return BannerView(StationState.WAITING)
        if silent_s > SILENT_NODE_S:
            return BannerView(StationState.LOST, silent_s)
        none = (None, "", "")
        concern, subject, sentence = next(self._concerns(now, pictures, cells), none)
        if concern is Concern.STOP_FAILED:
            return BannerView(StationState.NOT_STOPPED, concern=concern, sentence=sentence)
        if self._recording:
            return self._recording_banner(now, concern, subject, sentence)
        states = {None: StationState.READY, Concern.ARM_STOPPED: StationState.STOPPED}
        state = states.get(concern, StationState.NOT_READY)
        return BannerView(state, concern=concern, subject=subject, sentence=sentence)

    def _recording_banner(
        self, now: Instant, concern: Concern | None, subject: str, sentence: str
    ) -> BannerView:
        silent_s = _since_s(self._recorder_heard_ns, now)
        if silent_s is None or silent_s > SILENT_RECORDING_S:
            return BannerView(
                StationState.NOT_READY,
                silent_s,
                self.episode_id,
                concern=Concern.RECORDING_CUT,
            )
        seconds = None
        if self.recording_since_ns is not None:
            seconds = max(0.0, (now.station_ns - self.recording_since_ns) / NS_PER_S)
        progress = self.progress
        return BannerView(
            StationState.RECORDING,
            seconds,
            self.episode_id,
            progress.steps if progress else None,
            progress.gaps if progress else 0,
            concern,
            subject,
            sentence,
        )

    def _concerns(
        self, now: Instant, pictures: tuple[PictureView, ...], cells: tuple[CellView, ...]
    ) -> Iterator[tuple[Concern, str, str]]:
        """Yield what is wrong, its subject and the station's sentence, the most urgent first."""
        failed = self._failed(now)
        if failed is not None and failed.command is Command.STOP_ARM:
            yield Concern.STOP_FAILED, "", failed.message
        arm = self.arm
        if arm is None or (_since_s(arm.arrived_ns, now) or 0.0) > SILENT_ARM_S:
            yield Concern.ARM_SILENT, "", ""
        elif arm.state == STOPPED:
            yield Concern.ARM_STOPPED, "", arm.fault
        elif arm.state == LOST:
            yield Concern.ARM_FAULT, "", arm.fault
        for picture in pictures:
            if picture.state is PictureState.UNREADABLE:
                yield Concern.STREAM_ERROR, f"{picture.camera}_camera", picture.problem
            elif picture.age_s is None or picture.age_s > SILENT_CAMERA_S:
                yield Concern.CAMERA_SILENT, picture.camera, ""
        recorder_silent_s = _since_s(self._recorder_heard_ns, now)
        if recorder_silent_s is None or recorder_silent_s > SILENT_NODE_S:
            yield Concern.RECORDER_SILENT, "", ""
        for cell in cells:
            if cell.state in (CellState.ERROR, CellState.STALE):
                yield Concern.STREAM_ERROR, cell.node, cell.message

    def _picture(self, name: str, now: Instant) -> PictureView:
        unreadable = self.unreadable.get(name)
        if unreadable is not None:
            age_s = _since_s(unreadable.arrived_ns, now)
            return PictureView(name, PictureState.UNREADABLE, age_s, unreadable.problem)
        frame = self.frames.get(name)
        if frame is None:
            return PictureView(name, PictureState.NONE)
        age_s = max(
            (now.station_ns - frame.stamp_ns) / NS_PER_S,
            (now.monotonic_ns - frame.arrived_ns) / NS_PER_S,
        )
        state = PictureState.STALE if age_s > STALE_PICTURE_S else PictureState.LIVE
        return PictureView(name, state, age_s)

    def _failed(self, now: Instant) -> CommandOutcome | None:
        """Return the last command, where it failed not long ago."""
        accepted_ns = self._stop_accepted_ns
        if self.pending is Command.STOP_ARM and (_since_s(accepted_ns, now) or 0.0) > EFFECT_S:
            return CommandOutcome(Command.STOP_ARM, Outcome.NO_EFFECT, "", accepted_ns or 0)
        failed = self.failed
        if failed and now.monotonic_ns - failed.arrived_ns > SHOW_OUTCOME_S * NS_PER_S:
            return None
        return failed

    def _arm(self, now: Instant) -> ArmView:
        failed = self._failed(now)
        if self.arm is None:
            return ArmView(pending=self.pending, failed=failed)
        silent_s = _since_s(self.arm.arrived_ns, now) or 0.0
        gone = silent_s > SILENT_ARM_S
        level: Level = "ok"
        if gone or self.arm.state == LOST:
            level = "error"
        elif self.arm.state in (STOPPED, REFUSED) or self.arm.fault or self.arm.clipped:
            level = "warning"
        return ArmView(
            self.arm.state,
            level,
            self.arm.fault,
            self.arm.clipped,
            silent_s if gone else None,
            self.pending,
            failed,
            can_reset=self.arm.state == STOPPED and not gone,
        )

    def _cells(self, now: Instant) -> tuple[CellView, ...]:
        skews = self._skews()
        cells = []
        for node in EXPECTED_NODES:
            reports = [r for (n, _), r in self.streams.items() if n == node]
            cells += [_cell(r, now, skews) for r in reports] or [CellView(node, CellState.UNHEARD)]
        for (node, _), report in sorted(self.streams.items()):
            silent_s = _since_s(report.arrived_ns, now) or 0.0
            others = (*EXPECTED_NODES, SESSION)
            if node not in others and silent_s <= FORGET_NODE_S:
                cells.append(_cell(report, now, skews))
        session = [r for (node, _), r in sorted(self.streams.items()) if node == SESSION]
        supplies = [r for r in session if _is_supply(r)]
        if supplies:
            cells.append(_supplies(supplies, now))
        cells += [_cell(r, now, skews) for r in session if not _is_supply(r) and r.level != "ok"]
        return tuple(cells)

    def _skews(self) -> dict[str, float]:
        """Return each camera node's skew in ms: the synchronizer tells them."""
        found = {}
        for (node, _), report in self.streams.items():
            if node == SYNCHRONIZER:
                for camera in CAMERAS:
                    skew = _number(report.values, f"skew_{camera}_ms")
                    if skew is not None:
                        found[f"{camera}_camera"] = skew
        return found


def _cell(report: StreamReport, now: Instant, skews: Mapping[str, float]) -> CellView:
    silent_s = _since_s(report.arrived_ns, now) or 0.0
    details = tuple(report.values.items())
    if silent_s > SILENT_NODE_S:
        return CellView(
            report.node, CellState.SILENT, report.message, silent_s=silent_s, details=details
        )
    values = report.values
    return CellView(
        node=report.node,
        state=CellState(report.level),
        message=report.message,
        rate_hz=_number(values, "rate_hz"),
        target_hz=_number(values, "target_hz"),
        age_ms=_number(values, "age_ms"),
        skew_ms=skews.get(report.node),
        drops=_whole(values, "drops"),
        gaps=_whole(values, "gaps"),
        steps=_whole(values, "steps"),
        bytes=_whole(values, "bytes"),
        queue=_number(values, "queue"),
        details=details,
    )


def _is_supply(report: StreamReport) -> bool:
    return "attempts" in report.values or "age_days" in report.values


def _supplies(reports: Sequence[StreamReport], now: Instant) -> CellView:
    """Return one cell for disk and calibrations, in the state of the worst."""
    silent_s = min(_since_s(report.arrived_ns, now) or 0.0 for report in reports)
    worst = max(reports, key=lambda report: _SEVERITY[report.level])
    details = tuple((r.stream, r.message) for r in reports)
    message = worst.message if worst.level != "ok" else ""
    if silent_s > SILENT_NODE_S:
        return CellView(SUPPLIES, CellState.SILENT, message, silent_s=silent_s, details=details)
    left = [_whole(report.values, "attempts") for report in reports]
    ages = [(r.stream.rpartition(" ")[2], _number(r.values, "age_days")) for r in reports]
    return CellView(
        SUPPLIES,
        CellState(worst.level),
        message,
        attempts_left=next((count for count in left if count is not None), None),
        calibrations=tuple((camera, age) for camera, age in ages if age is not None),
        details=details,
    )


def _number(values: Mapping[str, str], key: str) -> float | None:
    try:
        return float(values[key])
    except (KeyError, ValueError):
        return None


def _whole(values: Mapping[str, str], key: str) -> int | None:
    number = _number(values, key)
    return None if number is None or not abs(number) < float("inf") else round(number)


def _since_s(then_ns: int | None, now: Instant) -> float | None:
    return None if then_ns is None else max(0.0, (now.monotonic_ns - then_ns) / NS_PER_S)
