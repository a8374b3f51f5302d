from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.calibration_result import CameraCalibration
from collector.devices.camera import Intrinsics
from collector.geometry import Pose, compose, inverse, matrix
from collector.simulation.camera import ee_pose
from collector.simulation.layout import draw_layout
from collector.simulation.mounts import default_camera, true_calibration
from collector.simulation.renderer import Renderer
from collector.simulation.state import WorldState
from collector.simulation.tasks import TASKS
from collector.simulation.world import World
from collector.training_view import crop_origin

HALF_M = 0.02  # of a block
BLUE = 2


def project(points: NDArray[np.float64], t_base_optical: Pose, k: Intrinsics) -> np.ndarray:
    """Return pixels [N, 2] of points [N, 3] in base, as OpenCV projects them."""
    t_optical_base = matrix(inverse(t_base_optical))
    seen = points @ t_optical_base[:3, :3].T + t_optical_base[:3, 3]
    return seen[:, :2] / seen[:, 2:] * (k.fx, k.fy) + (k.cx, k.cy)


def corners(block: Pose) -> NDArray[np.float64]:
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
    t_base_block = matrix(block)
    return HALF_M * signs @ t_base_block[:3, :3].T + t_base_block[:3, 3]


def blue_pixels(image: NDArray[np.uint8]) -> tuple[np.ndarray, np.ndarray]:
    colour = image.astype(int)
    mask = (colour[..., BLUE] > 1.8 * colour[..., 0]) & (colour[..., BLUE] > 1.8 * colour[..., 1])
    v, u = np.nonzero(mask)
    return u, v


@pytest.fixture(scope="module")
def state(world: World) -> WorldState:
    world.reset("place_red_in_bowl", 1)
    return world.state()


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (424, 240), (300, 300)])
@pytest.mark.parametrize(
    ("scale_x", "scale_y", "off_x", "off_y"),
    [(1.0, 1.0, 0.0, 0.0), (1.0, 1.0, 31.3, -22.7), (1.2, 1.0, 0.0, 0.0), (1.0, 0.8, -9.0, 5.5)],
)
def test_a_block_is_drawn_where_the_intrinsics_say(
    renderer: Renderer,
    state: WorldState,
    size: tuple[int, int],
    scale_x: float,
    scale_y: float,
    off_x: float,
    off_y: float,
) -> None:
    k, _, t_base_optical = default_camera("static", *size)
    k = replace(k, fx=k.fx * scale_x, fy=k.fy * scale_y, cx=k.cx + off_x, cy=k.cy + off_y)
    u, v = blue_pixels(renderer.render(state, t_base_optical, k))
    expected = project(corners(state.body("blue_block")), t_base_optical, k)
    # A pixel is drawn where its centre is covered: none outside the outline, and the middle
    # within half a pixel.
    for drawn, outline in ((u, expected[:, 0]), (v, expected[:, 1])):
        assert drawn.min() >= outline.min() - 0.1
        assert drawn.max() <= outline.max() + 0.1
        middle = (outline.min() + outline.max()) / 2
        assert (drawn.min() + drawn.max()) / 2 == pytest.approx(middle, abs=0.6)


def test_the_painted_target_is_where_the_intrinsics_say(
    renderer: Renderer, state: WorldState
) -> None:
    k, _, t_base_optical = default_camera("static", 640, 480)
    image = renderer.render(state, t_base_optical, k).astype(int)
    pale = (image[..., 0] > 235) & (image[..., 2] > 175) & (image[..., 2] < 205)
    v, u = np.nonzero(pale)
    centre = state.body("target")[:3]
    angles = np.linspace(0, 2 * np.pi, 90)
    ring = centre + 0.033 * np.column_stack([np.cos(angles), np.sin(angles), 0 * angles])
    outline = project(ring, t_base_optical, k)
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    assert (u.min() + u.max()) / 2 == pytest.approx(middle[0], abs=1.0)
    assert (v.min() + v.max()) / 2 == pytest.approx(middle[1], abs=1.0)


def test_the_wrist_camera_sees_the_block_below_it(renderer: Renderer, world: World) -> None:
    world.reset("place_blue_on_target", 2)
    target = world.target
    block = world.state().body("blue_block")
    # Go above the block, step by step.
    goal = np.add(block[:3], [-0.05, 0.0, 0.15])
    for _ in range(300):
        away = goal - target[:3]
        target[:3] += away * min(1.0, 0.004 / max(np.linalg.norm(away), 1e-9))
        world.set_target(target, 0.0)
        world.tick()
    state = world.state()
    k, parent, transform = default_camera("wrist", 640, 480)
    assert parent == "ee"
    t_base_optical = compose(ee_pose(state), transform)
    u, v = blue_pixels(renderer.render(state, t_base_optical, k))
    expected = project(corners(state.body("blue_block")), t_base_optical, k)
    assert abs(u.min() - expected[:, 0].min()) <= 1.1
    assert abs(u.max() - expected[:, 0].max()) <= 1.1
    assert abs(v.min() - expected[:, 1].min()) <= 1.1


@pytest.mark.parametrize("name", ["static", "wrist"])
def test_the_fingertips_are_in_view(name: str) -> None:
    layout = draw_layout("open_drawer", 0)
    k, parent, transform = default_camera(name, 640, 480)
    t_base_optical = transform if parent == "base" else compose(layout.arm_start, transform)
    x, y, side = crop_origin(640, 480)
    u, v = project(layout.arm_start[None, :3], t_base_optical, k)[0]
    assert x < u < x + side
    assert y < v < y + side


def test_the_static_camera_sees_every_zone_in_the_training_view() -> None:
    k, _, t_base_optical = default_camera("static", 640, 480)
    x0, y0, side = crop_origin(640, 480)
    for task in TASKS.values():
        for name, zone in task.zones.items():
            if name == "cabinet":
                continue  # its front is, its far corner need not be
            places = np.array([[x, y, 0.02] for x in zone.x for y in zone.y])
            pixels = project(places, t_base_optical, k)
            assert np.all(pixels > (x0, y0)), (task.id, name)
            assert np.all(pixels < (x0 + side, y0 + side)), (task.id, name)
    handle_when_open = np.array([[0.57, 0.345 - 0.205, 0.065], [0.54, 0.310, 0.065]])
    pixels = project(handle_when_open, t_base_optical, k)
    assert np.all((pixels > (x0, y0)) & (pixels < (x0 + side, y0 + side)))


def test_the_lamp_lights_up(renderer: Renderer, state: WorldState) -> None:
    k, _, t_base_optical = default_camera("static", 640, 480)
    dark = renderer.render(state, t_base_optical, k)
    positions = state.joint_positions.copy()
    positions[state.joint_names.index("rocker")] = 0.22
    lit = renderer.render(replace(state, joint_positions=positions), t_base_optical, k)
    yellow = [
        np.sum((image[..., 0] > 190) & (image[..., 1] > 170) & (image[..., 2] < 130))
        for image in (dark, lit)
    ]
    assert yellow[1] > yellow[0] + 20
    np.testing.assert_array_equal(renderer.render(state, t_base_optical, k), dark)


def test_a_closed_renderer_says_so(state: WorldState) -> None:
    renderer = Renderer()
    renderer.close()
    renderer.close()
    k, _, t_base_optical = default_camera("static", 64, 48)
    with pytest.raises(RuntimeError, match="closed"):
        renderer.render(state, t_base_optical, k)


def test_the_true_calibration_is_what_is_drawn() -> None:
    k, parent, transform = default_camera("wrist", 320, 240)
    calibration = true_calibration("wrist", "SIM-wrist", k, parent, transform)
    assert isinstance(calibration, CameraCalibration)
    np.testing.assert_allclose(calibration.k, k.k)
    np.testing.assert_allclose(calibration.transform, transform)
    assert (calibration.parent_frame, calibration.child_frame) == ("ee", "wrist_optical")
    assert calibration.method == "simulator truth"


def test_only_the_two_cameras_are_known() -> None:
    with pytest.raises(ValueError, match="choose static or wrist"):
        default_camera("ceiling", 640, 480)
    with pytest.raises(ValueError, match="positive size"):
        default_camera("static", 0, 480)
