from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calibration.board import A4_BOARD
from calibration.image_coverage import ImageCoverage
from calibration.observation import Intrinsics
from calibration.orientation_coverage import (
    DIRECTIONS,
    OrientationCoverage,
    board_pose,
    orientation,
)
from collector.geometry import Pose, compose, distance, matrix, pose

GEOMETRY = A4_BOARD.geometry()
CAMERA = Intrinsics(640, 480, 545.0, 551.0, 326.5, 231.0, (-0.1, 0.02, 0.001, -0.0005, 0.003))


def board_at(rotation: Rotation, middle: tuple[float, float, float] = (0.0, 0.0, 0.5)) -> Pose:
    """Return ``T_camera_board`` with the board's middle at ``middle``, turned about it."""
    about = pose(middle, rotation.as_quat())
    return compose(about, pose(-GEOMETRY.centre))


def tilted(edge: str, degrees: float, roll: float = 0.0) -> Pose:
    """Return ``T_camera_board`` with the ``edge`` of the picture nearer to the camera."""
    axis = {"upper": [1, 0, 0], "lower": [-1, 0, 0], "right": [0, 1, 0], "left": [0, -1, 0]}[edge]
    turn = Rotation.from_rotvec(np.radians(degrees) * np.array(axis, float))
    return board_at(turn * Rotation.from_euler("z", roll, degrees=True))


def patch(x: float, y: float) -> np.ndarray:
    """Return twelve corners about 40 px apart around a pixel."""
    grid = np.stack(np.meshgrid([-60, -20, 20, 60], [-40, 0, 40]), axis=-1).reshape(-1, 2)
    return grid + np.array([x, y])


def test_an_empty_map_asks_for_some_place_and_a_full_one_for_none() -> None:
    coverage = ImageCoverage(640, 480)
    assert coverage.share == 0
    assert not coverage.complete
    assert coverage.guidance().startswith("Move the board to the ")
    for x in np.linspace(30, 610, 10):
        for y in np.linspace(30, 450, 8):
            coverage.add(patch(x, y))
    assert coverage.complete
    assert coverage.share == 1
    assert coverage.guidance() == ""
    assert coverage.wanted() is None


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0, 0, "upper left"),
        (1, 0, "upper right"),
        (0, 1, "lower left"),
        (1, 1, "lower right"),
        (0.5, 0, "upper half"),
        (0, 0.5, "left half"),
        (0.5, 0.5, "middle"),
    ],
)
def test_it_asks_for_the_region_that_lacks(x: float, y: float, place: str) -> None:
    coverage = ImageCoverage(640, 480)
    for u in np.linspace(0, 639, 33):
        for v in np.linspace(0, 479, 25):
            if abs(u - 639 * x) > 260 or abs(v - 479 * y) > 200:
                coverage.add(np.array([[u, v]] * 4))
    assert coverage.guidance() == f"Move the board to the {place} of the picture."
    assert f"the board is in the {place} of the picture" in coverage.guidance("camera")


def test_following_the_guidance_covers_the_picture() -> None:
    coverage = ImageCoverage(640, 480)
    for _ in range(25):
        wanted = coverage.wanted()
        if wanted is None:
            break
        # A board has to keep within the picture.
        x, y = np.clip(wanted, (62, 42), (577, 437))
        assert coverage.gain(patch(x, y)) > 0
        coverage.add(patch(x, y))
    assert coverage.complete


def test_corners_are_counted_in_their_cell_and_outside_in_none() -> None:
    coverage = ImageCoverage(640, 480, columns=4, rows=3)
    coverage.add(np.array([[-0.4, -0.4], [159.4, 0.0], [159.6, 0.0], [639.4, 479.4]]))
    coverage.add(np.array([[-1.0, 5.0], [640.0, 5.0], [np.inf, 5.0], [-1e9, 1e9]]))
    assert coverage.counts.tolist() == [[2, 1, 0, 0], [0] * 4, [0, 0, 0, 1]]
    x, y = coverage.cell_edges()
    assert (x[1], y[-1]) == (159.5, 479.5)
    with pytest.raises(ValueError, match="positive"):
        ImageCoverage(0, 480)


@pytest.mark.parametrize("edge", DIRECTIONS)
@pytest.mark.parametrize("roll", [0, 90, -135])
def test_the_nearer_edge_is_named_as_the_picture_shows_it(edge: str, roll: float) -> None:
    at = tilted(edge, 25, roll)
    seen = orientation(at, GEOMETRY)
    assert seen.direction == edge
    assert np.degrees(seen.tilt_rad) == pytest.approx(25)
    # In pictures: the nearer half of the corners is on that side.
    t = matrix(at)
    camera = GEOMETRY.points @ t[:3, :3].T + t[:3, 3]
    near = camera[camera[:, 2] < np.median(camera[:, 2])].mean(axis=0) - camera.mean(axis=0)
    side = {"upper": -near[1], "lower": near[1], "right": near[0], "left": -near[0]}[edge]
    assert side > 0.01


def test_a_board_that_faces_the_camera_has_no_direction_even_at_the_border() -> None:
    assert orientation(board_at(Rotation.identity()), GEOMETRY).direction == ""
    middle = np.array([0.25, 0.2, 0.5])
    facing = Rotation.align_vectors([middle / np.linalg.norm(middle)], [[0, 0, 1]])[0]
    seen = orientation(board_at(facing, tuple(middle)), GEOMETRY)
    assert seen.direction == ""
    assert seen.tilt_rad < 1e-6


@pytest.mark.parametrize("roll", [-170.0, -40.0, 0.0, 65.0])
def test_the_roll_is_clockwise_in_the_picture(roll: float) -> None:
    seen = orientation(board_at(Rotation.from_euler("z", roll, degrees=True)), GEOMETRY)
    assert np.degrees(seen.roll_rad) == pytest.approx(roll)


def test_following_the_guidance_turns_the_board_every_way() -> None:
    coverage = OrientationCoverage(GEOMETRY)
    said = []
    for _ in range(12):
        guidance = coverage.guidance()
        said.append(guidance)
        edges = [edge for edge in DIRECTIONS if f"board's {edge} edge" in guidance]
        if edges:
            coverage.add(tilted(edges[0], 25))
        elif guidance:
            assert "degrees more" in guidance
            assert guidance.endswith("turns clockwise.")
            coverage.add(tilted("upper", 25, roll=66))
    assert coverage.complete
    assert coverage.guidance() == ""
    assert coverage.share == 1
    assert coverage.counts == {"upper": 3, "right": 2, "lower": 2, "left": 2, "facing": 0}
    assert said[8].startswith("Turn the board within the picture's plane, by 60 degrees")


def test_facing_pictures_do_not_count_however_many() -> None:
    coverage = OrientationCoverage(GEOMETRY)
    for roll in range(-180, 180, 20):
        coverage.add(tilted("upper", 5, roll))
    assert coverage.counts["facing"] == 18
    assert coverage.share == pytest.approx(0.2)  # the roll alone
    assert "upper edge" in coverage.guidance()
    assert "beyond its upper edge" in coverage.guidance("camera")
    assert coverage.tilts.shape == (18, 2)


def test_the_roll_range_does_not_stop_at_half_a_turn() -> None:
    coverage = OrientationCoverage(GEOMETRY)
    for roll in (170, -175, -160):
        coverage.add(tilted("upper", 20, roll))
    assert np.degrees(coverage.roll_range_rad) == pytest.approx(30, abs=3)
    assert OrientationCoverage(GEOMETRY).roll_range_rad == 0


def test_the_pose_comes_back_from_the_picture() -> None:
    rng = np.random.default_rng(0)
    for edge in DIRECTIONS:
        true = tilted(edge, 30, roll=float(rng.uniform(-60, 60)))
        t = matrix(true)
        ids = rng.permutation(A4_BOARD.corner_count)[:20]
        corners = CAMERA.project(GEOMETRY.points[ids] @ t[:3, :3].T + t[:3, 3])
        corners += rng.normal(0, 0.1, corners.shape)
        found = board_pose(ids, corners, GEOMETRY, CAMERA)
        assert found is not None
        away_m, away_rad = distance(found, true)
        assert away_m < 0.002
        assert away_rad < np.radians(0.5)


def test_corners_that_leave_the_pose_open_give_none() -> None:
    row = np.arange(A4_BOARD.corner_columns)
    t = matrix(tilted("upper", 30))
    corners = CAMERA.project(GEOMETRY.points @ t[:3, :3].T + t[:3, 3])
    assert board_pose(row, corners[row], GEOMETRY, CAMERA) is None
    assert board_pose(row[:3], corners[:3], GEOMETRY, CAMERA) is None
