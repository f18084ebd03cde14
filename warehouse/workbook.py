"""The workbook arsverk.xlsx: the served figures of years and quarters for whoever works in Excel, a sheet a subject.
Not here: figures. Every number in it is a served one; what a measure is called and how it is shown, metric_definitions says.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sources.naming import OSLO
from warehouse.database import one, publication_opened
from warehouse.norwegian import BASES, HEADINGS, SOURCES

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

FILE = "arsverk.xlsx"
WITHHELD = ":"
YEARS_AND_QUARTERS = "period_type in ('year', 'quarter')"
# Reference dates: the ends of quarters, PAI's date (December) and the newest one.
QUARTER_ENDS = "(month(reference_date) % 3 = 0 or reference_date = (select max(as_of) from publication))"
# Breakdowns of smaller units are withheld for the most part, and stand in the database.
UPPER_LEVELS = "org_level in ('kommune', 'tjenesteområde', 'kommunalsjefområde', 'virksomhet')"
PERIOD = ("period", "period_end", "is_partial")
YEAR = ("year", "is_partial")
UNIT = ("org_level", "area", "org_unit_code", "org_unit_name")
WIDTHS = {
    "area": 26,
    "basis": 20,
    "decision": 50,
    "factor_name": 34,
    "indicator": 32,
    "job_title": 34,
    "leader_level": 22,
    "org_level": 20,
    "org_unit_name": 38,
    "pay_group_name": 44,
    "peer": 26,
    "source": 20,
    "superseded_by": 50,
}
DATES = {"decided_on", "period_end", "reference_date"}
# In quotation marks, so that Excel shows the sign and does not multiply the number by 100.
SIGNS = {"prosent": '" %"', "kroner": '" kr"'}
YES = {True: "ja", False: "nei"}
READING = (
    ("Kolon (:)", "Tallet vises ikke: gruppen er liten, eller tallet ville røpet en liten gruppe."),
    ("øvrige (ikke vist)", "Enhetens eget tall minus radene som vises. Radene summerer seg dermed til enhetens tall."),
    ("Tom celle", "Tallet finnes ikke, for eksempel fordi ingen har svart eller det ikke er noe året før å sammenligne med."),
    ("Nivåer", "En enhets tall har med alt under den, også enheter på samme nivå. Velg ett nivå i filteret før du summerer."),
    (
        "Prosenter",
        "Kan ikke summeres eller gis et snitt: summer teller og nevner, og del. Definisjonene sier hva som deles på hva.",
    ),
    ("Desimaler", "Tallene vises avrundet; cellene har alle desimaler."),
    ("Foreløpig", "«ja» når perioden ikke er omme."),
)
BLUE, GREY = "#1F4E79", "#595959"
COLOURS = ("#C55A11", "#548235", "#7F6000", "#7030A0", "#2E75B6", "#A5A5A5", "#C00000")
DEFINITION_WIDTHS = (34, 18, 60, 60, 18, 40)
# Charts stand above the tables they are drawn from.
CHART_ROWS = 23


@dataclass(frozen=True)
class Sheet:
    """A sheet: rows of a served table or view. Its measures are those of `metric_definitions`, after the columns `keys`."""

    name: str
    title: str
    table: str
    keys: tuple[str, ...]
    where: str = "true"
    sort: tuple[str, ...] = ()

    @property
    def defined_as(self) -> str:
        """The table whose measures are defined; those of a view are its table's."""
        return self.table.removeprefix("bi_")


SHEETS = (
    Sheet("Sykefravær", "Sykefravær etter enhet", "sick_leave_by_unit", (*PERIOD, *UNIT), YEARS_AND_QUARTERS),
    Sheet(
        "Sykefravær kjønn",
        "Sykefravær etter enhet og kjønn",
        "bi_sick_leave_by_sex",
        (*PERIOD, *UNIT, "sex"),
        f"{YEARS_AND_QUARTERS} and {UPPER_LEVELS}",
        ("sex",),
    ),
    Sheet(
        "Sykefravær alder",
        "Sykefravær etter enhet og alder",
        "bi_sick_leave_by_age",
        (*PERIOD, *UNIT, "age_group"),
        f"{YEARS_AND_QUARTERS} and {UPPER_LEVELS}",
        ("age_group_sort",),
    ),
    Sheet(
        "Sykefravær stilling",
        "Sykefravær etter enhet og stillingskode",
        "bi_sick_leave_by_job_code",
        (*PERIOD, *UNIT, "job_code", "job_title"),
        f"{YEARS_AND_QUARTERS} and {UPPER_LEVELS}",
        ("job_title", "job_code"),
    ),
    Sheet(
        "Fraværstilfeller",
        "Fraværstilfeller etter enhet og lengde",
        "absence_spells_by_unit",
        (*YEAR, *UNIT, "length_band"),
        UPPER_LEVELS,
        ("length_band_sort",),
    ),
    Sheet("Heltid", "Heltid og deltid etter enhet", "full_time_by_unit", ("source", "reference_date", *UNIT), QUARTER_ENDS),
    Sheet(
        "Heltid kjønn",
        "Heltid og deltid etter enhet og kjønn",
        "bi_full_time_by_sex",
        ("source", "reference_date", *UNIT, "sex"),
        f"{QUARTER_ENDS} and {UPPER_LEVELS}",
        ("sex",),
    ),
    Sheet(
        "Heltid stilling",
        "Heltid og deltid etter enhet og stillingskode",
        "full_time_by_job_code",
        ("source", "reference_date", *UNIT, "job_code", "job_title"),
        f"{QUARTER_ENDS} and org_level in ('kommune', 'tjenesteområde')",
        ("job_title", "job_code"),
    ),
    Sheet(
        "Ansatte",
        "Alle ansatte etter enhet og ansettelsesform",
        "workforce_by_unit",
        ("reference_date", *UNIT, "employment_form"),
        f"{QUARTER_ENDS} and {UPPER_LEVELS}",
        ("employment_form",),
    ),
    Sheet(
        "Vikarer", "Vikarer og variable timer etter enhet", "substitutes_by_unit", ("month", "is_partial", *UNIT), UPPER_LEVELS
    ),
    Sheet(
        "Kjønnsbalanse",
        "Ansatte etter enhet og kjønn",
        "bi_equality_gender_balance",
        (*YEAR, *UNIT, "sex"),
        UPPER_LEVELS,
        ("sex",),
    ),
    Sheet("Ledere", "Ledere etter nivå og kjønn", "equality_leaders", (*YEAR, "leader_level", "sex")),
    Sheet("Lønn", "Lønn etter KS' lønnsgrupper", "equality_pay", (*YEAR, "pay_group", "pay_group_name")),
    Sheet(
        "Lønn stilling",
        "Lønn etter stillingskode",
        "equality_pay_by_job_code",
        (*YEAR, "job_code", "job_title"),
        sort=("job_title",),
    ),
    Sheet(
        "Foreldrepermisjon",
        "Foreldrepermisjon etter kjønn og dekningsgrad",
        "equality_parental_leave",
        (*YEAR, "sex", "leave_coverage"),
        sort=("leave_coverage",),
    ),
    Sheet("10-FAKTOR deltakelse", "Deltakelse i 10-FAKTOR etter enhet", "survey_response", ("year", *UNIT)),
    Sheet(
        "10-FAKTOR", "Faktorskår i 10-FAKTOR etter enhet", "survey_factor_scores", ("year", *UNIT, "factor_no", "factor_name")
    ),
    Sheet(
        "Mål",
        "Vedtatte mål og hvor langt det er til dem",
        "targets",
        ("indicator", "year", "org_level", "org_unit_code", "org_unit_name", "decision", "decided_on", "superseded_by"),
        sort=("indicator",),
    ),
    Sheet(
        "Sammenligning",
        "Kommunen og andre",
        "benchmarks",
        ("indicator", *PERIOD, "peer", "basis", "source"),
        sort=("indicator",),
    ),
)


def write_workbook(publication: Path, target: Path) -> None:
    """Write the workbook of a publication into the folder `target`. The same publication gives the same bytes."""
    from xlsxwriter import Workbook

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with publication_opened(publication) as con, Workbook(str(target / FILE), options) as book:
        _Writer(con, book).write()


@dataclass(frozen=True)
class _Measure:
    name: str
    heading: str
    decimals: int
    unit: str


class _Writer:
    """Writes one publication into one workbook."""

    def __init__(self, con: duckdb.DuckDBPyConnection, book: Workbook) -> None:
        self.con, self.book = con, book
        self.columns: dict[str, list[str]] = {}
        for table, column in con.execute(
            """select table_name, column_name from duckdb_columns() where database_name = current_database()
               order by table_name, column_index"""
        ).fetchall():
            self.columns.setdefault(table, []).append(column)
        self.indicators = dict(
            con.execute("select measure, any_value(name) from metric_definitions group by measure").fetchall()
        )
        self.id, self.as_of, published_at, self.code, settings = one(
            con, "select publication_id, as_of, published_at, code_version, settings from publication"
        )
        self.published_at = published_at.replace(tzinfo=UTC).astimezone(OSLO)
        self.title = f"{json.loads(settings)['municipality']}: personaltall"
        # Excel's own date of making is that of the publication: no clock, so that the bytes are the same again.
        book.set_properties({"title": self.title, "author": "årsverk", "created": published_at})
        self.plain = self._format()
        self.wrapped = self._format(text_wrap=True, valign="top")
        self.heading = self._format(bold=True, font_size=16, font_color=BLUE)
        self.second = self._format(bold=True, font_size=12, font_color=BLUE)
        self.quiet = self._format(font_color=GREY, valign="top")
        self.header = self._format(bold=True, text_wrap=True, valign="vcenter", bg_color=BLUE, font_color="white")
        self.date = self._format(num_format="dd.mm.yyyy", align="left")
        self.left = self._format(num_format="#,##0", align="left")
        self.link = self._format(font_color="#0563C1", underline=1)
        self.numbers: dict[tuple[int, str], Format] = {}

    def _format(self, **properties: Any) -> Format:
        return self.book.add_format({"font_name": "Calibri", "font_size": 11, **properties})

    def _number(self, decimals: int, unit: str) -> Format:
        """How a number is shown, with the sign of its unit where there is one: a heading does not always say it."""
        if (decimals, unit) not in self.numbers:
            digits = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
            self.numbers[decimals, unit] = self._format(num_format=digits + SIGNS.get(unit, ""), align="right")
        return self.numbers[decimals, unit]

    def write(self) -> None:
        """The first sheet, the charts, and a sheet for each subject that has rows."""
        first, charts = self.book.add_worksheet("Les meg"), self.book.add_worksheet("Diagrammer")
        rows = {sheet: self._write_subject(sheet) for sheet in SHEETS}
        self._write_charts(charts)
        self._write_first(first, {sheet: count for sheet, count in rows.items() if count})

    def table(
        self, page: Worksheet, row: int, name: str, columns: Sequence[tuple[str, Format]], rows: Sequence[Sequence[Any]]
    ) -> None:
        """An Excel table from the first column of a row on; its heading is the first line."""
        page.add_table(
            row,
            0,
            row + max(len(rows), 1),
            len(columns) - 1,
            {
                "name": name,
                "style": "Table Style Light 9",
                "columns": [{"header": text, "format": form, "header_format": self.header} for text, form in columns],
                "data": rows,
            },
        )

    def _write_subject(self, sheet: Sheet) -> int:
        """One subject; returns its rows. Without rows it gets no sheet."""
        measures = self._measures(sheet)
        rows = self._rows(sheet, measures)
        if not rows:
            return 0
        page = self.book.add_worksheet(sheet.name)
        page.write_string(0, 0, sheet.title, self.heading)
        page.write_url(1, 0, "internal:'Les meg'!A1", self.link, "Forklaring og definisjoner")
        columns = [(HEADINGS[key], self.date if key in DATES else self.plain) for key in sheet.keys]
        columns += [(measure.heading, self._number(measure.decimals, measure.unit)) for measure in measures]
        self.table(page, 2, _table_name(sheet.name), columns, rows)
        page.set_row(2, 48)
        page.set_column(0, len(columns) - 1, 14)
        for place, key in enumerate(sheet.keys):
            page.set_column(place, place, WIDTHS.get(key, 14))
        page.freeze_panes(3, sheet.keys.index("org_unit_name") + 1 if "org_unit_name" in sheet.keys else 1)
        _print_across(page)
        page.repeat_rows(2)
        return len(rows)

    def _measures(self, sheet: Sheet) -> list[_Measure]:
        found = {
            name: _Measure(name, heading, decimals, unit)
            for name, heading, decimals, unit in self.con.execute(
                "select measure, name, decimals, unit from metric_definitions where table_name = $1", [sheet.defined_as]
            ).fetchall()
        }
        return [found[column] for column in self.columns[sheet.table] if column in found]

    def _rows(self, sheet: Sheet, measures: Sequence[_Measure]) -> list[list[Any]]:
        """The rows as they stand in the sheet, the newest first and units in the order of the tree."""
        own = self.columns[sheet.table]
        has_units = "org_unit_code" in sheet.keys
        withheld = "figures.withheld is not null" if "withheld" in own else "false"
        area = "figures.level_2" if "level_2" in own else "unit.level_2"
        keys = [area if key == "area" else f"figures.{key}" for key in sheet.keys]
        order = ["figures.period_end desc", *(["figures.period_type"] if "period_type" in own else [])]
        order += ["unit.sort_order nulls last"] if has_units else []
        order += [f"figures.{name}" for name in ("org_level_sort", "is_remainder", *sheet.sort) if name in own]
        is_filled = " or ".join([withheld, *(f"figures.{measure.name} is not null" for measure in measures)])
        found = self.con.execute(
            f"""select {", ".join([*keys, *(f"figures.{measure.name}" for measure in measures), withheld])}
                from {sheet.table} as figures
                {"left join org_units as unit using (org_level, org_unit_code)" if has_units else ""}
                where {sheet.where} and ({is_filled}) order by {", ".join([*order, *keys])}"""
        ).fetchall()
        split = len(keys)
        return [
            [
                *(self._word(key, value) for key, value in zip(sheet.keys, row, strict=False)),
                *(WITHHELD if row[-1] else YES[value] if isinstance(value, bool) else value for value in row[split:-1]),
            ]
            for row in found
        ]

    def _word(self, key: str, value: Any) -> Any:
        if key == "indicator":
            return self.indicators.get(value, value)
        if key == "is_partial":
            return "ja" if value else None
        return {"source": SOURCES, "basis": BASES}.get(key, {}).get(value, value)

    def _write_charts(self, page: Worksheet) -> None:
        """Two charts, drawn by Excel from the tables below them."""
        page.write_string(0, 0, "Diagrammer", self.heading)
        _print_across(page)
        page.set_column(0, 0, 16)
        page.set_column(1, 12, 18)
        row = self._chart(
            page,
            CHART_ROWS,
            "Sykefravær i prosent per kvartal",
            self.con.execute(
                """select figures.period, figures.org_unit_name, figures.sick_leave_percent from sick_leave_by_unit as figures
                   left join org_units as unit using (org_level, org_unit_code)
                   where figures.period_type = 'quarter' and not figures.is_partial
                       and org_level in ('kommune', 'tjenesteområde')
                   order by figures.period, unit.sort_order"""
            ).fetchall(),
            place=1,
        )
        self._chart(
            page,
            row + 2,
            "Heltid i prosent ved årets siste måling, og vedtatt mål",
            self.con.execute(
                """with last as (
                       select year(reference_date) as year, * from full_time_by_unit
                       where org_level = 'kommune' and source = 'payroll'
                       qualify reference_date = max(reference_date) over (partition by year(reference_date))
                   )
                   select year, 'Heltidsandel (100 %)', full_time_100_percent, 1 as place from last
                   union all select year, $1, full_time_80_percent, 2 from last
                   union all select year, 'Mål for ' || lower(left($1, 1)) || substr($1, 2), target, 3 from targets
                   where indicator = 'full_time_80_percent' and org_level = 'kommune' and superseded_by is null
                   order by year, place""",
                [self.indicators["full_time_80_percent"]],
            ).fetchall(),
            place=2,
        )

    def _chart(self, page: Worksheet, row: int, title: str, cells: Sequence[tuple], *, place: int) -> int:
        """A table from a row on and a chart of it above all tables, unless all of it is withheld; returns the row below."""
        names = list(dict.fromkeys(cell[1] for cell in cells))
        values: dict[Any, dict[str, float | None]] = {}
        for time, name, value, *_ in cells:
            values.setdefault(time, {}).setdefault(name, value)
        shown = [value for by_name in values.values() for value in by_name.values() if value is not None]
        if not shown:
            return row
        page.set_row(row + 1, 32)
        rows = [[str(time), *(by_name.get(name) for name in names)] for time, by_name in values.items()]
        page.write_string(row, 0, title, self.second)
        first, last = row + 2, row + 1 + len(rows)
        percent = self._number(1, "prosent")
        columns = [("Periode", self.plain), *((name, percent) for name in names)]
        self.table(page, row + 1, f"Diagram_{place}", columns, rows)
        chart = self.book.add_chart({"type": "line"})
        for column, name in enumerate(names, start=1):
            line = {"width": 3.0, "color": BLUE} if column == 1 else {"width": 1.75, "color": COLOURS[column % len(COLOURS)]}
            if name.startswith("Mål"):
                line |= {"dash_type": "dash"}
            chart.add_series(
                {
                    "name": name,
                    "categories": [page.name, first, 0, last, 0],
                    "values": [page.name, first, column, last, column],
                    "line": line,
                    "marker": {
                        "type": "circle",
                        "size": 5,
                        "fill": {"color": line["color"]},
                        "border": {"color": line["color"]},
                    },
                }
            )
        chart.set_title({"name": title, "name_font": {"size": 14, "bold": True, "color": BLUE}})
        low = min(shown)
        # A share of people in full time begins far above 0, where differences of a point would not be seen.
        chart.set_y_axis(
            {
                "num_format": "0",
                "min": 0 if low < 30 else int(low // 10 * 10),
                "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}},
            }
        )
        chart.set_x_axis({"num_font": {"rotation": -45 if len(rows) > 12 else 0}})
        chart.set_legend({"position": "bottom"})
        chart.show_blanks_as("span")
        chart.set_size({"width": 860, "height": 400})
        page.insert_chart(1, 0 if place == 1 else 7, chart, {"object_position": 3})
        return last + 1

    def _write_first(self, page: Worksheet, rows: Mapping[Sheet, int]) -> None:
        """What the workbook is, of which publication, how to read it, its sheets and its definitions."""
        page.hide_gridlines(2)
        _print_across(page)
        for column, width in enumerate(DEFINITION_WIDTHS):
            page.set_column(column, column, width)
        page.write_string(0, 0, self.title, self.heading)
        page.write_string(
            1, 0, "De viste tallene for år og kvartal, fra samme publisering som tabellene ved siden av denne filen."
        )
        facts = [
            ("Tall til og med", f"{self.as_of:%d.%m.%Y}"),
            ("Publisert", f"{self.published_at:%d.%m.%Y kl. %H.%M}"),
            ("Publisering", self.id),
            ("Laget av", self.code),
        ]
        for row, (name, value) in enumerate(facts, start=3):
            page.write_string(row, 0, name, self.quiet)
            page.write_string(row, 1, value, self.plain)
        row = 4 + len(facts)
        page.write_string(row, 0, "Slik leses tallene", self.second)
        for name, text in READING:
            row += 1
            page.write_string(row, 0, name, self.quiet)
            page.write_string(row, 1, text, self.plain)
        row += 2
        page.write_string(row, 0, "Ark", self.second)
        listed = [[sheet.name, count, sheet.title] for sheet, count in rows.items()]
        self.table(page, row + 1, "Ark", [("Ark", self.link), ("Rader", self.left), ("Innhold", self.plain)], listed)
        for place, sheet in enumerate(rows, start=row + 2):
            page.write_url(place, 0, f"internal:'{sheet.name}'!A1", self.link, sheet.name)
        row += 4 + len(listed)
        page.write_string(row, 0, "Definisjoner", self.second)
        definitions = self._definitions(list(rows))
        for place, definition in enumerate(definitions, start=row + 2):
            lines = max(math.ceil(len(text) * 1.1 / width) for text, width in zip(definition, DEFINITION_WIDTHS, strict=True))
            page.set_row(place, 15 * lines)
        self.table(
            page,
            row + 1,
            "Definisjoner",
            [
                ("Tall", self.wrapped),
                ("Enhet", self.wrapped),
                ("Formel", self.wrapped),
                ("Gjelder", self.wrapped),
                ("Definert i", self.wrapped),
                ("Ark", self.wrapped),
            ],
            definitions,
        )

    def _definitions(self, sheets: Sequence[Sheet]) -> list[list[Any]]:
        """Each definition once, with the sheets that it holds for."""
        found: dict[tuple, list[str]] = {}
        for sheet in sheets:
            for definition in self.con.execute(
                """select name, unit, formula, population, source from metric_definitions
                   where table_name = $1 and list_contains($2, measure) order by name""",
                [sheet.defined_as, self.columns[sheet.table]],
            ).fetchall():
                found.setdefault(definition, []).append(sheet.name)
        return [[*definition, ", ".join(names)] for definition, names in found.items()]


def _print_across(page: Worksheet) -> None:
    """On paper: landscape, as wide as the sheet."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)


def _table_name(sheet: str) -> str:
    """The name of an Excel table: letters, digits and _, a letter first."""
    return "Tabell_" + "".join(letter if letter.isalnum() else "_" for letter in sheet)
