"""A camera's calibration file, read again when it changes."""

from __future__ import annotations

from pathlib import Path

from collector.calibration_result import CalibrationError, load_calibration
from collector.preflight.observation import CalibrationObservation, calibration_of


class CalibrationFile:
    """The file ``path`` that the camera ``camera`` is to be calibrated by."""

    def __init__(self, path: Path, camera: str) -> None:
        self._path = path
        self._camera = camera
        self._read: tuple[int, int, int] | None = None  # what the file was like when it was read
        self._found: CalibrationObservation | None = None

    def observation(self) -> CalibrationObservation | None:
        """Return what the file says, or None where there is none."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._read = self._found = None
            return None
        except OSError as error:
            self._read = None
            return CalibrationObservation(problem=f"{self._path} cannot be read: {error.strerror}.")
        # Some editors and copies keep the time of change.
        state = status.st_mtime_ns, status.st_size, status.st_ino
        if state != self._read:
            self._read, self._found = state, self._load()
        return self._found

    def _load(self) -> CalibrationObservation:
        try:
            calibration = load_calibration(self._path)
        except CalibrationError as error:
            return CalibrationObservation(problem=f"{str(error).rstrip('.')}.")
        if calibration.camera != self._camera:
            return CalibrationObservation(
                problem=f"{self._path} is of the camera {calibration.camera!r}: calibrate the "
                f"{self._camera} camera, or name its own file in the station description."
            )
        return calibration_of(calibration)
