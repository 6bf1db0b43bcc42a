"""Line charts as SVG, by hand: a few panels below each other, each line named where it ends."""

from collections.abc import Callable, Sequence
from html import escape
from math import log10

import msgspec

WIDTH, HEIGHT = 760, 250  # of one panel
LEFT, RIGHT, TOP, BOTTOM = 66, 158, 44, 44
LABEL_GAP = 15  # between the names of two lines that end close together

INK, MUTED, GRID, PAPER = "#1f2933", "#5f6b7a", "#e3e7ec", "#ffffff"
FONT = "font-size='12' font-family='system-ui, Segoe UI, DejaVu Sans, sans-serif'"
# Apart for every kind of colour vision (Okabe and Ito, 2008), dark enough for thin lines.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0062b1", "#c65400", "#00795c", "#a03a82", "#8a94a0"

Point = tuple[float, float]
Scale = Callable[[float], float]


def linear(value: float) -> float:
    return value


def logarithmic(value: float) -> float:
    return log10(max(value, 1e-3))


def nines(share: float) -> float:
    """Of a percentile: 90 % is one, 99 % two. So a tail is as wide as the rest."""
    return -log10(max(1 - share, 1e-4))


class Line(msgspec.Struct, frozen=True):
    name: str
    colour: str
    points: Sequence[Point]
    thick: bool = False
    dashed: bool = False


class Axis(msgspec.Struct, frozen=True):
    """ticks: values and their texts, from one end of the axis to the other."""

    title: str
    ticks: Sequence[tuple[float, str]]
    scale: Scale = linear

    def place(self, value: float) -> float:
        """0 at the first tick, 1 at the last."""
        first, last = (self.scale(self.ticks[end][0]) for end in (0, -1))
        return (self.scale(value) - first) / (last - first)


class Panel(msgspec.Struct, frozen=True):
    title: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    band: tuple[float, float] | None = None  # of x, shaded

    def at(self, x: float, y: float) -> Point:
        wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        down = 1 - min(1.0, max(0.0, self.y.place(y)))
        return LEFT + wide * min(1.0, max(0.0, self.x.place(x))), TOP + high * down


def draw(panels: Sequence[Panel]) -> str:
    height = HEIGHT * len(panels)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {FONT}>",
        f"<rect width='{WIDTH}' height='{height}' rx='8' fill='{PAPER}'/>",
    ]
    for place, panel in enumerate(panels):
        parts += [f"<g transform='translate(0 {place * HEIGHT})'>", *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    return [
        _text(LEFT, 22, panel.title, INK, "start", weight=600),
        *_band(panel),
        *_x_axis(panel),
        *_y_axis(panel),
        *(_line(panel, line) for line in panel.lines),
        *_names(panel),
    ]


def _band(panel: Panel) -> list[str]:
    if panel.band is None:
        return []
    (left, _), (right, _) = (panel.at(x, panel.y.ticks[0][0]) for x in panel.band)
    high = HEIGHT - TOP - BOTTOM
    shape = f"x='{left:.1f}' y='{TOP}' width='{right - left:.1f}' height='{high}'"
    return [f"<rect {shape} fill='#fff3e0'/>"]


def _x_axis(panel: Panel) -> list[str]:
    bottom = HEIGHT - BOTTOM
    parts = []
    for value, text in panel.x.ticks:
        x, _ = panel.at(value, panel.y.ticks[0][0])
        parts += [_rule(x, bottom, x, bottom + 4), _text(x, bottom + 17, text)]
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*parts, _text(middle, bottom + 34, panel.x.title)]


def _y_axis(panel: Panel) -> list[str]:
    parts = [_text(LEFT - 8, TOP - 8, panel.y.title, anchor="end")]
    for value, text in panel.y.ticks:
        _, y = panel.at(panel.x.ticks[0][0], value)
        parts += [
            _rule(LEFT, y, WIDTH - RIGHT, y),
            _text(LEFT - 8, y + 4, text, anchor="end"),
        ]
    return parts


def _line(panel: Panel, line: Line) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (panel.at(*p) for p in line.points))
    width = 2.6 if line.thick else 1.7
    dashes = " stroke-dasharray='4 4'" if line.dashed else ""
    return (
        f"<polyline points='{points}' fill='none' stroke='{line.colour}'"
        f" stroke-width='{width}' stroke-linejoin='round' stroke-linecap='round'{dashes}/>"
    )


def _names(panel: Panel) -> list[str]:
    """From the top down, each at least a gap below the one before."""
    named = [line for line in panel.lines if line.points]
    ends = [(panel.at(*line.points[-1])[1], line) for line in named]
    parts, lowest = [], TOP - LABEL_GAP + 0.0
    for y, line in sorted(ends, key=lambda end: end[0]):
        lowest = max(y, lowest + LABEL_GAP)
        x, weight = WIDTH - RIGHT + 10, 600 if line.thick else 400
        parts.append(_text(x, lowest + 4, line.name, line.colour, "start", weight=weight))
    return parts


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f"x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{GRID}'/>"


def _text(
    x: float,
    y: float,
    text: str,
    colour: str = MUTED,
    anchor: str = "middle",
    *,
    weight: int = 400,
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' fill='{colour}' text-anchor='{anchor}'"
        f" font-weight='{weight}'>{escape(text)}</text>"
    )
