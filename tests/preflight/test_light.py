import numpy as np
import pytest

from collector.preflight.light import cct_of_chromaticity, measure_light

D65 = (0.3127, 0.3290)
ILLUMINANTS = [  # CIE 1931 chromaticities and correlated colour temperatures, as published
    ((0.44757, 0.40745), 2856),  # A
    ((0.34567, 0.35850), 5003),  # D50
    ((0.33242, 0.34743), 5503),  # D55
    (D65, 6504),
    ((0.29902, 0.31485), 7504),  # D75
]


@pytest.mark.parametrize(("xy", "kelvin"), ILLUMINANTS)
def test_published_illuminants_have_their_temperature(xy, kelvin):
    assert cct_of_chromaticity(*xy) == pytest.approx(kelvin, rel=0.005)


def scene(white=(1.0, 1.0, 1.0), exposure=1.0, seed=3) -> np.ndarray:
    """Grey patches of all shades under a light of this linear colour."""
    shades = np.random.default_rng(seed).uniform(0.05, 0.6, (48, 64, 1)).repeat(10, 0).repeat(10, 1)
    linear = np.clip(shades * np.array(white) * exposure, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * coded).astype(np.uint8)


def linear_srgb(x: float, y: float) -> np.ndarray:
    """Linear sRGB of a chromaticity, the largest channel 1."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    rgb = np.linalg.solve(to_xyz, [x / y, 1.0, (1 - x - y) / y])
    return rgb / rgb.max()


@pytest.mark.parametrize(("xy", "kelvin"), ILLUMINANTS)
def test_a_grey_scene_shows_the_colour_of_its_light(xy, kelvin):
    light = measure_light(scene(linear_srgb(*xy)))
    assert light.cct_k == pytest.approx(kelvin, rel=0.02)


def test_brightness_is_that_of_the_image():
    image = np.zeros((100, 100, 3), np.uint8)
    image[:50] = 200
    image[50:80] = 100
    light = measure_light(image)
    assert light.p5 == 0
    assert light.median == pytest.approx(150, abs=51)
    assert light.p95 == pytest.approx(200)
    assert light.dark_share == pytest.approx(0.2, abs=0.01)
    assert light.bright_share == 0


def test_clipped_pixels_are_counted_and_their_colour_left_out():
    image = scene()
    image[:240] = 255
    light = measure_light(image)
    assert light.bright_share == pytest.approx(0.5, abs=0.01)
    assert light.cct_k == pytest.approx(6504, rel=0.02)


@pytest.mark.parametrize("value", [0, 255])
def test_black_and_white_have_no_colour(value):
    assert measure_light(np.full((64, 64, 3), value, np.uint8)).cct_k is None


def test_what_no_lamp_gives_has_no_temperature():
    blue = np.zeros((64, 64, 3), np.uint8)
    blue[..., 2] = 200
    assert measure_light(blue).cct_k is None


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ValueError, match="not an RGB image"):
        measure_light(image)
