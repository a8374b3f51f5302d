"""What one camera publishes, for whoever looks at it now and then, with the stamps it was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from calibration.observation import Intrinsics
from collector.clock import NS_PER_S
from collector_interfaces.msg import CameraDevice, FrameMetadata
from collector_nodes import qos
from collector_nodes.camera_node import APPLIED_DELAY
from collector_nodes.inbox import Inbox
from collector_nodes.messages import from_image, to_ns
from collector_nodes.station_node import StationNode

IMAGES_KEPT = 4
METADATA_KEPT = 60


@dataclass(frozen=True)
class Picture:
    """An image [H, W, 3] RGB; ``stamp_ns`` as published, ``device_stamp_ns`` before the
    correction by the delay of a calibration."""

    image: NDArray[np.uint8]
    stamp_ns: int
    device_stamp_ns: int


class CameraFeed:
    """The newest pictures of the camera ``name``."""

    def __init__(self, node: StationNode, name: str) -> None:
        self.name = name
        clock, topic = node.station_clock, f"/{name}_camera"
        self._images = Inbox(node, Image, f"{topic}/image_raw", qos.IMAGES, IMAGES_KEPT, clock)
        self._metadata = Inbox(
            node, FrameMetadata, f"{topic}/metadata", qos_profile_sensor_data, METADATA_KEPT, clock
        )
        self._infos = Inbox(
            node, CameraInfo, f"{topic}/camera_info", qos_profile_sensor_data, 1, clock
        )
        self._devices = Inbox(node, CameraDevice, f"{topic}/device", qos.LATCHED, 1, clock)
        self._applied_ns: dict[int, int] = {}
        self._info: CameraInfo | None = None
        self._device: CameraDevice | None = None

    def take(self) -> list[Picture]:
        """Return the pictures that came since the last time, at most the newest `IMAGES_KEPT`."""
        images = self._images.take()
        for came in self._metadata.take():
            said = dict(zip(came.message.keys, came.message.values, strict=False))
            stamp_ns = to_ns(came.message.header.stamp)
            self._applied_ns[stamp_ns] = round(NS_PER_S * said.get(APPLIED_DELAY, 0.0))
        while len(self._applied_ns) > METADATA_KEPT:
            del self._applied_ns[next(iter(self._applied_ns))]
        self._info = self._infos.newest() or self._info
        pictures = []
        for came in images:
            stamp_ns = to_ns(came.message.header.stamp)
            if stamp_ns not in self._applied_ns:
                continue  # without its metadata nobody knows what its stamp means
            device_ns = stamp_ns + self._applied_ns[stamp_ns]
            pictures.append(Picture(from_image(came.message), stamp_ns, device_ns))
        return pictures

    @property
    def intrinsics(self) -> Intrinsics | None:
        """The lens as the camera publishes it; None until it was heard."""
        info = self._info
        if info is None:
            return None
        k = info.k
        distortion = tuple(map(float, info.d)) or (0.0,) * 5
        return Intrinsics(info.width, info.height, k[0], k[4], k[2], k[5], distortion)

    @property
    def serial(self) -> str:
        """The device's serial number; empty until it was heard."""
        self._device = self._devices.newest() or self._device
        return "" if self._device is None else str(self._device.serial)
