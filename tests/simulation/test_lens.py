from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from collector.devices.camera import Intrinsics
from collector.simulation.lens import Lens

DISTORTION = (-0.12, 0.03, 0.001, -0.001, 0.005)
SIGMA_PX = 2.0


def lens(distortion: tuple[float, ...] = DISTORTION) -> Lens:
    return Lens(Intrinsics(640, 480, 545.0, 551.0, 326.5, 231.25, distortion=distortion))


def project(bent: Lens, rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return pixels [n, 2] of rays [n, 2], as OpenCV projects them."""
    k = bent.intrinsics
    points = np.column_stack([rays, np.ones(len(rays))])
    zero = np.zeros(3)
    pixels = cv2.projectPoints(points, zero, zero, k.k, np.array(k.distortion))[0]
    return np.asarray(pixels).reshape(-1, 2)


def spots(pinhole: Intrinsics, at: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a picture with a round spot at each of the pixels [n, 2]."""
    v, u = np.mgrid[0 : pinhole.height, 0 : pinhole.width]
    light = np.zeros((pinhole.height, pinhole.width))
    for x, y in at:
        light += np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * SIGMA_PX**2))
    grey = np.rint(230.0 * light).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def middles(picture: NDArray[np.uint8], near: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the centre of gravity of the light around each of the pixels [n, 2]."""
    found = []
    for x, y in np.rint(near).astype(int):
        part = picture[y - 9 : y + 10, x - 9 : x + 10, 0].astype(float)
        v, u = np.mgrid[y - 9 : y + 10, x - 9 : x + 10]
        found.append((np.sum(u * part) / part.sum(), np.sum(v * part) / part.sum()))
    return np.array(found)


def test_what_is_drawn_lies_where_opencv_projects_it() -> None:
    bent = lens()
    x, y = np.meshgrid(np.linspace(-0.53, 0.53, 9), np.linspace(-0.38, 0.40, 7))
    rays = np.column_stack([x.ravel(), y.ravel()])
    k = bent.pinhole
    picture = bent.bend(spots(k, rays * (k.fx, k.fy) + (k.cx, k.cy)))
    assert picture.shape == (480, 640, 3)
    expected = project(bent, rays)
    assert np.abs(expected - (rays * (545.0, 551.0) + (326.5, 231.25))).max() > 10
    assert np.abs(middles(picture, expected) - expected).max() < 0.05


def test_every_pixel_shows_something_of_the_drawn_picture() -> None:
    for distortion in (DISTORTION, (0.15, -0.05, 0.0, 0.0, 0.01)):
        bent = lens(distortion)
        k = bent.pinhole
        white = np.full((k.height, k.width, 3), 255, np.uint8)
        assert bent.bend(white).min() == 255
        assert np.all(bent.bend_depth(np.ones((k.height, k.width), np.float32)) == 1.0)


def test_the_ray_of_a_pixel_projects_onto_it() -> None:
    bent = lens()
    rows, columns = np.array([0, 0, 240, 479, 479]), np.array([0, 639, 320, 0, 639])
    rays = bent.rays[rows + 1, columns + 1].astype(float)
    np.testing.assert_allclose(project(bent, rays), np.column_stack([columns, rows]), atol=1e-3)


def test_without_distortion_the_picture_is_left_as_it_is() -> None:
    plain = lens((0.0,) * 5)
    picture = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    assert plain.pinhole == plain.intrinsics
    assert plain.bend(picture) is picture


@pytest.mark.parametrize("distortion", [(-1.5, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.4, 0.0, -9.0)])
def test_a_distortion_that_folds_the_picture_is_refused(distortion: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="folds the picture of 640 x 480"):
        lens(distortion)
