"""docs/conditions.md lists every corruption of ImageNet-C with the numbers that the code uses, and shows it."""

import re

import pytest

from evaluators.robustness.condition_descriptors import imagenet_c
from evaluators.robustness.condition_descriptors.modalities import COLOUR, OPEN_LENS, OUTDOORS, PIXELS
from evaluators.robustness.conditions import blur, digital, elastic, glass, noise, spatter, tones, weather

NUMBERS = {
    "gaussian-noise": noise.NOISE,
    "shot-noise": noise.PHOTONS,
    "impulse-noise": noise.REPLACED,
    "defocus-blur": blur.DEFOCUS,
    "glass-blur": glass.GLASS,
    "motion-blur": blur.MOTION,
    "zoom-blur": blur.ZOOM,
    "snow": [(row[2], row[3], row[6]) for row in weather.SNOW],
    "frost": weather.FROST,
    "fog": weather.FOG,
    "brightness": tones.BRIGHTER,
    "contrast": tones.FLATTER,
    "elastic-transform": elastic.ELASTIC,
    "pixelate": digital.SIDE,
    "jpeg-compression": digital.QUALITY,
    "speckle-noise": noise.SPECKLE,
    "gaussian-blur": blur.BLUR,
    "spatter": [row[2:4] for row in spatter.SPATTER],
    "saturate": tones.SATURATION,
}
FOR = {"all": PIXELS, "lens": OPEN_LENS, "photographs": OUTDOORS, "colour": COLOUR}


@pytest.fixture(scope="module")
def page(checkout):
    return (checkout / "docs" / "conditions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("descriptor", imagenet_c.ALL, ids=lambda descriptor: descriptor.name)
def test_each_corruption_has_a_row_with_its_severities_and_modalities(page, descriptor):
    row = re.search(rf"^\| `{descriptor.name}` \|(.*)\|$", page, re.MULTILINE)
    assert row, f"docs/conditions.md has no row for {descriptor.name}"
    cells = [cell.strip() for cell in row[1].split("|")]
    given = [tuple(float(number) for number in cell.split(",")) for cell in cells[1:6]]
    expected = [value if isinstance(value, tuple) else (value,) for value in NUMBERS[descriptor.name]]
    assert given == [pytest.approx(value) for value in expected]
    assert FOR[cells[7]] == descriptor.modalities


def test_the_contact_sheet_is_there_and_small(page, checkout):
    sheet = checkout / "docs" / "images" / "conditions-imagenet-c.jpg"
    assert f"images/{sheet.name}" in page
    assert sheet.stat().st_size < 600_000


def test_the_page_says_which_conditions_change_with_the_size(page):
    sized = set(re.findall(r"^\| `([a-z-]+)` \|.*\| yes \|", page, re.MULTILINE))
    assert sized == {
        "defocus-blur",
        "glass-blur",
        "motion-blur",
        "snow",
        "frost",
        "elastic-transform",
        "gaussian-blur",
        "spatter",
    }
