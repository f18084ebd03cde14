"""Sick leave of the municipality, of a tjenesteområde and of a virksomhet: their tables and charts.
Not here: full time (full_time.py), or the sentences (templates/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from warehouse.norwegian import BASES
from warehouse.report import charts
from warehouse.report.numbers import EN_DASH, month, months, number
from warehouse.report.queries import (
    AREA,
    DIVISION,
    GROUP,
    MUNICIPALITY,
    SHARES,
    UNIT,
    WARD,
    Figure,
    Served,
    Unit,
    in_persons,
    one_person,
)
from warehouse.report.render import Chart, Grid, Page, Row

FILE = "sykefravaer.html"
NOT_OVER = Markup('<span class="quiet">ikke omme</span>')
MOST = 10
GAPS = "Linjen mangler der tallet ikke vises, av hensyn til personvernet."
# Of tables with a column of årsverk beside percents.
PERCENT_AND_SIZE = "Sykefravær i prosent av mulige dagsverk; årsverk er snittet over året."
UNITS_NOTE = (
    "Årsverk er snittet over året. Sykefravær i prosent; endringer i prosentpoeng fra året før og fra tolv måneder før."
)
# Beside the newest year of others' figures stand those of so many years at most.
YEARS_COMPARED = 3
SHARE_NAMES = {
    "sick_leave_percent": "Sykefravær i alt",
    "self_certified_percent": "Egenmeldt",
    "doctor_certified_percent": "Legemeldt",
    "short_term_percent": "Korttid (1–{last} dager)",
    "long_term_percent": "Langtid (over {last} dager)",
    "graded_percent": "Graderte dager av de legemeldte",
}


@dataclass(frozen=True)
class Times:
    """The periods that the sick-leave tables show, in words too."""

    years: Sequence[int]
    last_year: int | None
    rolling: str | None
    rolling_words: str
    to_date: str | None
    to_date_words: str
    running_year: int | None


def times(served: Served) -> Times:
    """Those of a publication: the last four whole years, the latest twelve months, the running year so far."""
    last, this = served.last_twelve, served.this_year
    running = [year for year in served.all_years if year not in served.years]
    return Times(
        years=served.years[-4:],
        last_year=served.years[-1] if served.years else None,
        rolling=last["period"] if last else None,
        rolling_words=months(last["period_start"], last["period_end"]) if last else "",
        to_date=this["period"] if this else None,
        to_date_words=months(this["period_start"], this["period_end"]) if this else "",
        running_year=running[-1] if running else None,
    )


def page_of(unit: Unit) -> str:
    """The file of a unit's page."""
    return f"enhet-{re.sub(r'[^0-9A-Za-z]', lambda found: f'_{ord(found[0]):x}', unit.code)}.html"


def has_page(unit: Unit) -> bool:
    """Whether a unit has a page of its own."""
    return unit.level in (AREA, UNIT)


def linked(page: Page, unit: Unit) -> Markup | str:
    """A unit's name, leading to its page where there is one."""
    if not has_page(unit) or not page.context.get("with_units", True):
        return unit.name
    return Markup('<a href="{}">{}</a>').format(page_of(unit), unit.name)


def rolling_chart(page: Page, unit: Unit, name: str) -> Chart | None:
    """The twelve months that end with each month, beside the municipality's."""
    served = page.served
    lines: list[charts.Line] = [(unit.name, [(day, figure.value) for day, figure in served.rolling(unit)])]
    if unit.level != MUNICIPALITY:
        top = served.municipality
        lines.append((top.name, [(day, figure.value) for day, figure in served.rolling(top)]))
    shown = [(day, value) for day, value in lines[0][1] if value is not None]
    if len(shown) < 2:
        return None
    lowest, highest = min(shown, key=lambda point: point[1]), max(shown, key=lambda point: point[1])
    alt = (
        f"Linje over sykefraværet i {unit.name} de siste tolv månedene, måned for måned:"
        f" fra {number(shown[0][1], 1)} prosent i {month(f'{shown[0][0]:%Y-%m}')}"
        f" til {number(shown[-1][1], 1)} i {month(f'{shown[-1][0]:%Y-%m}')}."
        f" Lavest {number(lowest[1], 1)} i {month(f'{lowest[0]:%Y-%m}')},"
        f" høyest {number(highest[1], 1)} i {month(f'{highest[0]:%Y-%m}')}."
    )
    caption = "Sykefravær i prosent, de tolv månedene til og med hver måned."
    note = GAPS if len(shown) < len(lines[0][1]) else ""
    return page.chart(Chart(name, charts.lines(lines, "prosent"), alt, caption, note))


def quarters(page: Page, unit: Unit) -> Grid:
    """Quarters, half years and years with the change from the year before under each."""
    served = page.served
    rows = []
    halves = [("half_year", "H1"), ("half_year", "H2")]
    for year in served.all_years[-5:]:
        cells: list[Any] = []
        changes: list[Any] = []
        for period_type, part in [("quarter", f"Q{n}") for n in range(1, 5)] + halves:
            row = served.row(
                "sick_leave_changes",
                period_type=period_type,
                period=f"{year}-{part}",
                measure="sick_leave_percent",
                **unit.cell,
            )
            is_whole = row is not None and not row["is_partial"]
            figure = served.change(unit.cell, period_type, f"{year}-{part}", "value")
            cells.append(page.show(figure) if is_whole or year in served.years else NOT_OVER)
            changes.append(page.change(served.change(unit.cell, period_type, f"{year}-{part}")) if is_whole else "")
        if year in served.years:
            cells.append(page.show(served.sick_leave(unit.cell, "year", str(year))))
            changes.append(page.change(served.change(unit.cell, "year", str(year))))
        else:
            cells.append(page.show(served.change(unit.cell, "year_to_date", str(year), "value")))
            changes.append(page.change(served.change(unit.cell, "year_to_date", str(year))))
        rows.append(Row(f"{year}" if year in served.years else f"{year} så langt", cells))
        if year > served.first_year:
            rows.append(Row("endring fra året før", changes, depth=1))
    at = times(served)
    note = "Prosent; endringer i prosentpoeng."
    if at.to_date:
        note += f" {at.to_date} så langt er {at.to_date_words}, sammenlignet med de samme månedene året før."
    heads = ["1. kvartal", "2. kvartal", "3. kvartal", "4. kvartal", "1. halvår", "2. halvår", "Året"]
    return Grid("Sykefravær etter kvartal, halvår og år", heads, rows, first="År", note=note)


def quarter_chart(page: Page, unit: Unit, name: str) -> Chart | None:
    """The quarters of the last four years side by side."""
    served = page.served
    rows = []
    for quarter in range(1, 5):
        for year in served.all_years[-4:]:
            figure = served.sick_leave(unit.cell, "quarter", f"{year}-Q{quarter}")
            row = served.row("sick_leave_by_unit", period_type="quarter", period=f"{year}-Q{quarter}", **unit.cell)
            rows.append((f"{quarter}. kvartal", str(year), None if row is None or row["is_partial"] else figure.value))
    values = [(value, group, part) for group, part, value in rows if value is not None]
    if len(values) < 4:
        return None
    high, low = max(values), min(values)
    alt = (
        f"Søyler for sykefraværet i {unit.name} i hvert kvartal de siste fire årene."
        f" Høyest er {number(high[0], 1)} prosent i {high[1]} {high[2]}, lavest {number(low[0], 1)} i {low[1]} {low[2]}."
    )
    return page.chart(Chart(name, charts.columns(rows, "prosent"), alt, "Sykefravær i prosent etter kvartal"))


LATEST_MONTHS = ["Siste 12 md.", "Endring"]


def latest_months(page: Page, cell: Mapping[str, str], measure: str = "sick_leave_percent") -> list[Any]:
    """The cells below `LATEST_MONTHS`: the latest twelve months and the change from the twelve before, where there are some."""
    rolling = times(page.served).rolling
    if not rolling:
        return []
    return [
        page.show(page.served.change(cell, "rolling_12", rolling, "value", measure)),
        page.change(page.served.change(cell, "rolling_12", rolling, measure=measure)),
    ]


def kinds(page: Page, unit: Unit) -> Grid:
    """Self- and doctor-certified, short and long, graded: years, and the latest twelve months with the year before."""
    served, at = page.served, times(page.served)
    last_short_day = served.settings["short_term_max_days"]
    rows = []
    for measure in SHARES:
        cells: list[Any] = [page.show(served.sick_leave(unit.cell, "year", str(year), measure)) for year in at.years]
        cells += latest_months(page, unit.cell, measure)
        rows.append(Row(SHARE_NAMES[measure].format(last=last_short_day), cells, is_total=measure == "sick_leave_percent"))
    for measure, name in [("fte", "Årsverk i snitt"), ("lost_days", "Tapte dagsverk"), ("possible_days", "Mulige dagsverk")]:
        cells = [page.count(served.sick_leave(unit.cell, "year", str(year), measure)) for year in at.years]
        rows.append(Row(name, [*cells, *(["", ""] if at.rolling else [])]))
    heads = [str(year) for year in at.years] + (LATEST_MONTHS if at.rolling else [])
    note = (
        "Fraværet er i prosent av mulige dagsverk, de graderte dagene i prosent av de legemeldte. Endring i prosentpoeng fra "
        "tolv måneder før."
    )
    return Grid("Sykefravær etter type", heads, rows, first="Type", note=note)


def units(page: Page, below: Sequence[tuple[Unit, int]], caption: str, first: str, whole: Unit | None = None) -> Grid:
    """Units with their size, years and latest twelve months; the whole last."""
    served, at = page.served, times(page.served)
    years = list(at.years)[-3:]
    rows = []
    for unit, depth in [*below, *([(whole, 0)] if whole else [])]:
        cells: list[Any] = []
        if at.last_year:
            cells.append(page.count(served.sick_leave(unit.cell, "year", str(at.last_year), "fte")))
        cells += [page.show(served.sick_leave(unit.cell, "year", str(year))) for year in years]
        if at.last_year and at.last_year > served.first_year:
            cells.append(page.change(served.change(unit.cell, "year", str(at.last_year))))
        cells += latest_months(page, unit.cell)
        rows.append(Row(f"{unit.name} i alt" if unit is whole else linked(page, unit), cells, depth, unit is whole))
    heads = [f"Årsverk {at.last_year}"] if at.last_year else []
    heads += [str(year) for year in years]
    if at.last_year and at.last_year > served.first_year:
        heads.append(f"Endring {at.last_year}")
    heads += LATEST_MONTHS if at.rolling else []
    return Grid(caption, heads, rows, first=first, note=UNITS_NOTE, is_wide=True)


def tree(served: Served, unit: Unit, levels: Sequence[str]) -> list[tuple[Unit, int]]:
    """The units of some levels below a unit, with how deep each stands among them."""
    found: list[tuple[Unit, int]] = []

    def walk(above: Unit, depth: int) -> None:
        for child in served.children(above):
            if child.level in levels:
                found.append((child, depth))
                walk(child, depth + 1)
            else:
                walk(child, depth)

    walk(unit, 0)
    return found


def units_chart(page: Page, below: Sequence[Unit], name: str) -> Chart | None:
    """The latest twelve months of units beside the twelve before."""
    served, at = page.served, times(page.served)
    if not at.rolling:
        return None
    rows, said = [], []
    for unit in below:
        now = served.change(unit.cell, "rolling_12", at.rolling, "value")
        before = served.change(unit.cell, "rolling_12", at.rolling, "value_year_before")
        if now.value is None:
            continue
        rows += [(unit.name, "Tolv måneder før", before.value), (unit.name, "Siste tolv måneder", now.value)]
        said.append(f"{unit.name} {number(now.value, 1)}")
    if not rows:
        return None
    alt = f"Liggende søyler for sykefraværet i prosent siste tolv måneder og de tolv før: {', '.join(said)}."
    return page.chart(
        Chart(name, charts.bars(rows, "prosent"), alt, f"Sykefravær i prosent, {at.rolling_words} og tolv måneder før")
    )


def contributions(page: Page, unit: Unit) -> Grid | None:
    """How much each unit below moved the percentage."""
    served, at = page.served, times(page.served)
    if not at.rolling:
        return None
    found = list(served.rows("sick_leave_contributions", period_type="rolling_12", period=at.rolling, **unit.cell))
    if not found or all(row["contribution"] is None for row in found):
        return None
    shown = [row for row in found if not row["is_remainder"]]
    rest = [row for row in found if row["is_remainder"]]
    shown.sort(key=lambda row: -abs(row["contribution"] or 0))
    rows = []
    for row in [*shown, *rest]:
        parts = [served.of_row("sick_leave_contributions", row, name) for name in ("rate_effect", "mix_effect", "contribution")]
        child = served.by_code.get(row["child_org_unit_code"])
        header = linked(page, child) if child else "Øvrige (vises ikke hver for seg)"
        rows.append(Row(header, ["" if row["is_remainder"] and part.value is None else page.change(part, 2) for part in parts]))
    change = served.change(unit.cell, "rolling_12", at.rolling)
    rows.append(Row(f"{unit.name} i alt", ["", "", page.change(change, 2)], is_total=True))
    return Grid(
        "Bidrag til endringen siste tolv måneder",
        ["Eget fravær", "Endret sammensetning", "Bidrag"],
        rows,
        first="Enhet",
        note="Prosentpoeng. «Eget fravær» er virkningen av at enhetens eget sykefravær er endret. «Endret sammensetning» er"
        " virkningen av at enhetens andel av dagsverkene er endret. Til sammen er bidragene endringen for hele enheten.",
    )


def contribution_chart(page: Page, unit: Unit, name: str) -> Chart | None:
    """The contributions as bars to both sides of zero."""
    served, at = page.served, times(page.served)
    found = [
        row
        for row in served.rows("sick_leave_contributions", period_type="rolling_12", period=at.rolling, **unit.cell)
        if row["contribution"] is not None and not row["is_remainder"]
    ]
    if len(found) < 2:
        return None
    found.sort(key=lambda row: -row["contribution"])
    rows = [(row["child_org_unit_name"], "Bidrag", row["contribution"]) for row in found]
    said = ", ".join(f"{row['child_org_unit_name']} {number(row['contribution'], 2)}" for row in found)
    alt = f"Liggende søyler: bidrag til endringen i sykefraværet i prosentpoeng, størst økning øverst: {said}."
    return page.chart(
        Chart(name, charts.bars(rows, "prosentpoeng"), alt, "Bidrag til endringen, prosentpoeng, siste tolv måneder")
    )


def changed_most(page: Page, unit: Unit) -> Grid | None:
    """The ten units below whose latest twelve months differ most from the twelve before, with what one person means there."""
    served, at = page.served, times(page.served)
    size_of = at.running_year or at.last_year
    if not at.rolling or not size_of:
        return None
    found = []
    for below in served.below(unit):
        change = served.change(below.cell, "rolling_12", at.rolling)
        if (below.level in (UNIT, WARD) and not served.children(below) and change.value is not None) or (
            below.level == UNIT
            and change.value is not None
            and all(served.change(child.cell, "rolling_12", at.rolling).value is None for child in served.children(below))
        ):
            found.append((below, change))
    found.sort(key=lambda item: (-abs(item[1].value or 0), item[0].code))
    if len(found) < 2:
        return None
    rows = []
    for below, change in found[:MOST]:
        fte = served.sick_leave(below.cell, "year", str(size_of), "fte")
        above = served.above(below)[-1]
        header: Any = linked(page, below)
        if below.level == WARD and above.level != unit.level:
            header = Markup("{} <span class=quiet>({})</span>").format(below.name, linked(page, above))
        rows.append(
            Row(
                header,
                [
                    page.show(fte),
                    page.show(served.change(below.cell, "rolling_12", at.rolling, "value_year_before")),
                    page.show(served.change(below.cell, "rolling_12", at.rolling, "value")),
                    page.change(change),
                    page.show(one_person(fte)),
                    page.change(in_persons(change, fte)),
                ],
            )
        )
    size = f"Årsverk {size_of}{' så langt' if at.running_year else ''}"
    return Grid(
        f"De {number(len(rows))} enhetene som har endret seg mest siste tolv måneder",
        [size, "Tolv md. før", "Siste 12 md.", "Endring", "Én person betyr", "Endringen i årsverk"],
        rows,
        first="Enhet",
        note="Sykefravær i prosent; endring i prosentpoeng. «Én person betyr» er hvor mange prosentpoeng sykefraværet stiger"
        " når én i full stilling er borte hele perioden. «Endringen i årsverk» er hvor mange slike personer endringen svarer"
        " til. Er det én eller to, kan endringen være tilfeldig.",
        is_wide=True,
    )


def by_sex(page: Page, unit: Unit) -> Grid | None:
    """Women and men by year."""
    served, at = page.served, times(page.served)
    years = list(at.years)[-3:]

    def cells(sex: str) -> list[Any]:
        at_year = [
            served.figure("sick_leave_by_sex", "sick_leave_percent", period_type="year", period=str(year), sex=sex, **unit.cell)
            for year in years
        ]
        last = [
            served.figure("sick_leave_by_sex", measure, period_type="year", period=str(at.last_year), sex=sex, **unit.cell)
            for measure in ("self_certified_percent", "doctor_certified_percent", "fte")
        ]
        return [*(page.show(figure) for figure in at_year), page.show(last[0]), page.show(last[1]), page.count(last[2])]

    if not at.last_year:
        return None
    rows = [Row("Kvinner", cells("kvinne")), Row("Menn", cells("mann"))]
    if all(getattr(cell, "value", None) is None for row in rows for cell in row.cells):
        return None
    heads = [str(year) for year in years] + [
        f"Egenmeldt {at.last_year}",
        f"Legemeldt {at.last_year}",
        f"Årsverk {at.last_year}",
    ]
    return Grid("Sykefravær etter kjønn", heads, rows, first="Kjønn", note=PERCENT_AND_SIZE)


def by_age(page: Page, unit: Unit) -> Grid | None:
    """Age bands of the last whole year, by sex too."""
    served, at = page.served, times(page.served)
    if not at.last_year:
        return None
    bands = list(
        dict.fromkeys(
            row["age_group"]
            for row in served.rows(
                "sick_leave_by_age", period_type="year", period=str(at.last_year), **served.municipality.cell
            )
        )
    )
    bands.sort(key=lambda band: (not band.startswith("<"), band))
    years = list(at.years)[-2:]

    def figure(band: str, sex: str, year: int, measure: str = "sick_leave_percent") -> Figure:
        return served.figure(
            "sick_leave_by_age", measure, period_type="year", period=str(year), sex=sex, age_group=band, **unit.cell
        )

    rows = [
        Row(
            f"Under {band[1:]}"
            if band.startswith("<")
            else f"{band[:-1]} og over"
            if band.endswith("+")
            else band.replace("-", EN_DASH),
            [
                *(page.show(figure(band, "alle", year)) for year in years),
                page.show(figure(band, "kvinne", years[-1])),
                page.show(figure(band, "mann", years[-1])),
                page.count(figure(band, "alle", years[-1], "fte")),
            ],
        )
        for band in bands
    ]
    if not rows:
        return None
    heads = [f"Alle {year}" for year in years] + [f"Kvinner {years[-1]}", f"Menn {years[-1]}", f"Årsverk {years[-1]}"]
    note = f"{PERCENT_AND_SIZE} Alder er året minus fødselsåret."
    return Grid("Sykefravær etter alder", heads, rows, first="Alder", note=note)


def by_job_code(page: Page, unit: Unit) -> Grid | None:
    """The job codes that are shown, largest first."""
    served, at = page.served, times(page.served)
    if not at.last_year:
        return None
    years = list(at.years)[-3:]
    found = [
        row
        for row in served.rows("sick_leave_by_job_code", period_type="year", period=str(at.last_year), **unit.cell)
        if row["withheld"] is None and row["fte"] is not None
    ]
    found.sort(key=lambda row: (-row["fte"], row["job_code"]))
    rows = []
    for row in found:
        cell = {**unit.cell, "job_code": row["job_code"]}
        shown = [
            served.figure("sick_leave_by_job_code", "sick_leave_percent", period_type="year", period=str(year), **cell)
            for year in years
        ]
        fte = served.figure("sick_leave_by_job_code", "fte", period_type="year", period=str(at.last_year), **cell)
        rows.append(Row(f"{row['job_title']} ({row['job_code']})", [page.count(fte), *(page.show(figure) for figure in shown)]))
    if not rows:
        return None
    note = f"{PERCENT_AND_SIZE} Bare stillingskoder med så mange årsverk at tallene kan vises."
    return Grid(
        "Sykefravær etter stillingskode", [f"Årsverk {at.last_year}", *map(str, years)], rows, first="Stilling", note=note
    )


def groups(page: Page) -> Grid | None:
    """Groups that cut across the tree, as kinds of schools."""
    served, at = page.served, times(page.served)
    rows = []
    for name in served.groups():
        cell = {"org_level": GROUP, "org_unit_code": name}
        cells: list[Any] = []
        if at.last_year:
            cells.append(page.count(served.sick_leave(cell, "year", str(at.last_year), "fte")))
        cells += [page.show(served.sick_leave(cell, "year", str(year))) for year in list(at.years)[-3:]]
        cells += latest_months(page, cell)
        rows.append(Row(name, cells))
    if not rows:
        return None
    heads = ([f"Årsverk {at.last_year}"] if at.last_year else []) + [str(year) for year in list(at.years)[-3:]]
    heads += LATEST_MONTHS if at.rolling else []
    note = f"{PERCENT_AND_SIZE} Endring i prosentpoeng fra tolv måneder før. En gruppe er enheter av samme slag, på tvers."
    return Grid("Sykefravær i grupper av enheter", heads, rows, first="Gruppe", note=note)


def spells(page: Page, unit: Unit) -> Grid | None:
    """Spells by their length in the last whole year."""
    served, at = page.served, times(page.served)
    found = {row["length_band"]: row for row in served.rows("absence_spells_by_unit", year=at.last_year, **unit.cell)}
    rows = [
        Row(
            f"{band[:-1]} dager og mer" if band.endswith("+") else f"{band} dager",
            [
                page.count(served.of_row("absence_spells_by_unit", found[band], name))
                for name in ("spells", "persons", "lost_days")
            ],
        )
        for band in sorted(found, key=lambda band: int(re.split(r"\D", band)[0]))
    ]
    if not rows:
        return None
    note = "Lengden er hele tilfellet i kalenderdager. En person kan stå på flere linjer."
    return Grid(
        f"Fraværstilfeller etter lengde, {at.last_year}", ["Tilfeller", "Personer", "Tapte dagsverk"], rows, "Lengde", note
    )


def comparison(page: Page) -> list[Grid]:
    """Others by year, employers with their rank, and sectors by quarter. A year long past stands beside none of today's."""
    served = page.served
    rows_of = list(served.rows("benchmarks", indicator="sick_leave_percent"))
    own = served.municipality.name
    grids = []
    years = sorted({row["period"] for row in rows_of if row["period_type"] == "year" and row["peer"] != own})
    years = [year for year in years if int(year) > int(years[-1]) - YEARS_COMPARED]
    if years:
        compared = [row for row in rows_of if row["period"] in years and row["basis"] in ("employer", "sector")]
        peers = sorted({row["peer"] for row in compared})

        def figures(peer: str, year: str) -> list[Any]:
            cell = {"indicator": "sick_leave_percent", "period_type": "year", "period": year, "peer": peer}
            return [
                page.show(served.figure("benchmarks", "value", **cell)),
                page.count(served.figure("benchmarks", "rank", **cell)),
            ]

        def last(peer: str) -> tuple[bool, float]:
            value = served.figure(
                "benchmarks", "value", indicator="sick_leave_percent", period_type="year", period=years[-1], peer=peer
            ).value
            return (value is None, float(value or 0))

        rows = [
            Row(peer, [cell for year in years for cell in figures(peer, year)], is_total=peer == own)
            for peer in sorted(peers, key=last)
        ]
        sources = sorted({row["source"] for row in compared if row["source"] != "payroll"})
        note = f"Prosent; 1 er lavest. Tall for andre er slik de er publisert: {'; '.join(sources)}."
        if any(row["basis"] == "sector" for row in compared):
            note += " Tall for mange arbeidsgivere til sammen rangeres ikke."
        heads = [head for _ in years for head in ("Sykefravær", "Plass")]
        grids.append(
            Grid("Kommuner som arbeidsgivere", heads, rows, first="Kommune", note=note, groups=[(year, 2) for year in years])
        )
    quarters_of = sorted({row["period"] for row in rows_of if row["period_type"] == "quarter" and row["peer"] != own})[-8:]
    if quarters_of:
        basis = {row["peer"]: row["basis"] for row in rows_of if row["period"] in quarters_of}
        rows = []
        for peer in sorted(basis, key=lambda peer: (peer != own, basis[peer], peer)):
            shown = [
                page.show(
                    served.figure(
                        "benchmarks", "value", indicator="sick_leave_percent", period_type="quarter", period=quarter, peer=peer
                    )
                )
                for quarter in quarters_of
            ]
            rows.append(Row(peer, [BASES[basis[peer]], *shown], is_total=peer == own))
        grids.append(
            Grid(
                "Sektor og landet, kvartal for kvartal",
                ["Hvem", *(f"{quarter[6:]}. kv. {quarter[:4]}" for quarter in quarters_of)],
                rows,
                first="Sammenligning",
                note="Prosent. En sektor er alle arbeidsgivere i den, bosatte er alle som bor der. Ingen av tallene er én"
                " arbeidsgivers, og de rangeres ikke.",
                is_wide=True,
                texts=("Hvem",),
            )
        )
    return grids


def municipality_page(served: Served, with_units: bool) -> Page:
    """The chapter on sick leave."""
    unit = served.municipality
    page = Page(served, FILE, "Sykefravær", "sick_leave.html.j2", FILE)
    page.context["with_units"] = with_units
    areas = served.units_of(AREA)
    page.context |= {
        "unit": unit,
        "at": times(served),
        "lead": lead(served, unit),
        "rolling_chart": rolling_chart(page, unit, "sykefravaer-12"),
        "quarters": quarters(page, unit),
        "quarter_chart": quarter_chart(page, unit, "sykefravaer-kvartal"),
        "kinds": kinds(page, unit),
        "areas": units(page, [(area, 0) for area in areas], "Sykefravær etter tjenesteområde", "Tjenesteområde", unit),
        "areas_chart": units_chart(page, areas, "sykefravaer-omraader"),
        "contributions": contributions(page, unit),
        "contribution_chart": contribution_chart(page, unit, "sykefravaer-bidrag"),
        "changed_most": changed_most(page, unit),
        "tree": units(
            page,
            tree(served, unit, (AREA, DIVISION, UNIT)),
            "Sykefravær etter tjenesteområde, kommunalsjefområde og virksomhet",
            "Enhet",
        ),
        "groups": groups(page),
        "by_sex": by_sex(page, unit),
        "by_age": by_age(page, unit),
        "by_job_code": by_job_code(page, unit),
        "spells": spells(page, unit),
        "comparison": comparison(page),
    }
    return page


def lead(served: Served, unit: Unit) -> dict[str, Figure]:
    """The figures of the sentences at the top."""
    at = times(served)
    found: dict[str, Figure] = {}
    if at.last_year:
        found["year"] = served.sick_leave(unit.cell, "year", str(at.last_year))
        found["year_change"] = served.change(unit.cell, "year", str(at.last_year))
        found["fte"] = served.sick_leave(unit.cell, "year", str(at.last_year), "fte")
    if at.rolling:
        found["rolling"] = served.change(unit.cell, "rolling_12", at.rolling, "value")
        found["rolling_change"] = served.change(unit.cell, "rolling_12", at.rolling)
        found["mean"] = served.change(unit.cell, "rolling_12", at.rolling, "mean_three_years")
    if at.to_date:
        found["to_date"] = served.change(unit.cell, "year_to_date", at.to_date, "value")
        found["to_date_change"] = served.change(unit.cell, "year_to_date", at.to_date)
    return found


def unit_page(served: Served, unit: Unit, full_time: Callable[[Page, Unit], dict[str, Any]] | None) -> Page:
    """The page of a tjenesteområde or a virksomhet."""
    above = served.above(unit)
    trail = [(FILE, "Sykefravær"), *((page_of(one) if has_page(one) else "", one.name) for one in above[1:]), ("", unit.name)]
    page = Page(served, page_of(unit), unit.name, "unit.html.j2", FILE, trail)
    slug = page.name.removesuffix(".html")
    is_area = unit.level == AREA
    below = tree(served, unit, (DIVISION, UNIT) if is_area else (WARD,))
    page.context |= {
        "unit": unit,
        "at": times(served),
        "is_area": is_area,
        "lead": lead(served, unit),
        "rolling_chart": rolling_chart(page, unit, f"{slug}-12"),
        "quarters": quarters(page, unit),
        "kinds": kinds(page, unit),
        "below": units(page, below, "Sykefravær i enhetene", "Enhet", unit) if below else None,
        "contributions": contributions(page, unit) if is_area else None,
        "contribution_chart": contribution_chart(page, unit, f"{slug}-bidrag") if is_area else None,
        "changed_most": changed_most(page, unit) if is_area else None,
        "by_sex": by_sex(page, unit),
        "by_age": by_age(page, unit) if is_area else None,
        "by_job_code": by_job_code(page, unit) if is_area else None,
        "spells": spells(page, unit) if is_area else None,
        "full_time": full_time(page, unit) if full_time else None,
    }
    return page
