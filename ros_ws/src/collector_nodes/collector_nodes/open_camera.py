"""The camera that a station description asks for."""

from __future__ import annotations

from collections.abc import Callable

from collector.clock import Clock
from collector.devices.camera import Camera
from collector.simulation.state import WorldState
from collector.station.description import Station


def open_camera(
    station: Station,
    name: str,
    clock: Clock,
    state_source: Callable[[], tuple[int, WorldState] | None],
) -> Camera:
    """Return the camera ``name``, not started.

    ``state_source`` gives a simulated camera the newest state to draw and its stamp, ns.
    Device libraries are imported only for the backend that is asked for.
    """
    description = station.cameras[name]
    if description.backend == "realsense":
        from collector.devices.realsense import RealSenseCamera

        return RealSenseCamera(
            name,
            description.width,
            description.height,
            description.fps,
            clock,
            serial=description.serial or None,
            recording=description.recording,
            loop=description.loop,
            exposure_us=description.exposure_us,
            gain=description.gain,
            white_balance_k=description.white_balance_k,
        )

    from collector.simulation.camera import SimulatedCamera
    from collector.simulation.true_camera import true_camera, write_calibrations

    truth = true_camera(name, description.width, description.height, description.simulation)
    write_calibrations(truth, station.calibration_path(name), station.data)
    return SimulatedCamera(
        name,
        truth.intrinsics,
        truth.parent_frame,
        truth.transform,
        description.fps,
        state_source,
        clock,
        phase_ns=round(description.phase_ms * 1e6),
        nominal=truth.nominal,
        noise=truth.noise,
        stamp_delay_ns=truth.stamp_delay_ns,
        seed=truth.seed,
    )
