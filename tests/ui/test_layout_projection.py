"""Where a layout lies in the picture: against numbers by hand, and against a real rendering."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from collector.simulation.mounts import default_camera
from collector.workflow.layout_coverage import LayoutPlan, Placement
from ui.layout_projection import overlay, project
from ui.sample_states import picture
from ui.sample_status import LAYOUT, camera_model, camera_pose
from ui.values import CameraModel, CameraPose

K = (100.0, 0.0, 50.0, 0.0, 100.0, 40.0, 0.0, 0.0, 1.0)
LENS = CameraModel("static", 100, 80, K, (0.0,) * 5)
# One metre above the table, looking down: optical x is base x, y is -y, z is -z.
ABOVE = CameraPose("static", "base", (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0))


def test_a_point_lies_where_the_pinhole_says():
    points = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 0.5]])
    assert project(points, LENS, ABOVE) == pytest.approx(
        np.array([[50, 40], [60, 40], [50, 20], [50, 40]])
    )


def test_what_is_behind_the_lens_or_far_outside_is_nowhere():
    points = np.array([[0.0, 0.0, 1.5], [0.0, 0.0, 1.0], [30.0, 0.0, 0.0]])
    assert np.isnan(project(points, LENS, ABOVE)).all()


def test_the_lens_bends_as_opencv_says():
    bent = CameraModel("static", 100, 80, K, (-0.2, 0.05, 0.001, -0.002, 0.0))
    x, y = 0.3, -0.2  # normalised; y grows downwards, so that base y is its opposite
    r2 = x * x + y * y
    radial = 1 - 0.2 * r2 + 0.05 * r2**2
    u = x * radial + 2 * 0.001 * x * y - 0.002 * (r2 + 2 * x * x)
    v = y * radial + 0.001 * (r2 + 2 * y * y) - 2 * 0.002 * x * y
    seen = project(np.array([[x, -y, 0.0]]), bent, ABOVE)
    assert seen == pytest.approx(np.array([[50 + 100 * u, 40 + 100 * v]]))


def test_a_lens_that_is_not_known_is_refused_with_a_sentence():
    odd = CameraModel("static", 100, 80, K, (0.0,), "thin_prism")
    with pytest.raises(ValueError, match="thin_prism"):
        project(np.zeros((1, 3)), odd, ABOVE)


def test_a_camera_on_the_gripper_shows_no_layout():
    with pytest.raises(ValueError, match="not in base"):
        overlay(LAYOUT, LENS, CameraPose("wrist", "ee", ABOVE.transform))


def test_yaw_turns_the_nose():
    turned = {
        f"at {yaw}": LAYOUT.model_copy(update={"objects": {"o": Placement(x=0, y=0, yaw=yaw)}})
        for yaw in (0.0, np.pi / 2)
    }
    (east,), (north,) = (overlay(plan, LENS, ABOVE).objects for plan in turned.values())
    assert east.nose == pytest.approx((55.5, 40))
    assert north.nose == pytest.approx((50, 34.5))


def test_objects_that_cannot_be_seen_are_left_out():
    far = LAYOUT.model_copy(update={"objects": {"o": Placement(x=9, y=0, yaw=0)}})
    assert overlay(far, LENS, ABOVE).objects == ()


def test_the_ring_lies_around_the_block_in_a_rendered_picture():
    """The sample picture was rendered with the red block where the sample layout says."""
    placed = {item.name: item for item in overlay(LAYOUT, camera_model(), camera_pose()).objects}
    pixels = picture("static").astype(int)
    red = (pixels[..., 0] > 130) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)
    ys, xs = np.nonzero(red)
    # The block stands on the table, 4 cm high: its middle is seen a little above its place.
    assert np.hypot(xs.mean() - placed["red_block"].middle[0], 0) < 6
    assert 0 < placed["red_block"].middle[1] - ys.mean() < 20


def test_the_projection_agrees_with_the_simulator_camera_everywhere_on_the_table():
    intrinsics, _, transform = default_camera("static", 640, 480)[:3]
    for x, y in itertools.product((0.3, 0.5, 0.7), (-0.4, 0.0, 0.4)):
        plan = LayoutPlan(
            task_id="t",
            index=0,
            seed=0,
            objects={},
            arm_position=(x, y, 0.0),
            arm_yaw=0.0,
            cells={},
        )
        seen = overlay(plan, camera_model(), camera_pose())
        q = np.asarray(transform[3:])
        v, w = q[:3], q[3]
        d = np.array([x, y, 0.0]) - np.asarray(transform[:3])
        optical = d - 2 * w * np.cross(v, d) + 2 * np.cross(v, np.cross(v, d))  # R^T d
        expected = (
            intrinsics.fx * optical[0] / optical[2] + intrinsics.cx,
            intrinsics.fy * optical[1] / optical[2] + intrinsics.cy,
        )
        assert seen.arm == pytest.approx(expected, abs=1e-6)
