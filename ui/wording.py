"""The texts of what the window shows, through Qt's translation."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ui.sign import Shape, Sign, Tone
from ui.station_view import (
    EXPECTED_NODES,
    SUPPLIES,
    ArmView,
    BannerView,
    CellState,
    CellView,
    Concern,
    PictureState,
    PictureView,
    StationState,
)
from ui.values import Command, CommandOutcome, Outcome

translate = QCoreApplication.translate


def duration(seconds: float) -> str:
    """Return `2.4 s`, `48 s`, `3 min 05 s` or `1 h 02 min`."""
    if seconds < 10:
        return translate("time", "{0:.1f} s").format(seconds)
    whole = int(seconds)
    if whole < 60:
        return translate("time", "{0} s").format(whole)
    if whole < 3600:
        return translate("time", "{0} min {1:02d} s").format(whole // 60, whole % 60)
    return translate("time", "{0} h {1:02d} min").format(whole // 3600, whole % 3600 // 60)


def sentence(text: str) -> str:
    """Return a message of the station as a sentence."""
    text = text.strip()
    ended = not text or text.endswith((".", "!", "?", ")"))
    first = text.partition(" ")[0]
    if first.isalpha():  # a path or a name stays as it is
        text = text[:1].upper() + text[1:]
    return text + ("" if ended else ".")


def elapsed(seconds: float) -> str:
    """Return a running time as `0:42` or `1:02:03`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours}:{minutes:02d}:{whole % 60:02d}"
    return f"{minutes}:{whole % 60:02d}"


def node_title(node: str) -> str:
    titles = (
        translate("nodes", "Static camera"),
        translate("nodes", "Wrist camera"),
        translate("nodes", "Arm"),
        translate("nodes", "Teleoperation"),
        translate("nodes", "Steps"),
        translate("nodes", "Recorder"),
    )
    known = dict(zip(EXPECTED_NODES, titles, strict=True))
    known[SUPPLIES] = translate("nodes", "Supplies")
    return known.get(node) or node.replace("_", " ").capitalize()


def camera_title(camera: str) -> str:
    return node_title(f"{camera}_camera")


# The banner

_SHAPES = {
    StationState.WAITING: Shape.RING,
    StationState.LOST: Shape.CROSS,
    StationState.NOT_READY: Shape.TRIANGLE,
    StationState.READY: Shape.CHECK,
    StationState.STOPPED: Shape.OCTAGON,
    StationState.NOT_STOPPED: Shape.CROSS,
    StationState.RECORDING: Shape.DISC,
}
_TONES = {
    StationState.WAITING: Tone.IDLE,
    StationState.READY: Tone.READY,
    StationState.RECORDING: Tone.RECORDING,
}


def station_sign(view: BannerView) -> Sign:
    """Return what the banner shows where the station's own state counts."""
    clock = banner_elapsed(view)
    return Sign(
        word=banner_word(view.state),
        shape=_SHAPES[view.state],
        tone=_TONES.get(view.state, Tone.ALERT),
        headline=banner_headline(view),
        detail=banner_detail(view),
        warning=banner_warning(view),
        clock=clock,
        clock_name=translate("banner", "Recording time") if clock else "",
    )


def banner_word(state: StationState) -> str:
    return {
        StationState.WAITING: translate("banner", "WAITING"),
        StationState.LOST: translate("banner", "STATION LOST"),
        StationState.NOT_READY: translate("banner", "NOT READY"),
        StationState.READY: translate("banner", "READY"),
        StationState.STOPPED: translate("banner", "ARM STOPPED"),
        StationState.NOT_STOPPED: translate("banner", "NOT STOPPED"),
        StationState.RECORDING: translate("banner", "RECORDING"),
    }[state]


def banner_headline(view: BannerView) -> str:
    """Return the first, larger line beside the word."""
    if view.state is StationState.WAITING:
        return translate("banner", "No station is heard yet.")
    if view.state is StationState.LOST:
        return translate("banner", "Nothing heard for {0}.").format(duration(view.seconds or 0))
    if view.state is StationState.READY:
        return translate("banner", "The station runs. Nothing is being recorded.")
    if view.state is StationState.RECORDING:
        return view.episode_id or translate("banner", "The episode has just begun.")
    return _concern_headline(view)


def banner_detail(view: BannerView) -> str:
    """Return the second, smaller line: figures, or what to do."""
    if view.state is StationState.WAITING:
        return translate("banner", "Start one with: collector station")
    if view.state is StationState.LOST:
        return translate("banner", "It shows here again by itself, once it runs.")
    if view.state is StationState.READY:
        return ""
    if view.state is StationState.RECORDING:
        return _recording_detail(view)
    return _concern_advice(view)


def banner_elapsed(view: BannerView) -> str:
    if view.state is StationState.RECORDING and view.seconds is not None:
        return elapsed(view.seconds)
    return ""


def banner_warning(view: BannerView) -> str:
    """Return what is wrong while it records: it must not pass unseen."""
    if view.state is not StationState.RECORDING or (view.concern is None and not view.gaps):
        return ""
    parts = []
    if view.concern is not None:
        parts.append(_concern_headline(view))
    if view.concern in (Concern.ARM_FAULT, Concern.STREAM_ERROR):
        parts.append(_concern_advice(view))
    if view.gaps:
        parts.append(_gaps(view.gaps))
    return "  ".join(parts)


def _recording_detail(view: BannerView) -> str:
    parts = []
    if view.steps is not None:
        parts.append(translate("banner", "{0} steps").format(view.steps))
        if not view.gaps:
            parts.append(_gaps(0))
    return "  ·  ".join(parts)


def _gaps(count: int) -> str:
    if count == 1:
        return translate("banner", "1 gap")
    return translate("banner", "{0} gaps").format(count)


def _concern_headline(view: BannerView) -> str:
    return concern_text(view.concern, view.subject)


def concern_text(concern: Concern | None, subject: str) -> str:
    """Return in one short sentence what is wrong with the station."""
    sentences = {
        Concern.STOP_FAILED: translate("banner", "The arm did not stop."),
        Concern.ARM_SILENT: translate("banner", "The arm is not heard."),
        Concern.ARM_STOPPED: translate("banner", "The arm's stop is latched."),
        Concern.ARM_FAULT: translate("banner", "The arm's driver sends nothing."),
        Concern.CAMERA_SILENT: translate("banner", "{0}: no video.").format(camera_title(subject)),
        Concern.RECORDER_SILENT: translate("banner", "The recorder is not heard."),
        Concern.RECORDING_CUT: translate("banner", "The recorder fell silent while recording."),
        Concern.STREAM_ERROR: translate("banner", "{0}: error.").format(node_title(subject)),
    }
    return sentences[concern] if concern is not None else ""


def _concern_advice(view: BannerView) -> str:
    away = translate("banner", "It is started again by itself; if it stays away, check the logs.")
    advice = {
        Concern.STOP_FAILED: translate("banner", "Use the hardware emergency stop."),
        Concern.ARM_STOPPED: translate("banner", "Reset the stop once it is safe."),
        Concern.ARM_FAULT: sentence(view.sentence),
        Concern.CAMERA_SILENT: translate("banner", "Check the camera and its cable."),
        Concern.RECORDING_CUT: translate(
            "banner", "{0} is marked as interrupted when it comes back."
        ).format(view.episode_id or translate("banner", "The episode")),
        Concern.STREAM_ERROR: sentence(view.sentence),
    }
    return advice.get(view.concern, away) if view.concern is not None else ""


# Pictures


def picture_age(view: PictureView) -> str:
    if view.age_s is None:
        return ""
    if view.age_s < 1:
        return translate("camera", "{0:.0f} ms old").format(max(0.0, view.age_s) * 1000)
    return translate("camera", "{0} old").format(duration(view.age_s))


def picture_headline(view: PictureView) -> str:
    """Return the line over a picture that is not live."""
    if view.state is PictureState.NONE:
        return translate("camera", "No video yet")
    if view.state is PictureState.UNREADABLE:
        return translate("camera", "Video cannot be shown")
    if view.state is PictureState.STALE:
        return picture_age(view)
    return ""


def picture_advice(view: PictureView) -> str:
    if view.state is PictureState.NONE:
        return translate(
            "camera",
            "It shows here once the station runs.\n"
            "If the other camera shows already, check this one's cable.",
        )
    return sentence(view.problem)


# The health strip


def cell_word(cell: CellView) -> str:
    if cell.silent_s is not None:
        return translate("health", "Not heard")
    return {
        CellState.OK: translate("health", "OK"),
        CellState.WARNING: translate("health", "Warning"),
        CellState.ERROR: translate("health", "Error"),
        CellState.STALE: translate("health", "Stands still"),
        CellState.SILENT: translate("health", "Not heard"),
        CellState.UNHEARD: translate("health", "Not heard yet"),
    }[cell.state]


def cell_main(cell: CellView) -> str:
    """Return the cell's one figure: measured rate against target, or the recorder's steps."""
    if cell.silent_s is not None:
        return translate("health", "Silent {0}").format(duration(cell.silent_s))
    if cell.state is CellState.UNHEARD:
        return cell_word(cell)
    if cell.rate_hz is not None and cell.target_hz is not None:
        return translate("health", "{0} / {1:g} Hz").format(_rate(cell.rate_hz), cell.target_hz)
    if cell.steps is not None:
        return translate("health", "{0} steps").format(cell.steps)
    if cell.attempts_left is not None:
        return translate("health", "room for {0}").format(cell.attempts_left)
    return ""


def cell_figures(cell: CellView) -> str:
    """Return the small figures, each kept on one line; what was not reported is left out."""
    parts = []
    for camera, age_days in cell.calibrations:
        said = translate("health", "{0} calibrated {1}").format(camera, _days(age_days))
        parts.append(said)
    if cell.age_ms is not None:
        parts.append(translate("health", "age {0:.0f} ms").format(cell.age_ms))
    if cell.skew_ms is not None:
        skew = f"{cell.skew_ms:+.0f}".replace("-", "−")
        parts.append(translate("health", "skew {0} ms").format(skew))
    if cell.gaps is not None:
        parts.append(translate("health", "gaps {0}").format(cell.gaps))
    if cell.drops is not None:
        parts.append(translate("health", "lost {0}").format(cell.drops))
    if cell.bytes is not None:
        parts.append(_size(cell.bytes))
    if cell.queue is not None:
        parts.append(translate("health", "queue {0:.0f} %").format(cell.queue * 100))
    return "  ".join(part.replace(" ", "\u00a0") for part in parts)


def _days(age_days: float) -> str:
    if age_days < 1:
        return translate("health", "today")
    return translate("health", "{0:.0f} d ago").format(age_days)


def _size(count: int) -> str:
    if count >= 1_000_000_000:
        return translate("health", "{0:.1f} GB").format(count / 1e9)
    return translate("health", "{0:.1f} MB").format(count / 1e6)


def cell_sentence(cell: CellView) -> str:
    """Return what the node says, where it is abnormal or where there are no figures."""
    if cell.state in (CellState.SILENT, CellState.UNHEARD):
        return ""
    if cell.state is CellState.OK and (cell_main(cell) or cell_figures(cell)):
        return ""
    return sentence(cell.message)


def cell_details(cell: CellView) -> str:
    """Return all that the node reported, a line each."""
    lines = [f"{node_title(cell.node)}: {cell_word(cell)}"]
    if cell.message:
        lines.append(cell.message)
    lines += [f"{key}: {value}" for key, value in cell.details]
    return "\n".join(lines)


def _rate(rate_hz: float) -> str:
    return f"{rate_hz:.0f}" if rate_hz >= 99.5 else f"{rate_hz:.1f}"


# The arm


def arm_word(view: ArmView) -> str:
    if view.silent_s is not None:
        return translate("arm", "Not heard for {0}").format(duration(view.silent_s))
    if not view.state:
        return translate("arm", "Not heard yet")
    known = {
        "moving": translate("arm", "Moving"),
        "hold: dead-man": translate("arm", "Holding: dead-man released"),
        "hold: no command": translate("arm", "Holding: no command"),
        "hold: refused": translate("arm", "Holding: command refused"),
        "stopped": translate("arm", "Stopped"),
        "lost": translate("arm", "Lost: the driver sends nothing"),
    }
    return known.get(view.state, view.state)


def arm_sentence(view: ArmView) -> str:
    """Return the line under the arm's state: what is most urgent to know."""
    if view.failed is not None:
        return _failure(view.failed)
    if view.pending is Command.STOP_ARM:
        return translate("arm", "Stopping ...")
    if view.pending is Command.RESET_STOP:
        return translate("arm", "Resetting the stop ...")
    if view.silent_s is not None:
        return translate("arm", "What it does now is not known: keep clear.")
    return sentence(view.fault) or _arm_remark(view)


def _arm_remark(view: ArmView) -> str:
    if view.clipped:
        return translate("arm", "At a limit: more was asked of it than it may do.")
    if view.state == "stopped":
        return translate("arm", "It holds until the stop is reset.")
    return ""


def _failure(failed: CommandOutcome) -> str:
    stop = failed.command is Command.STOP_ARM
    if failed.outcome is Outcome.REFUSED:
        if stop:
            said = translate("arm", "NOT STOPPED, use the hardware emergency stop: {0}")
        else:
            said = translate("arm", "The stop was not reset: {0}")
        return said.format(failed.message)
    if stop and failed.outcome is Outcome.NO_EFFECT:
        return translate(
            "arm", "NOT STOPPED: the arm took the stop and does not stop. Use the hardware stop."
        )
    if stop:
        return translate("arm", "NOT STOPPED: the arm does not answer. Use the hardware stop.")
    return translate("arm", "The stop was not reset: the arm does not answer.")
