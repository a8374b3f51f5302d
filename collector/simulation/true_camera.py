"""What a simulated camera truly is, which a calibration has to find out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from collector.calibration_result import CameraCalibration, load_calibration
from collector.devices.camera import Intrinsics
from collector.geometry import Pose, compose, pose
from collector.simulation.mounts import ParentFrame, default_camera, true_calibration
from collector.station.description import CameraSimulation

NOMINAL_METHOD = "simulator nominal"
_OWN_METHODS = ("simulator truth", NOMINAL_METHOD)

# How far an imperfect camera departs from its nominal values: drawn within these.
_FOCAL = 0.015  # of the nominal, both alike
_ASPECT = 0.002  # between fx and fy
_CENTRE = 0.012  # of the image's width
_K1 = (-0.12, 0.06)
_K2, _K3 = 0.03, 0.005
_TANGENTIAL = 0.001
_NOISE = (1.0, 2.5)  # grey levels
# A drawn distortion that leaves the corners unseen is weakened, until there is room beyond them.
_ROOM, _WEAKER = 1.02, 0.9
_DELAY_MS = (-12.0, 35.0)
_MOUNT_M = 0.008  # along each axis
_MOUNT_RAD = 0.025


@dataclass(frozen=True)
class TrueCamera:
    """A simulated camera: what is drawn, beside what it says of itself.

    ``nominal`` are the intrinsics that the device reports and ``nominal_transform`` [7] is where
    it is meant to be, as ``T_<parent_frame>_<name>_optical``; ``intrinsics`` and ``transform``
    are the truth. A frame's stamp is ``stamp_delay_ns`` after the instant that it shows.
    ``noise`` is one sigma of a pixel's value, grey levels.
    """

    name: str
    parent_frame: ParentFrame
    nominal: Intrinsics
    nominal_transform: Pose
    intrinsics: Intrinsics
    transform: Pose
    noise: float
    stamp_delay_ns: int
    seed: int

    @property
    def serial(self) -> str:
        """The serial number that it reports."""
        return f"SIM-{self.name}"

    @property
    def is_nominal(self) -> bool:
        """Whether the nominal calibration is the true one."""
        return (
            self.intrinsics == self.nominal
            and bool(np.array_equal(self.transform, self.nominal_transform))
            and self.stamp_delay_ns == 0
        )

    def truth(self) -> CameraCalibration:
        """Return the true calibration."""
        truth = true_calibration(
            self.name, self.serial, self.intrinsics, self.parent_frame, self.transform
        )
        return truth.model_copy(update={"delay_s": self.stamp_delay_ns / 1e9})

    def nominal_calibration(self) -> CameraCalibration:
        """Return what is known before any calibration: the data sheet's and the drawing's."""
        if self.is_nominal:
            return self.truth()
        nominal = true_calibration(
            self.name, self.serial, self.nominal, self.parent_frame, self.nominal_transform
        )
        return nominal.model_copy(update={"method": NOMINAL_METHOD, "residual_px": None})


def true_camera(
    name: str, width: int, height: int, simulation: CameraSimulation | None = None
) -> TrueCamera:
    """Return the simulated camera ``name``, as large as the native image, pixels.

    Same description: same camera. Raises ValueError for a name or size that
    `default_camera` does not take.
    """
    nominal, parent_frame, nominal_transform = default_camera(name, width, height)
    given = simulation or CameraSimulation()
    # A stream of its own for each camera: two of one seed are not alike.
    rng = np.random.default_rng([given.seed, *name.encode()])
    drawn = _Drawn.of(rng) if given.imperfect else _Drawn()
    intrinsics = replace(
        nominal,
        fx=_given(given.fx, nominal.fx * drawn.focal * (1.0 + drawn.aspect)),
        fy=_given(given.fy, nominal.fy * drawn.focal),
        cx=_given(given.cx, nominal.cx + drawn.centre[0] * width),
        cy=_given(given.cy, nominal.cy + drawn.centre[1] * width),
        distortion=given.distortion or drawn.distortion,
    )
    while given.distortion is None and _folds(intrinsics):
        weaker = tuple(_WEAKER * c for c in intrinsics.distortion)
        intrinsics = replace(intrinsics, distortion=weaker)
    shift = drawn.mount_m if given.mount_translation_m is None else given.mount_translation_m
    turn = drawn.mount_rad if given.mount_rotation_rad is None else given.mount_rotation_rad
    transform = nominal_transform
    if np.any(shift) or np.any(turn):
        off = pose(shift, Rotation.from_rotvec(turn).as_quat())
        transform = compose(nominal_transform, off)
    return TrueCamera(
        name=name,
        parent_frame=parent_frame,
        nominal=nominal,
        nominal_transform=nominal_transform,
        intrinsics=intrinsics,
        transform=transform,
        noise=_given(given.noise, drawn.noise),
        stamp_delay_ns=round(1e6 * _given(given.stamp_delay_ms, drawn.delay_ms)),
        seed=given.seed,
    )


def truth_path(data: Path, name: str) -> Path:
    """Return where the truth about the simulated camera ``name`` is kept in a data folder."""
    return data / "calibration" / "truth" / f"{name}.yaml"


def write_calibrations(camera: TrueCamera, path: Path, data: Path) -> None:
    """Write what is known of ``camera`` to ``path``, and the truth beside it to compare with.

    A measured calibration in ``path`` stays; the simulator's own follows its cameras. The
    truth is written where it is not the nominal: see `truth_path`. Raises CalibrationError
    when ``path`` cannot be read.
    """
    known = camera.nominal_calibration()
    if not path.exists() or (
        (stored := load_calibration(path)).method in _OWN_METHODS and stored != known
    ):
        known.save(path)
    kept = truth_path(data, camera.name)
    if camera.is_nominal:
        kept.unlink(missing_ok=True)  # of a camera that was there before
    else:
        camera.truth().save(kept)


@dataclass(frozen=True)
class _Drawn:
    """Departures from the nominal; none by default."""

    focal: float = 1.0
    aspect: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    noise: float = 0.0
    delay_ms: float = 0.0
    mount_m: tuple[float, ...] = (0.0, 0.0, 0.0)
    mount_rad: tuple[float, ...] = (0.0, 0.0, 0.0)

    @classmethod
    def of(cls, rng: np.random.Generator) -> _Drawn:
        def within(low: float, high: float) -> float:
            return float(rng.uniform(low, high))

        def three(reach: float) -> tuple[float, ...]:
            values: NDArray[np.float64] = rng.uniform(-reach, reach, 3)
            return tuple(values.tolist())

        return cls(
            focal=1.0 + within(-_FOCAL, _FOCAL),
            aspect=within(-_ASPECT, _ASPECT),
            centre=(within(-_CENTRE, _CENTRE), within(-_CENTRE, _CENTRE)),
            distortion=(
                within(*_K1),
                within(-_K2, _K2),
                within(-_TANGENTIAL, _TANGENTIAL),
                within(-_TANGENTIAL, _TANGENTIAL),
                within(-_K3, _K3),
            ),
            noise=within(*_NOISE),
            delay_ms=within(*_DELAY_MS),
            mount_m=three(_MOUNT_M),
            mount_rad=three(_MOUNT_RAD),
        )


def _folds(intrinsics: Intrinsics) -> bool:
    """Whether the lens shows nothing in the picture's farthest corner, or nearly so.

    `Lens` refuses any that folds, once it has traced every pixel: 0.3 s, too long to try.
    """
    k = intrinsics
    corners = np.array([[u, v] for u in (0.0, k.width - 1.0) for v in (0.0, k.height - 1.0)])
    far = float(np.linalg.norm((corners - (k.cx, k.cy)) / (k.fx, k.fy), axis=1).max())
    k1, k2, _, _, k3 = k.distortion
    r = np.linspace(0.0, 2.0 * far, 400)
    bent = r * (1.0 + k1 * r**2 + k2 * r**4 + k3 * r**6)
    falls = np.flatnonzero(np.diff(bent) <= 0.0)
    reach = bent[falls[0]] if len(falls) else bent[-1]
    return bool(reach < _ROOM * far)


def _given(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
