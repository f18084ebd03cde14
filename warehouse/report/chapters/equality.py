"""The equality statement (likestillings- og diskrimineringsloven § 26 a), in the law's order, with what is missing named.
Not here: the sentences (templates/).
"""

from __future__ import annotations

from typing import Any

from warehouse.report.numbers import NO_BREAK_SPACE, day
from warehouse.report.queries import AREA, Served
from warehouse.report.render import Grid, Page, Row

FILE = "likestilling.html"
SEXES = {"kvinne": "Kvinner", "mann": "Menn"}
LEVELS = {
    "Avdelingsleder": "Avdelingsledere",
    "Virksomhetsleder": "Virksomhetsledere",
    "Kommunalsjef": "Kommunalsjefer",
    "Direktør": "Direktører",
    "alle": "Virksomhetsledere, kommunalsjefer og direktører",
}


def _both(page: Page, table: str, measures: dict[str, tuple[str, int]], **cell: object) -> list[Row]:
    """A row a measure, with women and men of each year."""
    rows = []
    for measure, (name, decimals) in measures.items():
        cells = [
            page.show(page.served.figure(table, measure, year=year, sex=sex, **cell), decimals)
            for year in page.context["years"]
            for sex in SEXES
        ]
        rows.append(Row(name, cells))
    return rows


def _heads(page: Page) -> dict[str, Any]:
    years = page.context["years"]
    return {
        "columns": [name for _ in years for name in SEXES.values()],
        "groups": [(year, 2) for year in _named(page)],
    }


def _named(page: Page) -> list[str]:
    """The years of the page; of the one that is not over it says so."""
    running = {row["year"] for row in page.served.rows("equality_gender_balance") if row["is_partial"]}
    return [f"{year} (så langt)" if year in running else str(year) for year in page.context["years"]]


def _dated(page: Page) -> str:
    """On which dates persons are counted."""
    running = [row["year"] for row in page.served.rows("equality_gender_balance") if row["is_partial"]]
    now = f"; for {max(running)}, som ikke er omme, per {day(page.served.as_of)}" if running else ""
    return f"Per 31.{NO_BREAK_SPACE}desember{now}."


def balance(page: Page) -> Grid:
    """Employees and årsverk of women and men."""
    measures = {
        "employees": ("Ansatte", 0),
        "employees_percent": ("Andel av ansatte, prosent", 1),
        "fte": ("Årsverk", 1),
        "fte_percent": ("Andel av årsverk, prosent", 1),
    }
    rows = _both(page, "equality_gender_balance", measures, **page.served.municipality.cell)
    return Grid(
        "Kjønnsbalanse",
        rows=rows,
        note=f"{_dated(page)} Uten kommunedirektøren.",
        **_heads(page),
    )


def forms(page: Page) -> Grid:
    """Temporary and part-time employees, and those who want more."""
    measures = {
        "temporary_employees": ("Midlertidig ansatte", 0),
        "part_time_employees": ("Deltidsansatte", 0),
        "part_time_answered": ("Deltidsansatte som har svart om ønsket stilling", 0),
        "involuntary_part_time": ("Ufrivillig deltid", 0),
        "involuntary_percent": ("Ufrivillig deltid, prosent av dem som har svart", 1),
    }
    rows = _both(page, "equality_gender_balance", measures, **page.served.municipality.cell)
    note = f"{_dated(page)} Midlertidig ansatt er den som har sin største stilling som vikar eller midlertidig."
    return Grid("Midlertidig ansatte, deltid og ufrivillig deltid", rows=rows, note=note, **_heads(page))


def areas(page: Page) -> Grid:
    """Women's share by tjenesteområde."""
    served = page.served
    rows = []
    for unit in [*served.units_of(AREA), served.municipality]:
        cells: list[Any] = []
        for year in page.context["years"]:
            for sex in SEXES:
                figure = served.figure("equality_gender_balance", "employees_percent", year=year, sex=sex, **unit.cell)
                cells.append(page.show(figure))
        rows.append(Row(unit.name, cells, is_total=unit is served.municipality))
    note = f"Prosent av de ansatte. {_dated(page)}"
    return Grid("Kjønnsbalanse etter tjenesteområde", rows=rows, first="Tjenesteområde", note=note, **_heads(page))


def leaders(page: Page) -> Grid | None:
    """Leaders by level."""
    served = page.served
    found = {row["leader_level"] for row in served.rows("equality_leaders")}
    rows = []
    for level in [*(name for name in LEVELS if name in found), *sorted(found - LEVELS.keys())]:
        cells = [
            page.count(served.figure("equality_leaders", "leaders", year=year, leader_level=level, sex=sex))
            for year in page.context["years"]
            for sex in SEXES
        ]
        rows.append(Row(LEVELS.get(level, level), cells, is_total=level == "alle"))
    if not rows:
        return None
    note = f"Antall. {_dated(page)} Ledere har offentlige roller, og tallene vises alltid."
    return Grid("Ledere", rows=rows, first="Nivå", note=note, **_heads(page))


def leader_shares(page: Page) -> Grid | None:
    """Women's share of leaders by level."""
    served = page.served
    found = {row["leader_level"] for row in served.rows("equality_leaders")}
    years = page.context["years"]
    rows = [
        Row(
            LEVELS.get(level, level),
            [
                page.show(served.figure("equality_leaders", "leader_percent", year=year, leader_level=level, sex="kvinne"))
                for year in years
            ],
            is_total=level == "alle",
        )
        for level in LEVELS
        if level in found
    ]
    note = f"Prosent. {_dated(page)}"
    return Grid("Kvinneandel blant lederne", _named(page), rows, first="Nivå", note=note) if rows else None


def parental_leave(page: Page) -> Grid | None:
    """Parental leave that ended in the year, and what fell in the calendar year."""
    served = page.served
    if not any(True for _ in served.rows("equality_parental_leave")):
        return None
    measures = {
        "ended_leaves": ("Avsluttede permisjoner", 0),
        "ended_leave_mean_weeks": ("Uker i snitt per avsluttet permisjon", 1),
        "parental_leave_takers": ("Personer med permisjon i året", 0),
        "parental_leave_days": ("Dager i året", 0),
        "parental_leave_mean_days": ("Dager i året i snitt", 1),
        "parental_leave_mean_weeks": ("Uker i året i snitt", 1),
    }
    rows = _both(page, "equality_parental_leave", measures, leave_coverage="alle")
    for coverage in ("100", "80"):
        of_coverage = {
            "parental_leave_takers": (f"{coverage} prosent dekning: personer", 0),
            "parental_leave_mean_days": (f"{coverage} prosent dekning: dager i året i snitt", 1),
        }
        found = _both(page, "equality_parental_leave", of_coverage, leave_coverage=coverage)
        for row in found:
            row.depth = 1
        rows += found
    note = (
        "Uker per avsluttet permisjon sier hvor lange permisjonene er, også når de går over nyttår. Dager og uker i året er "
        "bare den delen som faller i kalenderåret, og sier ikke hvor lang en permisjon er."
    )
    return Grid("Foreldrepermisjon", rows=rows, note=note, is_wide=True, **_heads(page))


def pay(page: Page, year: int) -> Grid | None:
    """Mean pay of women and men by KS' pay group."""
    served = page.served
    found = sorted(served.rows("equality_pay", year=year), key=lambda row: (row["pay_group"] == 0, row["pay_group"]))
    rows = []
    for row in found:
        figures = {
            name: served.of_row("equality_pay", row, name)
            for name in (
                "women",
                "men",
                "women_percent",
                "mean_women",
                "mean_men",
                "pay_gap_nok",
                "pay_gap_percent",
                "women_pay_percent",
            )
        }
        cells = [page.count(figures["women"]), page.count(figures["men"]), page.show(figures["women_percent"])]
        cells += [page.count(figures["mean_women"]), page.count(figures["mean_men"]), page.change(figures["pay_gap_nok"], 0)]
        cells += [page.change(figures["pay_gap_percent"]), page.show(figures["women_pay_percent"])]
        name = "Alle grupper" if row["pay_group"] == 0 else row["pay_group_name"]
        rows.append(Row(name, cells, is_total=row["pay_group"] == 0))
    if not rows:
        return None
    return Grid(
        f"Lønn etter KS' lønnsgrupper, {year}",
        [
            "Kvinner",
            "Menn",
            "Kvinneandel, prosent",
            "Snitt kvinner, kr",
            "Snitt menn, kr",
            "Forskjell, kr",
            "Forskjell, prosent",
            "Kvinners i prosent av menns",
        ],
        rows,
        first="Lønnsgruppe",
        note="Kvinner og menn er antall stillinger, ikke personer. Årslønn i 100 prosent stilling, snitt over stillingene."
        " Forskjellen er menns lønn minus kvinners, i prosent av"
        " kvinners lønn. Siste kolonne er kvinners lønn i prosent av menns, slik Bufdir viser den.",
        is_wide=True,
    )


def pay_by_job_code(page: Page, year: int) -> Grid | None:
    """Mean, median and what PAI gives apart, of the job codes that are shown."""
    served = page.served
    rows = []
    for row in served.rows("equality_pay_by_job_code", year=year, withheld=None):
        names = ("women", "men", "mean_women", "mean_men", "median_women", "median_men", "women_pay_percent")
        figures = {name: served.of_row("equality_pay_by_job_code", row, name) for name in names}
        cells: list[Any] = [page.count(figures[name]) for name in names[:-1]]
        rows.append(Row(f"{row['job_title']} ({row['job_code']})", [*cells, page.show(figures["women_pay_percent"])]))
    if not rows:
        return None
    return Grid(
        f"Lønn etter stillingskode, {year}",
        [
            "Kvinner",
            "Menn",
            "Snitt kvinner, kr",
            "Snitt menn, kr",
            "Median kvinner, kr",
            "Median menn, kr",
            "Kvinners i prosent av menns",
        ],
        rows,
        first="Stilling",
        note="Kvinner og menn er antall stillinger, ikke personer. Årslønn i 100 prosent stilling. Bare stillingskoder med så"
        " mange kvinner og menn at lønnen kan vises.",
        is_wide=True,
    )


def supplements(page: Page, year: int) -> Grid | None:
    """Base pay, supplements and overtime from PAI."""
    served = page.served
    kinds = ("base_pay", "fixed_supplements", "variable_supplements", "overtime_pay")
    rows = []
    for row in served.rows("equality_pay_by_job_code", year=year, withheld=None):
        figures = [
            served.of_row("equality_pay_by_job_code", row, f"{kind}_{sex}") for kind in kinds for sex in ("women", "men")
        ]
        if all(figure.value is None for figure in figures):
            continue
        rows.append(Row(f"{row['job_title']} ({row['job_code']})", [page.count(figure) for figure in figures]))
    if not rows:
        return None
    return Grid(
        f"Grunnlønn, tillegg og overtid etter stillingskode, {year}",
        ["Kvinner", "Menn"] * 4,
        rows,
        first="Stilling",
        groups=[("Grunnlønn", 2), ("Faste tillegg", 2), ("Variable tillegg", 2), ("Overtid", 2)],
        note="Kroner i snitt per stilling, slik beløpene står i PAI 1. desember. Bare stillingskoder som i tabellen over.",
        is_wide=True,
    )


def statement_page(served: Served) -> Page:
    """The chapter on equality."""
    page = Page(served, FILE, "Likestilling", "equality.html.j2", FILE)
    years = sorted({row["year"] for row in served.rows("equality_gender_balance")})
    page.context["years"] = years[-3:]
    closed = [row["year"] for row in served.rows("equality_pay", pay_group=0) if not row["is_partial"]]
    year = max(closed, default=None)
    page.context |= {
        "unit": served.municipality,
        "balance": balance(page),
        "areas": areas(page),
        "leaders": leaders(page),
        "leader_shares": leader_shares(page),
        "forms": forms(page),
        "parental_leave": parental_leave(page),
        "pay": pay(page, year) if year else None,
        "pay_by_job_code": pay_by_job_code(page, year) if year else None,
        "supplements": supplements(page, year) if year else None,
        "asked": any(row["involuntary_part_time"] is not None for row in served.rows("equality_gender_balance")),
    }
    return page
