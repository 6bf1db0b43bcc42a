"""What docs/ says about speed is what the figures beside it say, and nothing else."""

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from benchmarks.document import DOCS, FIGURES, NoSuchFigure, files, fill
from benchmarks.engine import EngineFigures
from benchmarks.findings import (
    BARE,
    CROWD,
    DASH,
    FLOOR,
    LONE,
    NAIVE,
    OURS,
    SIZES,
    SPREAD,
    TIMES,
    WIDE,
    Findings,
)
from benchmarks.parts import PartsFigures
from benchmarks.report import Row, aligned, markdown, sizes_rows
from benchmarks.rounds import Round
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


def played(contestant: str, measure: str, finished: int, cpu_us: dict[str, float]) -> Round:
    """In one second, by a load generator that takes half of a core."""
    return Round(
        contestant=contestant,
        measure=measure,
        offered=0,
        finished=finished,
        seconds=1,
        latency_us={"50": 200, "99": 400},
        cpu_us=cpu_us,
        load_share=0.5,
        others_share=0,
    )


def test_all_processes_share_what_six_times_the_naive_rate_leaves() -> None:
    """5,000 a second use 5,000 x (200 + 100) µs; at 6,000 that is 250, of which the load is 100."""
    rounds = [
        played(OURS, SPREAD, 5_000, {"gateway": 120, "partitions": 60, "ray": 20}),
        played(NAIVE, SPREAD, 1_000, {"gateway": 1_000}),
    ]
    looks = {"gateway": {"Airside": 0.5}, "partitions": {"Airside": 0.25}}
    found = Findings(
        at="", machine=FOUND.machine, settings=FOUND.settings, rounds=rounds, looks=looks
    )

    [_, naive, *_] = shortfall_rows(found)
    assert naive[1:] == ("150", "200", "125", "75")


def test_a_lone_payment_takes_as_long_as_the_bare_one_and_then_our_own() -> None:
    """The parts take 200 + 90 + 110 µs, each alone, so 600 are left; in a row they take 500."""

    def waited(contestant: str, half_us: int) -> Round:
        one = played(contestant, LONE, 1_000, {"gateway": 400})
        return msgspec.structs.replace(one, latency_us={"50": half_us, "99": half_us})

    found = Findings(
        at="",
        machine=FOUND.machine,
        settings=FOUND.settings,
        rounds=[waited(OURS, 900), waited(BARE, 500), waited(FLOOR, 200)],
        parts=[PartsFigures(90, 100, 110, 120)],
    )

    assert shortfall_rows(found)[1][1:] == ("600", "900", "500", "400")
    [over_parts] = [one for one in targets(found) if "sum of its parts" in one.says]
    assert (over_parts.reached, over_parts.met) == (f"2.25 {TIMES} (2.25{DASH}2.25)", False)


def test_twice_as_many_gateways_are_judged_with_twice_as_many_callers_too() -> None:
    rounds = [
        played(OURS, SIZES, 1_000, {"gateway": 100}),
        played(WIDE, SIZES, 1_000, {"gateway": 130}),
        played(WIDE, CROWD, 1_000, {"gateway": 110}),
    ]
    found = Findings(at="", machine=FOUND.machine, settings=FOUND.settings, rounds=rounds)

    wide = [one for one in targets(found) if one.number == 6][:2]
    assert [one.reached.split()[0] for one in wide] == ["1.30", "1.10"]
    assert [one.met for one in wide] == [False, True]
    assert [row[0] for row in sizes_rows(found)[1:]] == [OURS, WIDE, f"{WIDE}, 128 callers"]
