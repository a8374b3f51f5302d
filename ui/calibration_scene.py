"""Base, gripper, camera and board in space, built from a calibration or from poses.

All in ``base``. The transform that a calibration measured is drawn as an arrow from its parent
frame to the camera, so that nobody has to ask which way round it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication
from scipy.spatial.transform import Rotation

from collector.calibration_result import CameraCalibration
from collector.geometry import IDENTITY, Pose, compose
from ui.calibration_values import Pose7
from ui.scene_projection import Ink, Label, Line, Point3, Scene

translate = QCoreApplication.translate

BASE_AXES_M, TOOL_AXES_M = 0.2, 0.09
FRUSTUM_M = 0.14
STEM_M = 0.06  # of a pose that is only one of many
USUAL_TURN_RAD = 0.95
GROUND_X_M, GROUND_Y_M, GROUND_STEP_M = (-0.2, 1.0), (-0.6, 0.6), 0.2
# Where the tool is drawn when no pose of it is known: in front of the arm, pointing down.
USUAL_TOOL: Pose7 = (0.45, 0.0, 0.35, 1.0, 0.0, 0.0, 0.0)
# A gripper, in ee: z along the fingers, the origin between their tips.
_GRIPPER = (
    ((0.0, 0.0, -0.16), (0.0, 0.0, -0.09)),
    ((0.0, -0.05, 0.0), (0.0, -0.05, -0.09), (0.0, 0.05, -0.09), (0.0, 0.05, 0.0)),
)


def calibration_scene(
    calibration: CameraCalibration, tool: Pose7 | None = None, title: str = ""
) -> Scene:
    """Return base, gripper, camera and board as ``calibration`` has them.

    ``tool``: T_base_ee now; without it that of the first view, else a usual one.
    """
    if tool is None:
        tool = calibration.views[0].ee_pose if calibration.views else USUAL_TOOL
    T_base_ee = np.array(tool)
    T_parent_camera = np.array(calibration.transform)
    on_tool = calibration.parent_frame == "ee"
    T_base_camera = compose(T_base_ee, T_parent_camera) if on_tool else T_parent_camera
    aspect = calibration.height / calibration.width
    half = 0.5 * calibration.width / calibration.fx
    lines = [*_ground(), *_axes(IDENTITY, BASE_AXES_M), *_axes(T_base_ee, TOOL_AXES_M)]
    lines += _arm(T_base_ee)
    lines += _camera(T_base_camera, half, aspect)
    parent = T_base_ee if on_tool else IDENTITY
    lines.append(Line((_at(parent), _at(T_base_camera)), Ink.LINK, 2.5, dashed=True, arrow=True))
    camera_word = translate("scene", "{0} camera").format(camera_name(calibration.camera))
    labels = [
        Label(_at(IDENTITY), translate("scene", "base"), strong=not on_tool),
        Label(_at(T_base_ee), translate("scene", "gripper (ee)"), strong=on_tool),
        Label(_at(T_base_camera), camera_word, strong=True),
    ]
    board = calibration.board
    if board is not None:
        T_holder_board = np.array(board.transform)
        held = board.holder_frame == "ee"
        T_base_board = compose(T_base_ee, T_holder_board) if held else T_holder_board
        lines += board_lines(T_base_board, board.columns, board.rows, board.square_m)
        labels.append(
            Label(
                _at(T_base_board, (0.0, board.rows * board.square_m, 0.0)),
                translate("scene", "board"),
            )
        )
    side = USUAL_TURN_RAD if on_tool else _beside(T_base_camera)
    return Scene(tuple(lines), tuple(labels), title or camera_word, side)


def proposal_scene(
    poses: Sequence[Pose7],
    chosen: int | None = None,
    camera: CameraCalibration | None = None,
    tool: Pose7 | None = None,
) -> Scene:
    """Return the poses that the arm is to drive through, numbered, in their order.

    ``chosen``: the index of the one that stands out. ``camera``: where it was by its last
    calibration, drawn for orientation. ``tool``: T_base_ee now, where the way begins.
    """
    lines = [*_ground(), *_axes(IDENTITY, BASE_AXES_M)]
    labels = [Label((0.0, 0.0, 0.0), translate("scene", "base"))]
    way = [_at(np.array(pose)) for pose in poses]
    if tool is not None:
        here = np.array(tool)
        lines += _arm(here)
        labels.append(Label(_at(here), translate("scene", "gripper now"), strong=True))
        way.insert(0, _at(here))
    if len(way) > 1:
        lines.append(Line(tuple(way), Ink.LINK, 1.2, dashed=True))
    for index, pose in enumerate(poses):
        T_base_ee = np.array(pose)
        if index == chosen:
            lines += [*_axes(T_base_ee, TOOL_AXES_M), *_gripper(T_base_ee, Ink.ARM, 2.5)]
            labels.append(Label(_at(T_base_ee), str(index + 1), strong=True))
        else:
            stem = _placed(T_base_ee, [(0, 0, -STEM_M), (0, 0, 0)])
            lines.append(Line(stem, Ink.BOARD, 2.0))
            labels.append(Label(_at(T_base_ee), str(index + 1)))
    side = USUAL_TURN_RAD
    if camera is not None and camera.parent_frame == "base":
        place = np.array(camera.transform)
        side = _beside(place)
        half = 0.5 * camera.width / camera.fx
        lines += _camera(place, half, camera.height / camera.width)
        word = translate("scene", "{0} camera").format(camera_name(camera.camera))
        labels.append(Label(_at(place), word))
    if camera is not None and camera.board is not None and camera.board.holder_frame == "base":
        board = camera.board
        place = np.array(board.transform)
        lines += board_lines(place, board.columns, board.rows, board.square_m)
        labels.append(Label(_at(place), translate("scene", "board, as it was")))
    said = translate("scene", "{0} poses of the gripper over the table").format(len(poses))
    return Scene(tuple(lines), tuple(labels), said, side)


def camera_name(camera: str) -> str:
    """Return what a camera is called in a sentence."""
    known = {
        "static": translate("scene", "static"),
        "wrist": translate("scene", "wrist"),
    }
    return known.get(camera, camera)


def tilt_rad(pose: Pose7) -> float:
    """Return by how much the tool at T_base_ee leans from pointing straight down."""
    down = Rotation.from_quat(pose[3:]).apply([0.0, 0.0, 1.0])
    return float(np.arccos(np.clip(-down[2], -1.0, 1.0)))


def board_lines(T_base_board: Pose, columns: int, rows: int, square_m: float) -> list[Line]:
    """Return a board's outline, its black squares, and its axes at the first corner."""
    wide, high = columns * square_m, rows * square_m
    outline = _placed(T_base_board, [(0, 0, 0), (wide, 0, 0), (wide, high, 0), (0, high, 0)])
    lines = [Line((*outline, outline[0]), Ink.BOARD, 1.5)]
    for row in range(rows):
        for column in range(columns):
            if (row + column) % 2 == 0:
                x, y = column * square_m, row * square_m
                corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
                square = [(x + a * square_m, y + b * square_m, 0.0) for a, b in corners]
                lines.append(Line(_placed(T_base_board, square), Ink.BOARD, 0.5, filled=True))
    return [*lines, *_axes(T_base_board, 2 * square_m)]


def _beside(T_base_camera: Pose) -> float:
    """Return the side from which neither camera nor arm hides the other."""
    bearing = np.arctan2(T_base_camera[1], T_base_camera[0] - USUAL_TOOL[0])
    return float(bearing + np.deg2rad(105.0))


def _ground() -> list[Line]:
    lines = []
    for x in np.arange(GROUND_X_M[0], GROUND_X_M[1] + 1e-9, GROUND_STEP_M):
        ends = ((float(x), GROUND_Y_M[0], 0.0), (float(x), GROUND_Y_M[1], 0.0))
        lines.append(Line(ends, Ink.GROUND, 1.0))
    for y in np.arange(GROUND_Y_M[0], GROUND_Y_M[1] + 1e-9, GROUND_STEP_M):
        ends = ((GROUND_X_M[0], float(y), 0.0), (GROUND_X_M[1], float(y), 0.0))
        lines.append(Line(ends, Ink.GROUND, 1.0))
    return lines


def _axes(pose: Pose, length: float) -> list[Line]:
    ends = _placed(pose, [(length, 0, 0), (0, length, 0), (0, 0, length)])
    inks = (Ink.X, Ink.Y, Ink.Z)
    return [Line((_at(pose), end), ink, 2.5) for end, ink in zip(ends, inks, strict=True)]


def _gripper(pose: Pose, ink: Ink, width: float) -> list[Line]:
    return [Line(_placed(pose, part), ink, width) for part in _GRIPPER]


def _arm(T_base_ee: Pose) -> list[Line]:
    """The gripper, and a bent line to the base for the arm, whose joints are not known here."""
    wrist = np.array(_placed(T_base_ee, [_GRIPPER[0][0]])[0])
    shoulder = np.array([0.0, 0.0, 0.33])
    elbow = (shoulder + wrist) / 2 + np.array([0.0, 0.0, 0.22])
    joints = [np.zeros(3), shoulder, elbow, wrist]
    arm = tuple(_point(joint) for joint in joints)
    return [Line(arm, Ink.FAINT, 7.0), *_gripper(T_base_ee, Ink.ARM, 3.0)]


def _camera(T_base_camera: Pose, half: float, aspect: float) -> list[Line]:
    """The camera's pyramid of sight, its upper edge marked, and its axes."""
    x, y = FRUSTUM_M * half, FRUSTUM_M * half * aspect
    z = FRUSTUM_M
    corners = _placed(T_base_camera, [(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)])
    eye = _at(T_base_camera)
    lines = [Line((*corners, corners[0]), Ink.CAMERA, 2.0)]
    lines += [Line((eye, corner), Ink.CAMERA, 1.5) for corner in corners]
    top = _placed(T_base_camera, [(-x / 2, -y, z), (x / 2, -y, z), (0.0, -1.5 * y, z)])
    lines.append(Line(top, Ink.CAMERA, 1.0, filled=True))
    return [*lines, *_axes(T_base_camera, 0.6 * FRUSTUM_M)]


def _placed(pose: Pose, points: Sequence[Sequence[float]]) -> tuple[Point3, ...]:
    turned = Rotation.from_quat(pose[3:]).apply(np.asarray(points, float)) + pose[:3]
    return tuple(_point(row) for row in turned)


def _at(pose: Pose, offset: Point3 | None = None) -> Point3:
    return _placed(pose, [offset])[0] if offset is not None else _point(pose[:3])


def _point(values: Sequence[float] | np.ndarray) -> Point3:
    x, y, z = (float(v) for v in values)
    return x, y, z
