"""What a station must be like before anybody records: the numbers, and why."""

from __future__ import annotations

from dataclasses import dataclass

from collector.clock import NS_PER_MS, NS_PER_S
from collector.station.description import Station

DAY_NS = 86_400 * NS_PER_S


@dataclass(frozen=True)
class PreflightPolicy:
    """Limits of the checks: beyond ``warn_*`` it is a warning, beyond ``refuse_*`` a refusal."""

    cameras: tuple[str, ...] = ("static", "wrist")  # an episode has both

    # Streams. A late frame now and then costs a step; half the rate costs every other one.
    warn_rate: float = 0.9  # of the nominal rate
    refuse_rate: float = 0.5
    refuse_age_ns: int = 1 * NS_PER_S  # a stream lost for a second ends an attempt
    refuse_frozen_share: float = 0.2  # of the frames; a repeated one is a gap

    # Light, luma 0 to 255. A policy sees 8 bits: what is clipped is lost for good.
    warn_median: tuple[float, float] = (50.0, 205.0)
    refuse_median: tuple[float, float] = (20.0, 240.0)
    warn_dark_share: float = 0.25  # a black gripper in front of the wrist camera fills some 20 %
    refuse_dark_share: float = 0.7
    warn_bright_share: float = 0.1  # a lamp's reflections come to some per cent
    refuse_bright_share: float = 0.4
    least_contrast: float = 15.0  # 95th minus 5th percentile; a covered lens has less
    # Grey-world: 6500 K when the white balance fits; coloured tables move it by 1000 to 2000 K.
    warn_cct_k: tuple[float, float] = (3800.0, 10_000.0)
    warn_setting_spread: float = 0.02  # of exposure and gain, between frames; devices round

    # Time between image and arm. Nearest pairing of a free-running camera is within half a frame
    # period; beyond a whole one the step is a gap.
    warn_skew_periods: float = 0.6
    refuse_skew_periods: float = 1.0
    refuse_gap_share: float = 0.2  # of the newest steps
    least_steps: int = 5  # a second of the grid

    # Arm: sensors of a resting joint show some mrad/s.
    warn_joint_velocity: float = 0.02  # rad/s
    refuse_joint_velocity: float = 0.1  # 5 cm/s at half a metre

    # Teleoperation: the arm's watchdog holds after 200 ms.
    warn_teleop_age_ns: int = 200 * NS_PER_MS
    refuse_teleop_age_ns: int = 1 * NS_PER_S

    # Calibration: mounts creep and get knocked. A week is what a look at the overlay bears out.
    warn_calibration_age_ns: int = 7 * DAY_NS
    refuse_calibration_age_ns: int = 30 * DAY_NS

    # Disk.
    refuse_attempts: int = 15  # one block of demonstrations must fit
    warn_attempts: int = 150  # about a day
    reserve_bytes: int = 2 * 10**9  # the recorder refuses below this
    least_history: int = 5  # attempts; with fewer their size is not known
    # Before there is history: 20 s, two lossless 224 x 224 streams and two 720p videos.
    default_attempt_bytes: int = 50 * 10**6

    # Clock: stamps of one attempt must be in order; attempts of two stations comparable.
    warn_step_ns: int = 10 * NS_PER_MS  # 6 mm at 0.6 m/s
    refuse_step_ns: int = 1 * NS_PER_S
    warn_offset_ns: int = 100 * NS_PER_MS  # NTP keeps within some ms
    refuse_offset_ns: int = 5 * NS_PER_S
    sealed_tolerance_ns: int = 1 * NS_PER_S  # seconds are what a seal is stamped with
    earliest_ns: int = 1_735_689_600 * NS_PER_S  # 2025-01-01: a clock before it was never set

    # Consent.
    consent_scope: tuple[str, ...] = ()  # every one of these must be in the consent's scope
    warn_expires_ns: int = 14 * DAY_NS  # time to ask the operator again

    @classmethod
    def of_station(cls, station: Station) -> PreflightPolicy:
        """Return the policy with what a station's description says of it."""
        limits = station.preflight
        return cls(
            cameras=tuple(station.cameras),
            reserve_bytes=round(station.recording.min_free_gb * 1e9),
            warn_median=limits.warn_brightness,
            refuse_median=limits.refuse_brightness,
            warn_cct_k=limits.warn_colour_k,
            warn_calibration_age_ns=round(limits.warn_calibration_days * DAY_NS),
            refuse_calibration_age_ns=round(limits.refuse_calibration_days * DAY_NS),
            warn_attempts=limits.warn_attempts,
            refuse_attempts=limits.refuse_attempts,
        )

    def __post_init__(self) -> None:
        """Raise ValueError where a warning would come after the refusal."""
        for mild, hard in (
            ("refuse_rate", "warn_rate"),
            ("warn_dark_share", "refuse_dark_share"),
            ("warn_bright_share", "refuse_bright_share"),
            ("warn_skew_periods", "refuse_skew_periods"),
            ("warn_joint_velocity", "refuse_joint_velocity"),
            ("warn_teleop_age_ns", "refuse_teleop_age_ns"),
            ("warn_calibration_age_ns", "refuse_calibration_age_ns"),
            ("refuse_attempts", "warn_attempts"),
            ("warn_step_ns", "refuse_step_ns"),
            ("warn_offset_ns", "refuse_offset_ns"),
        ):
            low, high = getattr(self, mild), getattr(self, hard)
            if low > high:
                raise ValueError(f"{mild} is {low}, it must not be above {hard}, {high}")
        (a, b), (c, d) = self.refuse_median, self.warn_median
        if not a <= c <= d <= b:
            raise ValueError("warn_median must lie inside refuse_median")
