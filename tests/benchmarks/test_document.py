"""What docs/ says about speed is what the figures beside it say, and nothing else."""

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from benchmarks.document import DOCS, FIGURES, NoSuchFigure, files, fill
from benchmarks.engine import EngineFigures
from benchmarks.findings import OURS, SPREAD, TIMES, Findings
from benchmarks.report import Row, aligned, markdown
from benchmarks.shortfall import shortfall_rows
from benchmarks.targets import targets

FOUND = msgspec.json.decode((DOCS / FIGURES).read_bytes(), type=Findings)


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return files(FOUND)


def test_the_documents_are_what_their_figures_make(made: dict[Path, str]) -> None:
    changed = [path for path, text in made.items() if (DOCS / path).read_text() != text]

    assert not changed, "run `python -m benchmarks.document`"


def test_the_pictures_are_well_formed(made: dict[Path, str]) -> None:
    pictures = [text for path, text in made.items() if path.suffix == ".svg"]

    assert len(pictures) == 3
    for picture in pictures:
        assert ET.fromstring(picture).tag.endswith("svg")


def test_a_text_that_names_an_unknown_figure_is_refused() -> None:
    with pytest.raises(NoSuchFigure, match="speed"):
        fill("so many: {{speed}}", {}, "performance")


def test_no_placeholder_is_left(made: dict[Path, str]) -> None:
    assert not [path for path, text in made.items() if "{{" in text]


def test_each_target_of_the_nine_has_a_row() -> None:
    assert sorted({one.number for one in targets(FOUND)}) == list(range(1, 10))


def test_a_target_is_met_by_its_median_and_missing_figures_meet_none() -> None:
    empty = Findings(at="", machine=FOUND.machine, settings=FOUND.settings)

    assert {one.met for one in targets(empty)} == {None}
    ours = FOUND.per_second(OURS, SPREAD)
    assert ours is not None
    assert ours.least <= ours.median <= ours.most


def test_columns_of_figures_stand_to_the_right() -> None:
    rows: list[Row] = [("who", "per second"), ("ours", "1,000"), ("theirs", "20")]

    assert markdown(rows).splitlines()[1] == "| --- | --: |"
    assert aligned(rows).splitlines()[2] == "theirs          20"
    assert markdown(rows[:1]) == "*Not measured in this run.*"


def test_what_a_target_leaves_stands_beside_what_others_take() -> None:
    """Half of a bare store of 50,000 rows a second leaves 40 µs; of 100, others take 45."""
    turns = EngineFigures(
        [10_000.0], [50_000.0], 280, {}, {"Airside": 0.55, "SQLite": 0.45}
    )
    found = Findings(at="", machine=FOUND.machine, settings=FOUND.settings, engine=turns)

    assert shortfall_rows(found)[1:] == [
        (f"the engine alone: 0.5 {TIMES} the bare store", "40", "100", "45", "55")
    ]
