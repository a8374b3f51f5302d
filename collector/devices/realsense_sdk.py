"""Questions to librealsense that no single camera owns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.devices.camera import CameraError


def import_sdk() -> Any:
    """Return the pyrealsense2 module. Raises CameraError where it cannot be loaded."""
    try:
        import pyrealsense2
    except ImportError as error:
        if "libusb" in str(error):
            raise CameraError(
                "pyrealsense2 needs libusb: install it with `sudo apt install libusb-1.0-0`"
            ) from error
        raise CameraError(
            f"pyrealsense2 cannot be loaded ({error}): install it with"
            " `pip install 'collector[realsense]'`"
        ) from error
    return pyrealsense2


def connected_devices() -> Sequence[Any]:
    """Return the librealsense devices on USB now."""
    return list(import_sdk().context().query_devices())


def device_info(rs: Any, device: Any, key: str) -> str:
    """Return one of librealsense's facts about a device or sensor; empty where unknown."""
    attribute = getattr(rs.camera_info, key)
    return str(device.get_info(attribute)) if device.supports(attribute) else ""


def colour_sensor(rs: Any, device: Any) -> Any:
    """Return the sensor that colour comes from. Raises CameraError where there is none."""
    for sensor in device.query_sensors():
        profiles = sensor.get_stream_profiles()
        if any(profile.stream_type() == rs.stream.color for profile in profiles):
            return sensor
    raise CameraError(f"RealSense {device_info(rs, device, 'serial_number')} has no colour sensor")


def exposure_unit_us(rs: Any, sensor: Any) -> float:
    """Return the exposure option's unit in microseconds.

    RGB modules count hundreds of microseconds, as UVC does; where colour comes from the
    stereo module (D405) they are single ones (librealsense issues 8243 and 12006).
    """
    return 100.0 if device_info(rs, sensor, "name") == "RGB Camera" else 1.0


def unreadable(path: Path, error: Exception) -> str:
    """Return the sentence for a recording that librealsense cannot open."""
    reason = str(error).rsplit("Reason: ", maxsplit=1)[-1]
    return f"{path} is not a whole RealSense recording: record it again ({reason})"
