"""A recording and a software device for the camera tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from realsense_footage import FPS, INTRINSICS, MODEL, SERIAL, SoftwareRealSense, footage


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RealSense recording of 30 frames, 1 s."""
    pytest.importorskip("pyrealsense2")
    from collector.devices.realsense_recording import record

    path = tmp_path_factory.mktemp("realsense") / "static.db3"
    record(path, footage(30), INTRINSICS, fps=FPS, serial=SERIAL, name=MODEL)
    return path


@pytest.fixture
def software_realsense() -> SoftwareRealSense:
    pytest.importorskip("pyrealsense2")
    return SoftwareRealSense()
