"""The live path: choosing the device, its options, its stamps, its loss.

librealsense's own pipeline runs on librealsense's software device, in place of USB.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from realsense_footage import FPS, MODEL, SERIAL, SoftwareRealSense

from collector.clock import NS_PER_MS, NS_PER_S, ManualClock, SystemClock
from collector.devices.camera import CameraError, Frame, StampSource

pytest.importorskip("pyrealsense2")
from collector.devices.realsense import RealSenseCamera
from collector.devices.realsense_intrinsics import intrinsics_from_sdk

START_NS = 1_700_000_000 * NS_PER_S
START_MS = START_NS // NS_PER_MS
PERIOD_MS = 1000 / FPS


class Rig:
    """A camera on a software device, with the station clock in the test's hand."""

    def __init__(self, device: SoftwareRealSense, **options: Any) -> None:
        self.device = device
        self.clock = ManualClock(START_NS)
        self.plugged_in: list[Any] = [device.device]
        self.camera = RealSenseCamera(
            "wrist", 64, 48, FPS, self.clock, devices=lambda: self.plugged_in, **options
        )

    def frame(self, counter: int, device_ms: float, arrival_ms: float, **how: Any) -> Frame:
        """Push a frame that arrives `arrival_ms` after the start; return what is read."""
        frame = self.try_frame(counter, device_ms, arrival_ms, **how)
        assert frame is not None
        return frame

    def try_frame(
        self, counter: int, device_ms: float, arrival_ms: float, **how: Any
    ) -> Frame | None:
        self.clock.set(START_NS + round(arrival_ms * NS_PER_MS))
        self.device.push(counter, device_ms, **how)
        return self.camera.read(0.0)


@pytest.fixture
def rig(software_realsense: SoftwareRealSense) -> Iterator[Rig]:
    rig = Rig(software_realsense)
    rig.camera.start()
    yield rig
    rig.camera.stop()


class TestFindingTheDevice:
    def camera(self, serial: str | None, *connected: str) -> RealSenseCamera:
        devices = [SoftwareRealSense(s) for s in connected]
        return RealSenseCamera(
            "wrist",
            64,
            48,
            FPS,
            SystemClock(),
            serial=serial,
            devices=lambda: [d.device for d in devices],
        )

    def test_the_serial_number_chooses_among_several(self) -> None:
        camera = self.camera("222", "111", "222", "333")
        camera.start()
        assert (camera.serial, camera.model) == ("222", MODEL)
        camera.stop()

    def test_the_only_one_needs_no_serial_number(self) -> None:
        camera = self.camera(None, "111")
        camera.start()
        assert camera.serial == "111"
        camera.stop()

    def test_a_missing_one_is_named_with_those_that_are_there(self) -> None:
        with pytest.raises(CameraError, match=r"999 is not connected, but 111, 222: plug it in"):
            self.camera("999", "222", "111").start()

    def test_several_without_a_choice_are_named(self) -> None:
        with pytest.raises(CameraError, match=r"several .*\(111, 222\): name one"):
            self.camera(None, "222", "111").start()

    @pytest.mark.parametrize("serial", [None, "999"])
    def test_none_at_all_says_what_to_check(self, serial: str | None) -> None:
        with pytest.raises(CameraError, match=r"connected.*: check its USB 3 cable"):
            self.camera(serial).start()

    def test_usb_without_that_camera_is_the_same_error(self) -> None:
        camera = RealSenseCamera("wrist", 640, 480, 30, SystemClock(), serial="no such serial")
        with pytest.raises(CameraError, match="RealSense no such serial is not connected"):
            camera.start()

    def test_a_size_it_does_not_have_is_refused_naming_those_it_has(self) -> None:
        device = SoftwareRealSense()
        camera = RealSenseCamera(
            "wrist", 640, 480, FPS, SystemClock(), devices=lambda: [device.device]
        )
        with pytest.raises(CameraError, match="it has: 64x48 at 30 fps, rgb8"):
            camera.start()


class TestOptions:
    def test_given_ones_are_set_by_hand_and_told(
        self, software_realsense: SoftwareRealSense
    ) -> None:
        rig = Rig(software_realsense, exposure_us=5000, gain=32, white_balance_k=4000)
        rig.camera.start()
        expected = {
            "exposure": 50.0,  # an RGB module counts 100 us
            "gain": 32.0,
            "white_balance": 4000.0,
            "enable_auto_exposure": 0.0,
            "enable_auto_white_balance": 0.0,
            "auto_exposure_priority": 0.0,
        }
        assert {name: software_realsense.option(name) for name in expected} == expected
        metadata = rig.frame(1, 0.0, 10.0).metadata
        assert {name: metadata[name] for name in expected} == expected
        rig.camera.stop()

    def test_without_any_exposure_is_automatic_but_never_stretches_a_frame(self, rig: Rig) -> None:
        assert rig.device.option("enable_auto_exposure") == 1
        assert rig.device.option("enable_auto_white_balance") == 1
        assert rig.device.option("auto_exposure_priority") == 0

    def test_a_value_outside_the_range_is_refused_with_the_range(
        self, software_realsense: SoftwareRealSense
    ) -> None:
        rig = Rig(software_realsense, gain=500)
        with pytest.raises(CameraError, match="gain 500 is outside 0 to 128"):
            rig.camera.start()


class TestStamps:
    def test_mid_exposure_is_the_frame_time_less_what_the_metadata_say(self, rig: Rig) -> None:
        for k in range(5):
            frame = rig.frame(
                k + 1,
                1000 + k * PERIOD_MS,
                k * PERIOD_MS,
                frame_timestamp=round(1e6 + k * 1000 * PERIOD_MS),
                sensor_timestamp=round(1e6 + k * 1000 * PERIOD_MS) - 6500,
            )
            assert frame.stamp_source is StampSource.MID_EXPOSURE
            expected_ns = START_NS + round((k * PERIOD_MS - 6.5) * NS_PER_MS)
            assert frame.stamp_ns == pytest.approx(expected_ns, abs=2)

    def test_the_difference_survives_the_wrap_of_the_32_bit_metadata(self, rig: Rig) -> None:
        frame = rig.frame(1, 1.0, 0.0, frame_timestamp=1000, sensor_timestamp=2**32 - 4000)
        assert frame.stamp_source is StampSource.MID_EXPOSURE
        assert frame.stamp_ns == START_NS - 5 * NS_PER_MS

    def test_senseless_metadata_are_not_used(self, rig: Rig) -> None:
        frame = rig.frame(1, 1.0, 0.0, frame_timestamp=1000, sensor_timestamp=90_000_000)
        assert frame.stamp_source is StampSource.FRAME
        assert frame.stamp_ns == START_NS

    def test_without_metadata_it_says_frame_time(self, rig: Rig) -> None:
        assert rig.frame(1, 1.0, 0.0).stamp_source is StampSource.FRAME

    def test_without_device_time_it_says_arrival(self, rig: Rig) -> None:
        frame = rig.frame(1, START_MS - 3.0, 0.0, domain="system_time")
        assert frame.stamp_source is StampSource.ARRIVAL
        assert frame.stamp_ns == pytest.approx(START_NS - 3 * NS_PER_MS, abs=NS_PER_MS // 1000)
        assert frame.metadata["timestamp_domain"] == 1

    def test_global_time_is_taken_as_it_is(self, rig: Rig) -> None:
        for k in range(1, 4):
            at_ms = k * PERIOD_MS
            frame = rig.frame(k, START_MS + at_ms - 20, at_ms, domain="global_time")
            assert frame.metadata["timestamp_domain"] == 2
            assert frame.stamp_ns == pytest.approx(
                START_NS + (at_ms - 20) * NS_PER_MS, abs=NS_PER_MS // 1000
            )
            assert frame.metadata["clock_discontinuities"] == 0

    def test_global_time_in_the_future_becomes_the_arrival(self, rig: Rig) -> None:
        frame = rig.frame(1, START_MS + 5.0, 0.0, domain="global_time")
        assert frame.stamp_ns == START_NS

    def test_global_time_that_steps_away_is_mapped_and_counted(self, rig: Rig) -> None:
        for k in range(1, 10):
            wrong_ms = 0 if k < 5 else 3_600_000
            at_ms = k * PERIOD_MS
            frame = rig.frame(k, START_MS + at_ms - 20 + wrong_ms, at_ms, domain="global_time")
            assert abs(frame.stamp_ns - START_NS - at_ms * NS_PER_MS) <= 20.1 * NS_PER_MS
        assert frame.metadata["clock_discontinuities"] >= 1

    def test_a_change_of_the_domain_is_a_discontinuity(self, rig: Rig) -> None:
        rig.frame(1, 0.0, 0.0)
        frame = rig.frame(2, START_MS + 10.0, PERIOD_MS, domain="global_time")
        assert frame.metadata["clock_discontinuities"] == 1

    def test_waiting_in_the_queue_does_not_count_where_the_host_noted_the_arrival(
        self, rig: Rig
    ) -> None:
        for k in range(1, 4):
            arrived_ms = k * 40
            frame = rig.frame(
                k, 40.0 * k, arrived_ms + 300, time_of_arrival=START_MS + arrived_ms - 1
            )
            assert frame.stamp_ns == START_NS + arrived_ms * NS_PER_MS
            assert frame.metadata["latency_ms"] == pytest.approx(300)

    def test_a_late_start_is_corrected_in_order_and_counted(self, rig: Rig) -> None:
        stamps = [rig.frame(1, 0.0, 200.0).stamp_ns]  # the first frames wait in a queue
        stamps += [rig.frame(k + 1, k * PERIOD_MS, 201 + k).stamp_ns for k in range(1, 6)]
        frame = rig.frame(20, 20 * PERIOD_MS, 20 * PERIOD_MS)
        assert frame.stamp_ns == START_NS + round(20 * PERIOD_MS * NS_PER_MS)
        assert frame.metadata["clock_discontinuities"] > 0
        assert [*stamps, frame.stamp_ns] == sorted({*stamps, frame.stamp_ns})

    def test_a_frame_that_a_restart_would_put_back_is_left_out(self, rig: Rig) -> None:
        rig.frame(1, 5000.0, 0.0)
        exposed = {"frame_timestamp": 1_000_000, "sensor_timestamp": 940_000}
        assert rig.try_frame(2, 1000.0, PERIOD_MS, **exposed) is None
        frame = rig.frame(3, 1000.0 + 2 * PERIOD_MS, 3 * PERIOD_MS, **exposed)
        assert frame.stamp_ns > START_NS
        assert frame.metadata["frames_skipped"] == 1

    def test_when_the_station_clock_is_set_back_stamps_follow_it(self, rig: Rig) -> None:
        rig.frame(1, 0.0, 0.0)
        frame = rig.frame(2, PERIOD_MS, -3_600_000.0)
        assert frame.stamp_ns == START_NS - 3600 * NS_PER_S
        assert frame.metadata["clock_discontinuities"] == 1

    def test_the_32_bit_wrap_goes_unnoticed(self, rig: Rig) -> None:
        wrap_ms = 2**32 / 1000
        for k in range(6):
            device_ms = (wrap_ms - 2.5 * PERIOD_MS + k * PERIOD_MS) % wrap_ms
            frame = rig.frame(k + 1, device_ms, k * PERIOD_MS)
            assert frame.stamp_ns == pytest.approx(START_NS + k * PERIOD_MS * NS_PER_MS, abs=1000)
        assert frame.metadata["clock_discontinuities"] == 0


def test_the_image_is_the_readers_own(rig: Rig) -> None:
    """librealsense reuses its buffers; a frame kept must not change."""
    kept = [rig.frame(k, k * PERIOD_MS, k * PERIOD_MS).image for k in range(1, 40)]
    for k, image in enumerate(kept, start=1):
        assert image.shape == (48, 64, 3)
        assert image.flags.owndata
        assert image.flags.c_contiguous
        np.testing.assert_array_equal(image, k)


def test_the_same_frame_again_is_not_a_new_one(rig: Rig) -> None:
    rig.frame(7, 100.0, 0.0)
    assert rig.try_frame(7, 100.0, PERIOD_MS) is None
    assert rig.frame(8, 100.0 + PERIOD_MS, 2 * PERIOD_MS).metadata["frames_skipped"] == 1


def test_a_reader_that_pauses_for_a_fifth_of_a_second_loses_nothing(rig: Rig) -> None:
    for k in range(1, 7):
        rig.device.push(k, k * PERIOD_MS)
    frames = []
    while (frame := rig.camera.read(0.0)) is not None:
        frames.append(frame.counter)
        rig.clock.advance(NS_PER_MS)
    assert frames == [1, 2, 3, 4, 5, 6]


def test_an_unplugged_camera_is_an_error_and_a_start_brings_it_back(rig: Rig) -> None:
    rig.frame(1, 0.0, 0.0)
    device, rig.plugged_in = rig.plugged_in, []
    with pytest.raises(CameraError, match=f"{SERIAL} was unplugged"):
        rig.camera.read(10.0)
    with pytest.raises(CameraError, match="was unplugged"):
        rig.camera.read(0.0)
    with pytest.raises(CameraError, match="check its USB 3 cable"):
        rig.camera.start()
    rig.plugged_in = device
    rig.camera.start()
    assert rig.frame(2, PERIOD_MS, PERIOD_MS).counter == 2


def test_a_silent_camera_that_is_still_there_is_only_silent(rig: Rig) -> None:
    assert rig.camera.read(1.2) is None
    assert rig.frame(1, 0.0, 0.0).counter == 1


def test_a_read_that_waits_ends_when_the_camera_is_stopped(rig: Rig) -> None:
    """`stop` comes from another thread: a console, a signal."""
    errors: list[CameraError] = []

    def reader() -> None:
        try:
            while rig.camera.read(30.0) is not None:
                pass
        except CameraError as error:
            errors.append(error)

    thread = threading.Thread(target=reader)
    thread.start()
    rig.camera.stop()
    thread.join(10.0)
    assert not thread.is_alive()
    assert len(errors) == 1


class TestIntrinsics:
    """What librealsense reports is turned into OpenCV's model without moving a pixel."""

    def test_inverse_brown_conrady_is_fitted_to_a_hundredth_of_a_pixel(self) -> None:
        import cv2
        import pyrealsense2 as rs

        found = rs.intrinsics()
        found.width, found.height = 1280, 720
        found.fx, found.fy, found.ppx, found.ppy = 912.0, 911.0, 645.0, 362.0
        found.model = rs.distortion.inverse_brown_conrady
        found.coeffs = [-0.055, 0.066, -0.0005, 0.0008, -0.021]  # of the size a D455 reports
        intrinsics = intrinsics_from_sdk(rs, found)
        assert intrinsics.distortion_model == "plumb_bob"
        pixels = [[float(u), float(v)] for u in range(0, 1280, 160) for v in range(0, 720, 90)]
        rays = np.array([rs.rs2_deproject_pixel_to_point(found, p, 1.0) for p in pixels])
        zero = np.zeros(3)
        projected, _ = cv2.projectPoints(
            rays, zero, zero, intrinsics.k, np.array(intrinsics.distortion)
        )
        assert np.abs(projected[:, 0] - pixels).max() < 0.01

    def test_without_coefficients_there_is_no_distortion(self) -> None:
        import pyrealsense2 as rs

        found = rs.intrinsics()
        found.width, found.height, found.fx, found.fy = 640, 480, 600.0, 600.0
        found.model = rs.distortion.inverse_brown_conrady
        assert intrinsics_from_sdk(rs, found).distortion == (0.0,) * 5
