"""What a till must read, through what lies between it and a phone; and it never reads wrongly."""

import pytest

from tests.scanning import distortions
from tests.scanning.__main__ import table
from tests.scanning.measure import Cell, measure

# Strength at which each of these is common at an airport; docs/scanning.md has the rest.
MUST_READ = [
    (distortions.size, 106),
    (distortions.blur, 3),
    (distortions.motion, 7),
    (distortions.noise, 100),
    (distortions.rotation, 45),
    (distortions.rotation, 180),
    (distortions.tilt, 50),
    (distortions.contrast, 10),
    (distortions.shadow, 20),
    (distortions.glare, 30),
    (distortions.jpeg, 10),
    (distortions.gate, 2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("distortion", "strength"), MUST_READ)
def test_a_code_is_read_in_bad_light_and_at_an_angle(
    distortion: distortions.Distortion, strength: float
) -> None:
    cell = measure(distortion, "", strength, samples=4, seed=7)

    assert (cell.read, cell.wrong) == (4, 0)


@pytest.mark.slow
def test_what_is_hopeless_is_not_read_and_not_misread() -> None:
    for distortion, strength in ((distortions.blur, 6), (distortions.glare, 200)):
        cell = measure(distortion, "", strength, samples=3, seed=7)
        assert (cell.read, cell.wrong) == (0, 0)


def test_the_table_has_a_line_for_each_distortion_and_counts_wrong_ones() -> None:
    rows = [[Cell("blur", "px", 1, 3, 4, 0, 2.0), Cell("blur", "px", 2, 0, 4, 1, 9.0)]]

    assert "| blur (px) | 1: **75** · 2: **0** | 9.0 ms |" in table(rows)
    assert "8 frames; read as another code than was shown: 1." in table(rows)
