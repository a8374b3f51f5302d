"""A calibration, poses, figures and findings like those of the simulated station."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from calibration.board import CharucoBoard
from collector.calibration_result import BoardRecord, CameraCalibration, ViewRecord
from collector.geometry import compose
from ui.calibration_values import BoardSeen, CaptureFigures, Finding, Pose7, ViewTaken
from ui.layout_projection import project
from ui.sample_states import NOW
from ui.sample_status import camera_model, camera_pose
from ui.values import CameraFrame, CameraModel, CameraPose

TOOL: Pose7 = (0.42, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0)  # where the sample pictures have it, about


def calibration(
    camera: str = "static", sigma: float = 1.0, shift_m: float = 0.0
) -> CameraCalibration:
    """Return a result like those that the simulated station gives; ``sigma`` scales all of them."""
    static = camera == "static"
    lens = camera_model()
    if static:
        place = camera_pose().transform  # that of the sample pictures
        transform = (place[0] + shift_m, *place[1:])
        board = (0.02, -0.08, -0.06, *Rotation.from_euler("xyz", [90, 5, 0], True).as_quat())
    else:
        turn = Rotation.from_euler("xyz", [0.0, -15.0, 90.0], True).as_quat()
        transform = (0.055 + shift_m, 0.002, -0.09, *turn)
        flat = Rotation.from_euler("x", 180, True).as_quat()
        board = (0.4, 0.1, 0.001, *flat)
    spread = np.diag(np.square(sigma * np.array([2.4e-4, 2.1e-4, 2.8e-4, 4e-4, 5e-4, 3e-4])))
    spread_lens = np.diag(
        np.square(sigma * np.array([0.6, 0.6, 0.5, 0.5, 2e-3, 6e-3, 2e-4, 2e-4, 5e-3]))
    )
    rng = np.random.default_rng(3)
    views = tuple(
        ViewRecord(
            name=f"{number:03d}",
            stamp_ns=number,
            corners=30,
            residual_px=float(abs(rng.normal(0.32, 0.08)) if number != 7 else 4.1),
            used=number != 7,
            ee_pose=TOOL,
            correction=(0.0,) * 6,
        )
        for number in range(1, 21)
    )
    return CameraCalibration(
        camera=camera,
        width=640,
        height=480,
        fx=lens.k[0],
        fy=lens.k[4],
        cx=lens.k[2],
        cy=lens.k[5],
        distortion=(0.00021, -0.0006, 0.0001, -0.0001, 0.0012),
        parent_frame="base" if static else "ee",
        child_frame=f"{camera}_optical",
        transform=tuple(float(v) for v in transform),
        covariance=_rows(spread),
        intrinsics_covariance=_rows(spread_lens),
        residual_px=0.33,
        delay_s=0.0213,
        delay_sigma_s=0.0006,
        person="Ada Lovelace",
        date="2025-11-21T09:12:00+00:00",
        board=BoardRecord(
            columns=6,
            rows=7,
            square_m=0.03004,
            holder_frame="ee" if static else "base",
            transform=tuple(float(v) for v in board),
        ),
        views=views,
    )


def poses(count: int = 20) -> tuple[Pose7, ...]:
    """Return poses over the table, leaning in all directions."""
    made = []
    for number in range(count):
        angle = 2.4 * number
        radius = 0.16 * math.sqrt((number + 0.5) / count)
        lean = math.radians(18 + 22 * (number % 3) / 2)
        turn = Rotation.from_euler("z", angle) * Rotation.from_euler("x", math.pi - lean)
        x, y = 0.48 + radius * math.cos(angle), radius * math.sin(angle)
        made.append((x, y, 0.26 + 0.18 * ((number * 7) % count) / count, *turn.as_quat()))
    return tuple(tuple(float(v) for v in pose) for pose in made)  # type: ignore[misc]


def figures(views: int, bad: int | None = None) -> CaptureFigures:
    """Return the figures of a capture with so many views."""
    rng = np.random.default_rng(views)
    share = min(1.0, views / 20)
    counts = rng.poisson(9 * share, (5, 5)) * (rng.random((5, 5)) < 0.25 + 0.75 * share)
    solved = views >= 6
    covered = counts >= 4
    missing = np.argwhere(~covered)
    place = None
    if len(missing):
        row, column = missing[0]
        place = ((column + 0.5) / 5, (row + 0.5) / 5)
    return CaptureFigures(
        views=tuple(
            ViewTaken(
                f"{i:03d}",
                (4.2 if i == bad else float(abs(rng.normal(0.33, 0.08)))) if solved else None,
                i != bad,
                30,
            )
            for i in range(1, views + 1)
        ),
        wanted_views=20,
        coverage=tuple(tuple(int(v) for v in row) for row in counts),
        coverage_share=float(covered.mean()),
        wanted_place=place,
        excitation_rad=tuple(math.radians(v * share) for v in (24.0, 21.5, 33.0)),
        sigma_m=4e-3 / max(views - 5, 1) if solved else None,
        sigma_rad=math.radians(0.4 / max(views - 5, 1)) if solved else None,
        poses_done=views,
    )


FINDINGS = (
    Finding("ok", "rotation", "RMS rotation about the tool's axes: x 24, y 22, z 33 degrees."),
    Finding("ok", "uncertainty", "T_base_camera is known to 0.42 mm and 0.041 deg (one sigma)."),
    Finding(
        "ok",
        "held_out",
        "Held-out views: 1.4 px where 1.5 px are expected of this robot and this fit.",
    ),
    Finding("ok", "delay", "Stamps are 21.3 +- 0.6 ms late, from 84 pictures in motion."),
)
WARNINGS = (
    Finding(
        "warning",
        "bad_pose",
        "Left out, because the arm's pose does not fit the others (by up to 9.8 mm and 1.9 deg):"
        " view 007. Capture it again, with the arm at rest.",
    ),
    Finding(
        "warning",
        "little_rotation",
        "RMS rotation about the tool's axes is x 24, y 9, z 33 degrees: turn it more about y, the"
        " aim is 20 on each.",
    ),
    *FINDINGS[1:],
)
REFUSALS = (
    Finding(
        "refused",
        "one_axis",
        "All rotation is about one axis (0.00, 0.02, 1.00 in ee; parallel axes count as one): the"
        " camera's place along it cannot be told. Also tilt the tool about the two other axes, 20"
        " degrees and more each way.",
    ),
    Finding(
        "refused",
        "board_size",
        "By the arm's measure the board differs by -3.31 +- 0.24 % from its stated size (29.01 mm"
        " a square): measure ten squares of the print and state their size.",
    ),
    *WARNINGS[:1],
)


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(v) for v in row) for row in matrix)


def corners(sentence: str = "", sharp: bool = True, camera: str = "static") -> BoardSeen:
    """Return the corners of the board as the camera sees it."""
    shown = CharucoBoard()
    pixels = _project(camera, shown.geometry().points)
    seen = tuple((float(u), float(v)) for u, v in pixels)
    return BoardSeen(camera, seen, sharp, True, sentence, NOW.station_ns, NOW.monotonic_ns)


def with_board(frame: CameraFrame) -> CameraFrame:
    """Return a sample picture with the board drawn in, where `corners` has it."""
    shown = CharucoBoard()
    wide, high = shown.size_m
    side = 60
    drawn = shown.cv_board.generateImage((side * shown.columns, side * shown.rows))
    drawn = cv2.copyMakeBorder(drawn, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
    edge = 20 / side * shown.square_m
    outline = [
        (-edge, -edge, 0),
        (wide + edge, -edge, 0),
        (wide + edge, high + edge, 0),
        (-edge, high + edge, 0),
    ]
    places = _project(frame.camera, np.array(outline, float)).astype(np.float32)
    rows, columns = drawn.shape
    flat = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    size = frame.pixels.shape[1], frame.pixels.shape[0]
    turned = cv2.getPerspectiveTransform(flat, places)
    colour = cv2.cvtColor(drawn, cv2.COLOR_GRAY2RGB)
    board = cv2.warpPerspective(colour, turned, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full_like(colour, 255), turned, size, flags=cv2.INTER_AREA)
    pixels = np.where(mask > 127, board, frame.pixels)
    return replace(frame, pixels=np.ascontiguousarray(pixels))


def _project(camera: str, points: np.ndarray) -> np.ndarray:
    """Return where points [n, 3] m of the board lie in a sample picture, [n, 2] px."""
    known = calibration(camera)
    assert known.board is not None
    tool, place, board = (np.array(v) for v in (TOOL, known.transform, known.board.transform))
    static = camera == "static"
    T_base_camera = place if static else compose(tool, place)
    T_base_board = compose(tool, board) if static else board
    model = CameraModel(camera, known.width, known.height, tuple(known.k.ravel()), known.distortion)
    pose = CameraPose(camera, "base", tuple(T_base_camera))
    placed = Rotation.from_quat(T_base_board[3:]).apply(points) + T_base_board[:3]
    return project(placed, model, pose)
