"""Footage, and a RealSense device made of software, for the camera tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_S
from collector.devices.camera import Intrinsics

FPS = 30
SERIAL = "031422250347"
MODEL = "Intel RealSense D435"
INTRINSICS = Intrinsics(64, 48, 60.5, 61.25, 31.75, 23.5, distortion=(0.125, -0.25, 0.0, 0.0, 0.5))
FOOTAGE_START_NS = 1_700_000_000 * NS_PER_S


def footage(count: int) -> list[tuple[NDArray[np.uint8], int]]:
    """Return `count` different images [48, 64, 3] and when they were taken, ns."""
    rng = np.random.default_rng(20)
    images = rng.integers(0, 256, (count, 48, 64, 3), dtype=np.uint8)
    return [(image, FOOTAGE_START_NS + k * NS_PER_S // FPS) for k, image in enumerate(images)]


class SoftwareRealSense:
    """librealsense's software device: the live path without a camera on USB."""

    def __init__(self, serial: str = SERIAL) -> None:
        import pyrealsense2

        self.rs: Any = pyrealsense2
        rs = self.rs
        self.device = rs.software_device()
        self.device.register_info(rs.camera_info.serial_number, serial)
        self.device.register_info(rs.camera_info.name, MODEL)
        self.sensor = self.device.add_sensor("RGB Camera")
        stream = rs.video_stream()
        stream.type, stream.index, stream.uid = rs.stream.color, 0, 0
        stream.width, stream.height, stream.fps = 64, 48, FPS
        stream.bpp, stream.fmt = 3, rs.format.rgb8
        intrinsics = rs.intrinsics()
        intrinsics.width, intrinsics.height = 64, 48
        intrinsics.fx, intrinsics.fy, intrinsics.ppx, intrinsics.ppy = 60.5, 61.25, 31.75, 23.5
        stream.intrinsics = intrinsics
        self.profile = self.sensor.add_video_stream(stream).as_video_stream_profile()
        self._option("exposure", 1, 10000, 166)
        self._option("gain", 0, 128, 64)
        self._option("white_balance", 2800, 6500, 4600)
        for switch in ("enable_auto_exposure", "auto_exposure_priority"):
            self._option(switch, 0, 1, 1)
        self._option("enable_auto_white_balance", 0, 1, 1)

    def _option(self, name: str, least: float, most: float, default: float) -> None:
        span = self.rs.option_range()
        span.min, span.max, span.default, span.step = least, most, default, 1
        self.sensor.add_option(getattr(self.rs.option, name), span, True)

    def option(self, name: str) -> float:
        return float(self.sensor.get_option(getattr(self.rs.option, name)))

    def push(
        self,
        counter: int,
        device_ms: float,
        *,
        domain: str = "hardware_clock",
        **metadata: int,
    ) -> None:
        """Deliver a frame whose pixels all hold its counter."""
        rs = self.rs
        for name, value in metadata.items():
            self.sensor.set_metadata(getattr(rs.frame_metadata_value, name), value)
        frame = rs.software_video_frame()
        frame.pixels = np.full((48, 64, 3), counter % 256, np.uint8)
        frame.stride, frame.bpp = 3 * 64, 3
        frame.timestamp, frame.frame_number = device_ms, counter
        frame.domain = getattr(rs.timestamp_domain, domain)
        frame.profile = self.profile
        self.sensor.on_video_frame(frame)
