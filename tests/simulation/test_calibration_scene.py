from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from collector.devices.camera import Intrinsics
from collector.geometry import Pose, compose, from_matrix, inverse, matrix
from collector.simulation.calibration_scene import SCENES, held_board_pose
from collector.simulation.camera import ee_pose
from collector.simulation.mounts import default_camera
from collector.simulation.printed_board import BOARD, BODY
from collector.simulation.renderer import Renderer
from collector.simulation.state import WorldState
from collector.simulation.tasks import UnknownTask
from collector.simulation.world import World

DISTORTION = (-0.1, 0.02, 0.001, -0.0005, 0.003)


def camera_of(scene: str, state: WorldState) -> tuple[Intrinsics, Pose]:
    """Return the scene's camera with a distorting lens, and ``T_base_optical`` [7]."""
    k, parent, transform = default_camera(SCENES[scene].camera, 640, 480)
    t_base_optical = transform if parent == "base" else compose(ee_pose(state), transform)
    return replace(k, distortion=DISTORTION), t_base_optical


def outline(state: WorldState, k: Intrinsics, t_base_optical: Pose) -> np.ndarray:
    """Return where the outer corners of the squares are in the picture, px [4, 2]."""
    w, h = BOARD.columns * BOARD.square_m, BOARD.rows * BOARD.square_m
    points = np.array([[0, 0, 0], [w, 0, 0], [w, h, 0], [0, h, 0]], float)
    t = matrix(compose(inverse(t_base_optical), state.body(BODY)))
    rotation = cv2.Rodrigues(t[:3, :3])[0]
    return cv2.projectPoints(points, rotation, t[:3, 3], k.k, np.array(k.distortion))[0][:, 0]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("seed", [0, 7])
def test_the_board_is_before_its_camera_and_where_it_is_said_to_be(
    world: World, renderer: Renderer, scene: str, seed: int
) -> None:
    world.reset(scene, seed)
    state = world.state()
    k, t_base_optical = camera_of(scene, state)
    picture = renderer.render(state, t_base_optical, k)
    expected = outline(state, k, t_base_optical)
    assert np.all((expected > 10) & (expected < (630, 470)))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    near = expected.astype(np.float32).reshape(-1, 1, 2) + np.float32(0.7)
    # The outermost squares at two ends are black, on white paper: three of the corners show.
    corner_is_black = np.array(
        [True, BOARD.columns % 2 == 1, (BOARD.columns + BOARD.rows) % 2 == 0, BOARD.rows % 2 == 1]
    )
    found = cv2.cornerSubPix(grey, near, (3, 3), (-1, -1), (3, 50, 1e-3))[:, 0]
    error = np.linalg.norm(found - expected, axis=1)[corner_is_black]
    assert len(error) >= 2
    assert error.max() < 0.5


def test_the_held_board_moves_with_the_tool_and_the_other_lies_still(world: World) -> None:
    for scene, moves in (("calibration_static", True), ("calibration_wrist", False)):
        world.reset(scene, 5)
        before = world.state()
        target = world.target + np.array([0.03, 0.02, -0.02, 0, 0, 0, 0])
        assert world.set_target(target, world.gripper)
        for _ in range(100):
            world.tick()
        after = world.state()
        moved = np.linalg.norm(after.body(BODY)[:3] - before.body(BODY)[:3])
        assert bool(moved > 0.03) is moves
        if moves:
            held = compose(inverse(world.reading(0).ee_pose), after.body(BODY))
            np.testing.assert_allclose(held, held_board_pose(5), atol=1e-6)


@pytest.mark.parametrize("scene", SCENES)
def test_same_seed_same_board_and_a_snapshot_keeps_it(world: World, scene: str) -> None:
    world.reset(scene, 3)
    board, snapshot = world.state().body(BODY), world.snapshot_json()
    world.reset(scene, 4)
    assert np.linalg.norm(world.state().body(BODY) - board) > 1e-3
    world.restore_json(snapshot)
    np.testing.assert_allclose(world.state().body(BODY), board, atol=1e-9)
    world.reset(scene, 3)
    np.testing.assert_allclose(world.state().body(BODY), board, atol=1e-9)


def test_the_gripper_is_closed_where_it_holds_the_board(world: World) -> None:
    world.reset("calibration_static", 0)
    assert world.gripper == 1.0
    assert world.reading(0).gripper_opening < 0.002
    world.reset("calibration_wrist", 0)
    assert world.gripper == 0.0
    assert world.reading(0).gripper_opening > 0.07


def test_a_scene_for_calibration_is_no_task(world: World) -> None:
    world.reset("calibration_wrist", 0)
    evaluation = world.evaluate()
    assert not evaluation.success
    assert "for calibration" in evaluation.explanation
    assert world.layout.task_type == "calibration"
    world.reset("open_drawer", 0)
    assert BODY not in world.state().body_names
    with pytest.raises(UnknownTask):
        world.reset("calibration_ceiling", 0)
    with pytest.raises(ValueError, match="negative"):
        world.reset("calibration_wrist", -1)


def test_what_is_nearer_hides_the_board(world: World, renderer: Renderer) -> None:
    world.reset("calibration_wrist", 0)
    state = world.state()
    k, t_base_optical = camera_of("calibration_wrist", state)
    plain = renderer.render(state, t_base_optical, k)
    poses = state.body_poses.copy()
    on_board = matrix(state.body(BODY)) @ np.array([0.09, 0.105, -0.02, 1.0])
    poses[state.body_names.index("red_block")] = [*on_board[:3], 0, 0, 0, 1]
    covered = renderer.render(replace(state, body_poses=poses), t_base_optical, k)
    red = (covered[..., 0] > 100) & (covered[..., 1] < 60)
    assert red.sum() > 500
    # Away from the block the board is drawn as before.
    board = np.zeros(red.shape, np.uint8)
    cv2.fillConvexPoly(board, outline(state, k, t_base_optical).astype(np.int32), 1)
    far = (cv2.dilate(red.astype(np.uint8), np.ones((41, 41))) == 0) & (board == 1)
    assert far.sum() > 2000
    np.testing.assert_array_equal(covered[far], plain[far])


def test_from_behind_the_board_is_plain(world: World, renderer: Renderer) -> None:
    world.reset("calibration_static", 0)
    state = world.state()
    k, t_base_optical = camera_of("calibration_static", state)
    poses = state.body_poses.copy()
    board = matrix(poses[-1])
    middle = np.array([0.09, 0.105, 0.0])
    turn = np.eye(4)
    turn[:3, :3] = np.diag([-1.0, 1.0, -1.0])
    turn[:3, 3] = middle - turn[:3, :3] @ middle
    poses[-1] = from_matrix(board @ turn)
    picture = renderer.render(replace(state, body_poses=poses), t_base_optical, k)
    inside = np.zeros(picture.shape[:2], np.uint8)
    turned = replace(state, body_poses=poses)
    cv2.fillConvexPoly(inside, outline(turned, k, t_base_optical).astype(np.int32), 1)
    # All but what the fingers cover is one grey.
    values = picture[inside == 1][:, 0]
    assert np.mean(values == np.median(values)) > 0.9
