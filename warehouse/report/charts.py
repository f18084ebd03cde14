"""The charts of the report: what each kind looks like, and how all of them become SVG files, in processes of their own.
Not here: which figures are drawn (chapters/). Every figure of a chart stands in a table of its page as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from warehouse.report.numbers import NARROW_SPACE, NO_BREAK_SPACE
from warehouse.report.process import run_module
from warehouse.report.render import Chart

WIDTH, HEIGHT = 720, 240
ROOM = 40
# Okabe and Ito's colours, in an order in which neighbours differ in lightness too, so that they survive black and white print.
COLOURS = ("#0072b2", "#d55e00", "#595959", "#009e73", "#cc79a7")
SHADES = ("#c6d9e8", "#8fb8d6", "#4a93c1", "#0b5a8f", "#06304d")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [1, 3])
BANDS = ("#06304d", "#0b5a8f", "#4a93c1", "#8fb8d6", "#c6d9e8")
FONT = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
CONFIG = {
    "font": FONT,
    "locale": {
        "number": {
            "decimal": ",",
            "thousands": NARROW_SPACE,
            "grouping": [3],
            "currency": ["", " kr"],
            "percent": f"{NO_BREAK_SPACE}%",
        }
    },
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": "#222",
        "titleColor": "#222",
        "gridColor": "#e3e3e3",
        "domainColor": "#767676",
        "tickColor": "#767676",
        "labelLimit": 260,
    },
    "axisQuantitative": {"labelOverlap": "greedy", "labelSeparation": 6},
    "legend": {
        "labelFontSize": 12,
        "orient": "top",
        "title": None,
        "symbolStrokeWidth": 2.5,
        "labelLimit": 320,
        "columns": 4,
        "columnPadding": 24,
    },
    "view": {"stroke": None},
    # On a narrow screen a shadow behind the picture says that there is more of it at the side (report.css).
    "background": None,
}
Line = tuple[str, Sequence[tuple[date, float | None]]]


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Altair without its checks of every part, which take most of its time; a wrong chart fails when it is drawn."""
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        yield


def _spec(chart: Any, height: int, room: int = 0) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(
        width=WIDTH, height=height, autosize={"type": "fit", "contains": "padding"}, usermeta={"width": WIDTH, "height": height}
    ).to_dict(validate=False)
    spec["config"] = CONFIG
    # Where the font is another than the one the chart was measured with, long names on the left would be cut.
    spec["padding"] = {"left": 5 + room, "right": 12, "top": 5, "bottom": 5}
    return spec


def _legend(names: Sequence[str]) -> dict[str, Any] | None:
    return {} if len(names) > 1 else None


def lines(series: Sequence[Line], unit: str) -> dict[str, Any]:
    """Lines over time, each with a colour and a dash of its own; a gap where nothing can be shown."""
    import altair as alt

    names = [name for name, _ in series]
    legend = {"symbolType": "stroke"} if len(names) > 1 else None
    rows = [
        {"line": name, "day": day.isoformat(), "value": value, "alone": value is not None and _is_alone(points, place)}
        for name, points in series
        for place, (day, value) in enumerate(points)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("day:T", axis=alt.Axis(title=None, format="%Y", tickCount="year", grid=False)),
        y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=True, nice=True)),
        color=alt.Color("line:N", scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])), legend=legend),
    )
    line = base.mark_line(
        strokeWidth=2.5, point={"size": 30} if max(len(points) for _, points in series) < 20 else False
    ).encode(
        strokeDash=alt.StrokeDash(
            "line:N",
            scale=alt.Scale(domain=names, range=[list(dash) for dash in DASHES[: len(names)]]),
            legend=legend,
        )
    )
    # A line needs two neighbours: a figure between two that are not shown would be drawn by nothing.
    return _spec(line + base.mark_point(filled=True, opacity=1, size=40).transform_filter("datum.alone"), HEIGHT)


def _is_alone(points: Sequence[tuple[date, float | None]], place: int) -> bool:
    return all(value is None for _, value in [*points[max(0, place - 1) : place], *points[place + 1 : place + 2]])


def columns(rows: Sequence[tuple[str, str, float | None]], unit: str) -> dict[str, Any]:
    """Columns side by side: (group on the axis, column of the group, value). The last column of a group is the darkest."""
    import altair as alt

    groups = list(dict.fromkeys(group for group, _, _ in rows))
    parts = list(dict.fromkeys(part for _, part, _ in rows))
    shades = list(SHADES[max(0, 4 - len(parts)) : 4]) if len(parts) < 5 else list(SHADES[-len(parts) :])
    data = alt.Data(values=[{"group": group, "part": part, "value": value} for group, part, value in rows])
    chart = (
        alt.Chart(data)
        .mark_bar(stroke="#06304d", strokeWidth=0.5)
        .encode(
            x=alt.X("group:N", sort=groups, axis=alt.Axis(title=None, labelAngle=0)),
            xOffset=alt.XOffset("part:N", sort=parts),
            y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=True)),
            color=alt.Color("part:N", scale=alt.Scale(domain=parts, range=shades), legend=_legend(parts)),
        )
    )
    return _spec(chart, HEIGHT)


def bars(rows: Sequence[tuple[str, str, float | None]], unit: str) -> dict[str, Any]:
    """Bars across, for long names: (name, bar of the name, value); may go to both sides of zero."""
    import altair as alt

    names = list(dict.fromkeys(name for name, _, _ in rows))
    parts = list(dict.fromkeys(part for _, part, _ in rows))
    data = alt.Data(values=[{"name": name, "part": part, "value": value} for name, part, value in rows])
    colours = [SHADES[0], SHADES[3]] if len(parts) == 2 else [SHADES[3]]
    encoding: dict[str, Any] = {
        "y": alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False)),
        "x": alt.X("value:Q", title=unit, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6)),
        "color": alt.Color("part:N", scale=alt.Scale(domain=parts, range=colours), legend=_legend(parts)),
    }
    if len(parts) > 1:
        encoding["yOffset"] = alt.YOffset("part:N", sort=parts)
    chart = alt.Chart(data).mark_bar(stroke="#06304d", strokeWidth=0.5).encode(**encoding)
    return _spec(chart, 60 + len(names) * (18 if len(parts) == 1 else 30), ROOM)


def shares(rows: Sequence[tuple[str, str, float | None]], unit: str) -> dict[str, Any]:
    """A bar a name, divided into parts that add up to 100: (name, part, value)."""
    import altair as alt

    names = list(dict.fromkeys(name for name, _, _ in rows))
    parts = list(dict.fromkeys(part for _, part, _ in rows))
    data = alt.Data(
        values=[{"name": name, "part": part, "value": value, "order": parts.index(part)} for name, part, value in rows]
    )
    chart = (
        alt.Chart(data)
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(
            y=alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False)),
            x=alt.X(
                "value:Q", stack="normalize", title=unit, axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1])
            ),
            order=alt.Order("order:Q"),
            color=alt.Color("part:N", scale=alt.Scale(domain=parts, range=list(BANDS[: len(parts)])), legend={"columns": 5}),
        )
    )
    return _spec(chart, 70 + 30 * len(names), ROOM)


def _year(day: date) -> float:
    """A day on an axis where a year's mark is its end: 31 December 2024 is 2024."""
    return day.year - 1 + day.timetuple().tm_yday / (366 if day.year % 4 == 0 else 365)


def path(
    actual: Sequence[tuple[date, float | None]], targets: Sequence[tuple[date, float | None]], unit: str
) -> dict[str, Any]:
    """A figure so far and the path to its targets. The axis does not begin at zero, which the caption has to say."""
    import altair as alt

    names = ["Faktisk", "Vei til målet"]
    points = [(names[0], _year(day), value) for day, value in actual] + [
        (names[1], _year(day), value) for day, value in targets
    ]
    rows = [{"line": name, "year": year, "value": value} for name, year, value in points]
    years = list(range(int(min(year for _, year, _ in points)), int(max(year for _, year, _ in points)) + 1))
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2.5, point={"size": 45})
        .encode(
            x=alt.X(
                "year:Q",
                scale=alt.Scale(zero=False, nice=False),
                axis=alt.Axis(title=None, format="d", values=years, grid=False),
            ),
            y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False, nice=True, padding=8)),
            color=alt.Color("line:N", scale=alt.Scale(domain=names, range=list(COLOURS[:2])), legend={"symbolType": "stroke"}),
            strokeDash=alt.StrokeDash("line:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3]]), legend={}),
        )
    )
    return _spec(chart, 230)


def dots(rows: Sequence[tuple[str, str, float | None]], unit: str, domain: tuple[float, float]) -> dict[str, Any]:
    """A line a name with a mark a series: (name, series, value), on a scale that is given, as that of a survey."""
    import altair as alt

    names = list(dict.fromkeys(name for name, _, _ in rows))
    parts = list(dict.fromkeys(part for _, part, _ in rows))
    data = alt.Data(values=[{"name": name, "part": part, "value": value} for name, part, value in rows])
    # Scores have one decimal, so that most marks lie upon each other: each is small enough to stand inside the one before.
    sizes = alt.Size("part:N", scale=alt.Scale(domain=parts, range=[240, 80, 14][: len(parts)]), legend={})
    chart = (
        alt.Chart(data)
        .mark_point(filled=False, strokeWidth=2)
        .encode(
            y=alt.Y("name:N", sort=names, axis=alt.Axis(title=None, grid=True, ticks=False, domain=False)),
            x=alt.X("value:Q", title=unit, scale=alt.Scale(domain=list(domain), nice=False), axis=alt.Axis(grid=False)),
            color=alt.Color("part:N", scale=alt.Scale(domain=parts, range=list(COLOURS[: len(parts)])), legend={}),
            size=sizes,
            shape=alt.Shape(
                "part:N", scale=alt.Scale(domain=parts, range=["circle", "diamond", "cross"][: len(parts)]), legend={}
            ),
        )
    )
    return _spec(chart, 70 + 34 * len(names), ROOM)


def write_charts(charts: Sequence[Chart], folder: Path) -> None:
    """Write each chart as an SVG file, side by side in as many processes as there are cores.

    Raises:
        ProgramFault: a chart cannot be drawn.
    """
    if not charts:
        return
    cores = len(os.sched_getaffinity(0))
    hands = [[(chart.name, chart.spec) for chart in charts[n::cores]] for n in range(cores)]
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda hand: _in_process(hand, folder), filter(None, hands)))


def _in_process(hand: Sequence[tuple[str, dict[str, Any]]], folder: Path) -> None:
    run_module(__spec__.name, str(folder), given=json.dumps(hand), makes="a chart of the report")


def _draw(hand: Sequence[tuple[str, dict[str, Any]]], folder: Path) -> None:
    import vl_convert

    for name, spec in hand:
        svg = vl_convert.vegalite_to_svg(spec)
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    _draw(json.load(sys.stdin), Path(sys.argv[1]))
