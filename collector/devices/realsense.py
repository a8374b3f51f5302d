"""The colour stream of an Intel RealSense camera, live or from a recording.

Both come through librealsense's own pipeline (``pyrealsense2``), so what is tried on a
recording holds for the camera.

Stamps: the *sensor* timestamp of the frame's metadata is the middle of the exposure, the
*frame* timestamp the start of its transmission, both on the device clock. The stamp
is therefore ``get_timestamp()`` minus their difference, mapped to the station clock.
Without metadata only the frame's time or its arrival is known, and the frame says so.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_MS, NS_PER_S, Clock
from collector.devices.camera import CameraError, Frame, Intrinsics, StampSource
from collector.devices.device_clock import DeviceClock, ns_from_ms
from collector.devices.realsense_intrinsics import intrinsics_from_sdk
from collector.devices.realsense_recording import probe
from collector.devices.realsense_sdk import (
    colour_sensor,
    connected_devices,
    device_info,
    exposure_unit_us,
    import_sdk,
)

_WAIT_SLICE_S = 0.1  # how often a waiting read looks whether the device is still there
_SILENCE_S = 1.0  # without a frame for this long, the bus is searched for the device
_QUEUE_S = 0.2  # how long a reader may pause and lose no frame
_QUEUE_MOST = 12  # librealsense lends out 16 frames a sensor at most
_LARGEST_AGE_US = 1_000_000  # exposure and readout; more is broken metadata
_WRAP_US = 2**32

_T = TypeVar("_T")

_METADATA = {"exposure_us": "actual_exposure", "gain": "gain_level"}


@dataclass
class _Stream:
    """What exists only while the pipeline runs."""

    pipeline: Any
    queue: Any
    device: Any
    clock: DeviceClock
    settings: dict[str, float]
    domain: Any = None
    domain_changes: int = 0  # each change of the domain is a discontinuity of its own
    discontinuities: int = 0  # those of the clocks of earlier domains
    last_frame_s: float = field(default_factory=time.monotonic)
    last_counter: int = -1
    last_device_ms: float = math.nan
    last_stamp_ns: int | None = None
    frames: int = 0
    skipped: int = 0


class RealSenseCamera:
    """A RealSense colour camera behind the `Camera` protocol.

    ``serial``           which camera; None: the only one connected.
    ``recording``        play this ``.db3`` file, in real time, instead of a live camera;
                         with ``loop`` from the start again at its end, else `read` raises
                         CameraError there.
    ``exposure_us``, ``gain``  fix the exposure (both automatic when both are None).
    ``white_balance_k``  fixes the white balance, in kelvin.
    ``devices``          lists connected librealsense devices; by default those on USB.

    Frames whose corrected stamp would not be later than the one before are left out (the
    device's counter shows the gap), except when the station clock was set back. Frame
    metadata tell ``device_time_ms``, ``timestamp_domain`` (librealsense's number: 0
    hardware, 1 system, 2 global), ``latency_ms`` (arrival - stamp),
    ``clock_discontinuities``, ``clock_skew_ppm``, ``frames_skipped``, exposure and gain
    where the camera says, and each option that was set.
    """

    def __init__(
        self,
        name: str,
        width: int,
        height: int,
        fps: int,
        clock: Clock,
        *,
        serial: str | None = None,
        recording: Path | None = None,
        loop: bool = False,
        exposure_us: float | None = None,
        gain: float | None = None,
        white_balance_k: float | None = None,
        devices: Callable[[], Sequence[Any]] | None = None,
    ) -> None:
        self.name = name
        self._width, self._height, self._fps = width, height, fps
        self._clock = clock
        self._wanted_serial = serial
        self._recording = recording
        self._loop = loop
        self._exposure_us = exposure_us
        self._gain = gain
        self._white_balance_k = white_balance_k
        self._devices = devices or connected_devices
        self._stream: _Stream | None = None
        self._failure: str | None = f"{name} was not started: start it before reading"
        self._intrinsics: Intrinsics | None = None
        self._serial: str | None = None
        self._model: str | None = None

    @property
    def intrinsics(self) -> Intrinsics:
        """Factory intrinsics of the stream. Raises CameraError before the first start."""
        return self._known(self._intrinsics)

    @property
    def serial(self) -> str:
        """Serial number of the camera, also of a recorded one. Raises CameraError before."""
        return self._known(self._serial)

    @property
    def model(self) -> str:
        """Product name. Raises CameraError before the first start."""
        return self._known(self._model)

    @property
    def device_clock(self) -> DeviceClock:
        """The mapping of the device's clock. Raises CameraError while not streaming."""
        return self._streaming().clock

    def _known(self, value: _T | None) -> _T:
        if value is None:
            raise CameraError(f"{self.name} was not started: its device is not known yet")
        return value

    def start(self) -> None:
        """Open the device and stream; nothing happens where it streams already.

        Raises CameraError, naming what is connected or recorded, where it cannot.
        """
        if self._stream is not None:
            return
        rs = import_sdk()
        config = rs.config()
        pipeline = rs.pipeline()
        settings: dict[str, float] = {}
        if self._recording is not None:
            probe(self._recording)  # raises where it cannot be played
            config.enable_device_from_file(str(self._recording), repeat_playback=self._loop)
        else:
            device = self._find_device(rs)
            settings = self._set_options(rs, device)
            pipeline.set_device(device)
        config.enable_stream(rs.stream.color, self._width, self._height, rs.format.rgb8, self._fps)
        queue = rs.frame_queue(max(2, min(_QUEUE_MOST, math.ceil(self._fps * _QUEUE_S))))
        try:
            profile = pipeline.start(config, queue)
        except RuntimeError as error:
            raise CameraError(self._why_not(error)) from error
        video = profile.get_stream(rs.stream.color).as_video_stream_profile()
        device = profile.get_device()
        self._intrinsics = intrinsics_from_sdk(rs, video.get_intrinsics())
        self._serial = device_info(rs, device, "serial_number")
        self._model = device_info(rs, device, "name")
        self._stream = _Stream(pipeline, queue, device, DeviceClock(), settings)
        self._failure = None

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame, RGB uint8 [height, width, 3], or None after ``timeout_s``.

        Raises CameraError when the camera was not started, was unplugged, or its recording
        has ended.
        """
        stream = self._streaming()
        deadline_s = time.monotonic() + max(timeout_s, 0.0)
        while True:
            left_s = deadline_s - time.monotonic()
            wait_ms = math.ceil(1000 * min(max(left_s, 0.0), _WAIT_SLICE_S))
            came, item = stream.queue.try_wait_for_frame(wait_ms)
            if came:
                frame = self._frame(stream, item)
                if frame is not None:
                    return frame
            if self._stream is not stream:
                raise CameraError(f"{self.name} was stopped while a frame was awaited")
            if not came:
                self._check_alive(stream)
            if left_s <= 0.0:
                return None

    def stop(self) -> None:
        """Stop streaming and release the device. Never raises."""
        self._release(f"{self.name} is stopped: start it before reading")

    def _release(self, failure: str) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._failure = failure
            # raises when the device is already gone: then there is nothing to stop
            with contextlib.suppress(RuntimeError):
                stream.pipeline.stop()

    def _streaming(self) -> _Stream:
        if self._stream is None:
            raise CameraError(self._failure or f"{self.name} is stopped")
        return self._stream

    # ---- finding the device ------------------------------------------------

    def _find_device(self, rs: Any) -> Any:
        """Return the wanted device. Raises CameraError naming those that are connected."""
        devices = {device_info(rs, device, "serial_number"): device for device in self._devices()}
        wanted = self._wanted_serial
        if wanted is None and len(devices) == 1:
            return next(iter(devices.values()))
        if wanted is not None and wanted in devices:
            return devices[wanted]
        if not devices:
            which = f"RealSense {wanted} is not connected, nor is any other"
            raise CameraError(
                f"{self.name}: {which if wanted else 'no RealSense is connected'}:"
                " check its USB 3 cable and librealsense's udev rules"
            )
        found = ", ".join(sorted(devices))
        if wanted is None:
            raise CameraError(
                f"{self.name}: several RealSense cameras are connected ({found}):"
                " name one by its serial number"
            )
        raise CameraError(
            f"{self.name}: RealSense {wanted} is not connected, but {found}:"
            " plug it in or correct the serial number"
        )

    def _why_not(self, error: RuntimeError) -> str:
        """Return the sentence for a pipeline that would not start."""
        asked = f"{self._width}x{self._height} at {self._fps} fps, rgb8"
        if "resolve" in str(error):
            source = "the recording has no" if self._recording else "the camera offers no"
            offered = self._offered()
            return f"{self.name}: {source} colour stream of {asked}; it has: {offered}"
        if "busy" in str(error).lower() or "power state" in str(error):
            return f"{self.name} is used by another program: close it and start again ({error})"
        return f"{self.name} cannot stream {asked}: {error}"

    def _offered(self) -> str:
        """Return the colour streams that could be asked for, as text."""
        rs = import_sdk()
        if self._recording is not None:
            device = rs.context().load_device(str(self._recording))
        else:
            device = self._find_device(rs)
        streams = set()
        for sensor in device.query_sensors():
            for profile in sensor.get_stream_profiles():
                if profile.stream_type() == rs.stream.color:
                    video = profile.as_video_stream_profile()
                    size = f"{video.width()}x{video.height()}"
                    streams.add(f"{size} at {profile.fps()} fps, {profile.format().name}")
        return "; ".join(sorted(streams)) or "no colour stream"

    def _check_alive(self, stream: _Stream) -> None:
        """Raise CameraError where no frame can come any more."""
        silent_s = time.monotonic() - stream.last_frame_s
        failure = None
        if self._recording is not None:
            # a playback that has not begun yet is "stopped" too
            begun = stream.frames > 0 or silent_s > _SILENCE_S
            if begun and not self._loop and _has_ended(stream.device):
                failure = f"{self.name}: the recording {self._recording} has ended: start it again"
        elif silent_s > _SILENCE_S and not self._is_connected(stream):
            failure = (
                f"{self.name}: RealSense {self._serial} was unplugged or lost its power:"
                " check the cable and start it again"
            )
        # a last frame may have come between the wait and the look
        if failure is not None and stream.queue.size() == 0:
            self._release(failure)
            raise CameraError(failure)

    def _is_connected(self, stream: _Stream) -> bool:
        rs = import_sdk()
        stream.last_frame_s = time.monotonic()  # search the bus once a second, not each slice
        with contextlib.suppress(RuntimeError):
            serials = [device_info(rs, device, "serial_number") for device in self._devices()]
            return bool(stream.device.is_connected()) and self._serial in serials
        return False

    # ---- options -----------------------------------------------------------

    def _set_options(self, rs: Any, device: Any) -> dict[str, float]:
        """Set exposure, gain and white balance; return every option set, in its own unit."""
        sensor = colour_sensor(rs, device)
        settings: dict[str, float] = {}

        def set_option(option: str, value: float, required: bool = True) -> None:
            key = getattr(rs.option, option)
            if not sensor.supports(key):
                if required:
                    raise CameraError(f"{self.name} has no option {option}: leave it out")
                return
            span = sensor.get_option_range(key)
            if not span.min <= value <= span.max:
                raise CameraError(
                    f"{self.name}: {option} {value:g} is outside {span.min:g} to {span.max:g}"
                    " in the camera's unit: choose a value inside"
                )
            sensor.set_option(key, value)
            settings[option] = float(value)

        try:
            # constant frame rate: exposure never stretches a frame period
            set_option("auto_exposure_priority", 0, required=False)
            manual = self._exposure_us is not None or self._gain is not None
            set_option("enable_auto_exposure", 0 if manual else 1, required=False)
            if self._exposure_us is not None:
                set_option("exposure", self._exposure_us / exposure_unit_us(rs, sensor))
            if self._gain is not None:
                set_option("gain", self._gain)
            fixed_white = self._white_balance_k is not None
            set_option("enable_auto_white_balance", 0 if fixed_white else 1, required=False)
            if self._white_balance_k is not None:
                set_option("white_balance", self._white_balance_k)
        except RuntimeError as error:
            raise CameraError(f"{self.name}: an option cannot be set: {error}") from error
        return settings

    # ---- frames ------------------------------------------------------------

    def _frame(self, stream: _Stream, item: Any) -> Frame | None:
        """Return the frame of a queue item, or None where it is not a new one in order."""
        rs = import_sdk()
        now_ns = self._clock.now_ns()
        colour = item.as_frameset().get_color_frame() if item.is_frameset() else item
        colour = colour.as_video_frame()
        if not colour:
            return None
        stream.last_frame_s = time.monotonic()
        counter, device_ms = colour.get_frame_number(), colour.get_timestamp()
        if counter == stream.last_counter and device_ms == stream.last_device_ms:
            stream.skipped += 1
            return None
        stream.last_counter, stream.last_device_ms = counter, device_ms

        stamp_ns, source = self._stamp(rs, stream, colour, now_ns)
        last_ns = stream.last_stamp_ns
        if last_ns is not None and stamp_ns <= last_ns <= now_ns:
            stream.skipped += 1
            return None
        stream.last_stamp_ns = stamp_ns
        stream.frames += 1
        metadata = {
            **stream.settings,
            "device_time_ms": device_ms,
            "timestamp_domain": float(int(stream.domain)),
            "latency_ms": (now_ns - stamp_ns) / NS_PER_MS,
            "clock_skew_ppm": stream.clock.skew_ppm,
            "clock_discontinuities": float(
                stream.discontinuities + stream.domain_changes + stream.clock.discontinuities
            ),
            "frames_skipped": float(stream.skipped),
        }
        for name, attribute in _METADATA.items():
            value = _metadata(rs, colour, attribute)
            if value is not None:
                metadata[name] = float(value)
        # a copy, because librealsense takes the buffer back
        image: NDArray[np.uint8] = np.array(colour.get_data(), dtype=np.uint8, order="C")
        return Frame(image, stamp_ns, counter, source, metadata)

    def _stamp(self, rs: Any, stream: _Stream, colour: Any, now_ns: int) -> tuple[int, StampSource]:
        """Return the stamp on the station clock, ns, and what it is the time of."""
        domain = colour.get_frame_timestamp_domain()
        live = self._recording is None
        if domain != stream.domain:
            if stream.domain is not None:
                stream.domain_changes += 1
                stream.discontinuities += stream.clock.discontinuities
            claims_station_time = live and domain != rs.timestamp_domain.hardware_clock
            stream.clock = DeviceClock(synchronized=claims_station_time)
            stream.domain = domain
        try:
            device_ns = ns_from_ms(colour.get_timestamp())
        except ValueError:
            return now_ns, StampSource.ARRIVAL
        arrival_ns = _arrival_ns(rs, colour, now_ns) if live else now_ns
        source, age_us = StampSource.FRAME, 0
        if domain == rs.timestamp_domain.system_time:
            source = StampSource.ARRIVAL  # librealsense's word for: no device time
        else:
            sent_us = _metadata(rs, colour, "frame_timestamp")
            exposed_us = _metadata(rs, colour, "sensor_timestamp")
            if sent_us is not None and exposed_us is not None:
                age_us = (sent_us - exposed_us) % _WRAP_US
                if age_us <= _LARGEST_AGE_US:
                    source = StampSource.MID_EXPOSURE
                else:
                    age_us = 0
        return stream.clock.stamp(device_ns, arrival_ns, age_us * 1000), source


def _arrival_ns(rs: Any, colour: Any, now_ns: int) -> int:
    """Return when the frame arrived at the host, ns.

    librealsense notes it, in whole milliseconds of the system clock, before the frame waits
    in any queue; it is taken where the station clock agrees.
    """
    arrival_ms = _metadata(rs, colour, "time_of_arrival")
    if arrival_ms is not None:
        arrival_ns = (arrival_ms + 1) * NS_PER_MS  # it was cut off, never before it arrived
        if now_ns - NS_PER_S <= arrival_ns:
            return int(min(arrival_ns, now_ns))
    return now_ns


def _metadata(rs: Any, frame: Any, attribute: str) -> int | None:
    key = getattr(rs.frame_metadata_value, attribute)
    if not frame.supports_frame_metadata(key):
        return None
    return int(frame.get_frame_metadata(key))


def _has_ended(device: Any) -> bool:
    return bool(device.as_playback().current_status().name == "stopped")
