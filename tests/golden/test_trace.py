"""`arsverk trace`: rows of each family counted by hand, cells computed again from their rows alone, what is told to whom."""

from __future__ import annotations

import json
import math
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.dbt import load_manifest
from sources.registry import feeds
from tests.builds import Builds, published_without_secondary
from tests.cutting import Recomputed, Row, files_cut, fraction_columns
from tests.examples import is_exhaustive
from tests.municipalities.traced import QUARANTINE_SHARE, SETTINGS, deliver
from warehouse.archive import kept_arrivals, take_in
from warehouse.catalogue import tables_of
from warehouse.delivery import choose
from warehouse.errors import UsageError
from warehouse.paths import Home
from warehouse.recorded import load_delivery
from warehouse.report import sentences
from warehouse.settings import Settings
from warehouse.trace.lineage import REFERENCES, Lineage
from warehouse.trace.restricted import asking_person
from warehouse.trace.tables import tracers_of

# Their numbers are not made of rows one by one: what a publication is called, texts of the code, counts of bad rows.
NOT_COMPUTED_AGAIN = ("publication", "metric_definitions", "inputs", "data_quality", "reconciliation", "restatements")
# Views for BI tools repeat cells of other tables beside their remainders, which depend on what is withheld.
VIEWS = {
    "bi_sick_leave",
    "bi_sick_leave_by_sex",
    "bi_sick_leave_by_age",
    "bi_sick_leave_by_job_code",
    "bi_full_time_by_sex",
    "bi_full_time_by_job_code",
    "bi_equality_gender_balance",
}
# A unit's place among all of them is not made of its rows.
OF_EVERY_UNIT = ("is_leaf", "sort_order")
# A share or rank beside them may stay as it is when one of its rows is gone; the figures they rest on are tried by themselves.
RESTING_ON_FIGURES = (
    "benchmarks",
    "targets",
    "pilots",
    "full_time_sources",
    "sick_leave_changes",
    "sick_leave_contributions",
)
RESTRICTED = ("--restricted", "--who", "Prøve")
# Of each table: cells that `make test` tries, spread over its grain. `make exhaustive` tries all.
TRIED = 1


TABLES = {table.name: table for table in tables_of(load_manifest())}
TRACERS = tracers_of(TABLES)


@pytest.fixture(scope="module")
def town(builds: Builds) -> tuple[Home, Settings]:
    """The municipality published."""
    built = builds.built(deliver, published_without_secondary, **SETTINGS)
    return built.home, built.settings


def traced(home: Home, *words: str) -> Result:
    return CliRunner().invoke(main, ["trace", *words, "--home", str(home.root)])


def answer(home: Home, *words: str) -> dict[str, Any]:
    result = traced(home, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def rows(home: Home, *words: str) -> dict[str, list[int]]:
    """Feed → row numbers; the two workbooks' sheets by year."""
    found = {}
    for file in answer(home, *words)["files"]:
        year = file["file_name"][9:13] if file["file_name"].startswith("10faktor") else ""
        found[file["feed"] + year] = file["rows"]
    return found


V1 = ("org_unit_code=V1", "org_level=virksomhet")
JANUARY = ("period=2024-01",)


def test_sick_leave(town: tuple[Home, Settings]) -> None:
    home, _ = town
    # 2 lies in December, but makes the spell long-term; 4 is covered by 5; person 2 has a position in V2 as well.
    january = {"ansatte": [1, 2], "fravaer": [2, 3, 5], "organisasjon": [1, 2, 3], "stillinger": [1, 2]}
    assert rows(home, "sick_leave_by_unit", *JANUARY, *V1) == january
    assert rows(home, "sick_leave_by_unit", *JANUARY, "org_unit_name=Sykehjem") == january
    assert rows(home, "sick_leave_by_unit", *JANUARY, *V1, "--measure", "sick_leave_percent")["fravaer"] == [3, 5]
    assert rows(home, "sick_leave_by_unit", *JANUARY, *V1, "--measure", "long_term_days") == {
        "ansatte": [1],
        "fravaer": [2, 3],
        "organisasjon": [1, 2, 3],
        "stillinger": [1],
    }
    assert rows(home, "sick_leave_by_unit", *JANUARY, *V1, "--measure", "short_term_days")["fravaer"] == [5]
    assert "fravaer" not in rows(home, "sick_leave_by_unit", *JANUARY, *V1, "--measure", "possible_days")


def test_first_absence_begins_the_series(town: tuple[Home, Settings]) -> None:
    home, _ = town
    words = ("sick_leave_by_unit", "period=2023-11", *V1)
    assert rows(home, *words) == {
        "ansatte": [1, 2, 6],
        "fravaer": [1],
        "organisasjon": [1, 2, 3],
        "stillinger": [1, 2],
    }
    (absences,) = [file for file in answer(home, *words)["files"] if file["feed"] == "fravaer"]
    assert absences["roles"] == {"first sick absence, which begins the series": 1}


def test_leaves_and_a_position_on_full_leave(town: tuple[Home, Settings]) -> None:
    home, _ = town
    # Of two teachers in Oppvekst one is on leave and the other nearly so: it is withheld in 2024.
    words = ("sick_leave_by_unit", *JANUARY, "org_unit_name=Oppvekst", *RESTRICTED)
    found = answer(home, *words)
    assert {file["feed"]: file["rows"] for file in found["files"]} == {
        "ansatte": [6],
        "fravaer": [9],
        "organisasjon": [1, 5],
        "permisjoner": [2, 3],
        "stillinger": [7],
    }
    assert {(file["feed"], file["reason"]): file["rows"] for file in found["excluded"] if file["feed"] == "stillinger"} == {
        ("stillinger", "on full leave on every working day of the period"): [5]
    }


def test_title_of_a_job_code(town: tuple[Home, Settings]) -> None:
    home, _ = town
    # 6 is of V2 and begins last: its title is the code's.
    assert rows(home, "sick_leave_by_job_code", *JANUARY, *V1, "job_code=7174") == {
        "ansatte": [1, 5],
        "fravaer": [2, 3],
        "organisasjon": [1, 2, 3, 4],
        "stillinger": [1, 6],
    }


def test_what_is_excluded(town: tuple[Home, Settings]) -> None:
    home, _ = town
    found = answer(home, "sick_leave_by_unit", *JANUARY, *V1)["excluded"]
    assert {(file["feed"], file["reason"].split(":")[0]): file["rows"] for file in found} == {
        ("fravaer", "Sykt barn is no sick leave"): [6],
        ("fravaer", "changes nothing"): [4, 14],
        ("fravaer", "quarantined"): [8],
        ("stillinger", "form of employment Timelønnet does not count in sick leave"): [4],
        ("stillinger", "position percent is 0"): [8],
    }


def test_full_time(town: tuple[Home, Settings]) -> None:
    home, _ = town
    words = ("full_time_by_unit", "source=payroll", "reference_date=2024-01-31", "org_level=kommune")
    assert rows(home, *words) == {
        "ansatte": [1, 2, 5, 6],
        "organisasjon": [1, 2, 3, 4, 5],
        "stillinger": [1, 2, 3, 6, 7],
    }
    # One position of person 2 is enough to count the person; both make a full position.
    assert rows(home, *words, "--measure", "headcount")["stillinger"] == [1, 2, 6, 7]
    assert rows(home, *words, "--measure", "persons_100")["stillinger"] == [1, 2, 3, 6, 7]
    reasons = {file["reason"]: file["rows"] for file in answer(home, *words)["excluded"] if file["feed"] == "stillinger"}
    assert reasons == {  # 9 had ended by then, and 10 not begun
        "form of employment Timelønnet does not count in full time": [4],
        "position percent is 0": [8],
        "on leave of 100 % on the date": [5],
    }
    pai = ("full_time_by_unit", "source=pai", "org_level=kommune")
    assert rows(home, *pai)["pai"] == [1, 2, 3]
    # Nobody's position in the payroll system: one is named so that the delivery is accepted, of those that count nowhere.
    assert rows(home, *pai)["stillinger"] == [4]
    # Of the two positions of person 1 the one with the higher education says it.
    assert rows(home, *pai, "--measure", "vocational_or_higher")["pai"] == [3]
    # The position of 0 % is of V1.
    apart = {
        unit: [
            file["rows"]
            for file in answer(home, *pai[:2], f"org_unit_code={unit}", *RESTRICTED)["excluded"]
            if file["feed"] == "pai"
        ]
        for unit in ("V1", "V2")
    }
    assert apart == {"V1": [[4]], "V2": []}


def test_substitutes(town: tuple[Home, Settings]) -> None:
    home, _ = town
    assert rows(home, "substitutes_by_unit", "month=2024-01", *V1) == {
        "ansatte": [1, 2, 3],
        "organisasjon": [1, 2, 3],
        "stillinger": [1, 2],
        "variable_timer": [1, 2],
    }
    assert rows(home, "substitutes_by_unit", "month=2024-01", *V1, "--measure", "overtime_hours")["variable_timer"] == [1]
    # The month is there because of hours in another unit.
    assert rows(home, "substitutes_by_unit", "month=2023-12", "org_unit_code=V2", *RESTRICTED)["variable_timer"] == [4]


def test_equality(town: tuple[Home, Settings]) -> None:
    home, _ = town
    women = ("equality_gender_balance", "year=2024", "org_level=kommune", "sex=kvinne")
    assert rows(home, *women)["stillinger"] == [1, 2, 3, 6, 7]  # 6 is a man's, for the shares
    assert rows(home, *women, "--measure", "employees")["stillinger"] == [1, 2, 7]
    leaders = ("equality_leaders", "year=2024", "leader_level=alle")
    assert rows(home, *leaders, "sex=kvinne")["stillinger"] == [7]
    assert rows(home, "equality_pay", "year=2024", "pay_group=2", *RESTRICTED)["stillinger"] == [1, 3, 6]
    leave = rows(home, "equality_parental_leave", "year=2024", "sex=kvinne", "leave_coverage=alle")
    # 3 lies on days of 2 and adds its percent to the whole leave; in the calendar year a day counts once.
    assert leave == {"ansatte": [3, 6], "organisasjon": [1, 2, 3], "permisjoner": [2, 3], "stillinger": [4]}
    words = ("equality_parental_leave", "year=2024", "sex=kvinne", "leave_coverage=alle")
    assert rows(home, *words, "--measure", "parental_leave_days")["permisjoner"] == [2]


def test_survey(town: tuple[Home, Settings]) -> None:
    home, _ = town
    welfare = ("survey_response", "year=2024", "org_unit_name=Velferd")
    assert {feed: found for feed, found in rows(home, *welfare).items() if feed.startswith("deltakelse")} == {
        "deltakelse2023": [1],
        "deltakelse2024": [2],
    }
    assert "deltakelse2023" not in rows(home, *welfare, "--measure", "response_percent")
    score = ("survey_factor_scores", "year=2024", "org_unit_name=Velferd", "factor_no=1")
    scores = {feed: found for feed, found in rows(home, *score).items() if feed.startswith("faktorer")}
    assert scores == {"faktorer2023": [2], "faktorer2024": [2, 3]}  # 3 is Norge


def test_benchmarks_targets_and_pilots(town: tuple[Home, Settings]) -> None:
    home, _ = town
    oslo = ("benchmarks", "indicator=sick_leave_percent", "period=2023", "peer=Oslo kommune")
    assert rows(home, *oslo, "--measure", "value")["sammenligning"] == [2]
    ranked = rows(home, *oslo)
    assert ranked["sammenligning"] == [1, 2]
    assert ranked["stillinger"] == [1, 2, 3, 5, 7, 9]  # the own figure is better too
    assert rows(home, "benchmarks", "period=2023-Q4", "peer=Bærum (SSB 12451)", "--measure", "value")["ssb"] == [2]
    target = ("targets", "indicator=sick_leave_percent", "year=2023", "org_level=kommune", "decision=Handlingsprogram 2023")
    assert rows(home, *target)["maltall"] == [1]
    assert rows(home, *target)["fravaer"] == [1, 2]
    reasons = {file["reason"]: file["rows"] for file in answer(home, *target)["excluded"]}
    assert reasons["superseded by a later decision"] == [2]
    pilot = rows(
        home,
        "pilots",
        "pilot=Langvakter",
        "indicator=average_position_percent",
        "--measure",
        "current_value",
        "--restricted",
        "--who",
        "Prøve",
    )
    assert (pilot["piloter"], pilot["stillinger"]) == ([1], [1, 2])
    # It ended in December, before the position of row 6 began.
    ended = rows(
        home,
        "pilots",
        "pilot=Turnus",
        "indicator=average_position_percent",
        "--measure",
        "current_value",
        "--restricted",
        "--who",
        "Prøve",
    )
    assert (ended["piloter"], ended["stillinger"]) == ([3], [3])


def test_a_target_of_no_measure_has_its_decision_alone(town: tuple[Home, Settings]) -> None:
    home, _ = town
    found = answer(home, "targets", "indicator=apprentices", "year=2023")
    assert (found["measures"]["target"], found["measures"]["actual"]) == (20, None)
    assert {file["feed"]: file["rows"] for file in found["files"] if file["feed"] == "maltall"} == {"maltall": [5]}


def test_what_is_no_figure_stands_beside_the_figures(town: tuple[Home, Settings]) -> None:
    home, _ = town
    found = answer(home, "benchmarks", "period=2023", "peer=Asker kommune", "indicator=sick_leave_percent")
    assert (set(found["measures"]), found["labels"]["source"]) == ({"value", "rank"}, "payroll")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_evidence_sheet_has_norwegian_words_for_every_row(town: tuple[Home, Settings], table: str) -> None:
    home, _ = town
    grain, cells = TABLES[table].grain, 6 if is_exhaustive() else 2
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        cursor = con.execute(f"select * from marts.{table} order by hash({', '.join(grain) or '1'}) limit {cells}")
        names = [column[0] for column in cursor.description or []]
        for cell in cursor.fetchall():
            lineage = Lineage(con)
            TRACERS[table](lineage, dict(zip(names, cell, strict=True)), TABLES[table].figures)
            lineage.exclude_quarantined()
            roles = {role for file in lineage.named() for role in file.roles}
            reasons = {reason for file in lineage.excluded() for reason in file.roles}
            assert [role for role in roles if sentences.role(role) is None] == []
            assert [reason for reason in reasons if sentences.left_out(reason) is None] == []


def test_a_unit_is_written_as_its_number_asks(town: tuple[Home, Settings], tmp_path: Path) -> None:
    home, _ = town
    rank = ("benchmarks", "period=2023", "peer=Asker kommune", "indicator=sick_leave_percent", "--measure", "rank")
    page = tmp_path / "rank.html"
    place = f"{answer(home, *rank)['measures']['rank']}. plass"
    assert f"(rank) = {place}\n" in traced(home, *rank, "--html", str(page)).stdout
    assert f'<p class="big">{place}</p>' in page.read_text(encoding="utf-8")


def test_tables_that_are_no_figures(town: tuple[Home, Settings]) -> None:
    home, _ = town
    assert rows(home, "org_units", "org_unit_code=V1")["organisasjon"] == [1, 2, 3]
    assert rows(home, "inputs", "feed=fravaer")["fravaer"] == list(range(1, 15))
    broken = rows(home, "data_quality", "feed=fravaer", "rule=employee_no_known")
    assert broken["fravaer"] == [8]
    assert rows(home, "metric_definitions", "table_name=sick_leave_by_unit", "measure=fte") == {}
    assert set(rows(home, "publication")) >= {"stillinger", "deltakelse2023", "ssb"}


def test_what_only_a_survey_or_a_decision_names_is_no_unit_of_the_tree(town: tuple[Home, Settings]) -> None:
    home, _ = town
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        beside: dict[str, list[tuple[str, str | None]]] = {
            table.name: con.execute(
                f"select distinct org_unit_code, org_unit_name from marts.{table.name}"
                " anti join marts.org_units using (org_level, org_unit_code) order by all"
            ).fetchall()
            for table in TABLES.values()
            if table.has_units and table.name not in {*VIEWS, "org_units"}
        }
    found = {name: units for name, units in beside.items() if units}
    assert found.keys() <= {"survey_response", "survey_factor_scores", "targets"}
    assert found["survey_response"]
    # What no join finds has its name beside it.
    assert [name for name, units in found.items() if not all(unit_name for _, unit_name in units)] == []


def test_a_position_for_each_employee_of_a_unit_whatever_part_names_them(town: tuple[Home, Settings]) -> None:
    home, _ = town
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        cursor = con.execute("from marts.bi_equality_gender_balance")
        names = [column[0] for column in cursor.description or []]
        cells = [dict(zip(names, cell, strict=True)) for cell in cursor.fetchall()]
        assert {cell["sex"] for cell in cells} == {"kvinne", "mann"}
        for cell in cells:
            lineage = Lineage(con)
            TRACERS["bi_equality_gender_balance"](lineage, cell, ["all_employees"])
            assert sum(len(file.rows) for file in lineage.named() if file.file.feed == "stillinger") == cell["all_employees"], (
                cell
            )


def test_as_many_rows_as_data_quality_counts(town: tuple[Home, Settings]) -> None:
    home, _ = town
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        counted = con.execute("select feed, rule, rows from marts.data_quality").fetchall()
        assert {rule for _, rule, number in counted if number} >= {"employee_no_known", "unit_matched", "target_not_superseded"}
        for feed, rule, number in counted:
            lineage = Lineage(con)
            TRACERS["data_quality"](lineage, {"feed": feed, "rule": rule}, ["rows"])
            assert sum(len(file.rows) for file in lineage.named()) == number, (feed, rule)


@dataclass(frozen=True)
class Cell:
    """A built cell with what is compared, and the rows that its trace names."""

    table: str
    key: tuple
    values: dict[str, Any]
    rows: frozenset[Row]

    def is_in(self, mart: Mapping[tuple, dict]) -> bool:
        """Whether a mart holds the cell with these values."""
        again = mart.get(self.key)
        return again is not None and all(_same(again[name], value) for name, value in self.values.items())


def _same(one: object, other: object) -> bool:
    # Shares are divided once of exact sums: those of the same rows differ in nothing but the last bits.
    return one == other or (isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-12))


@pytest.fixture(
    scope="module",
    params=[pytest.param(TRIED, id="some cells"), pytest.param(None, id="every cell", marks=pytest.mark.exhaustive)],
)
def cells(town: tuple[Home, Settings], request: pytest.FixtureRequest) -> list[Cell]:
    """Cells of every table that is made of rows."""
    home, _ = town
    found = []
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        con.execute("set threads = 1")
        con.execute("pragma disable_optimizer")
        for table in sorted(TABLES.keys() - set(NOT_COMPUTED_AGAIN) - VIEWS):
            grain, parts = TABLES[table].grain, fraction_columns(table)
            told = "".join(f", {sql} as {name}" for name, sql in parts.items())
            cursor = con.execute(f"select *{told} from marts.{table} as cell order by {', '.join(grain)}")
            names = [column[0] for column in cursor.description or []]
            built = cursor.fetchall()
            built = built[:: max(1, len(built) // request.param)] if request.param else built
            served = [column[0] for column in con.execute(f"select * from served.{table} limit 0").description or []]
            measures = [name for name in served if name not in (*grain, *TABLES[table].labels, "withheld")]
            for row in built:
                cell = dict(zip(names, row, strict=True))
                if table == "absence_spells_by_unit" and not cell["spells"]:
                    continue  # a zero beside other bands is made of no row
                lineage = Lineage(con)
                TRACERS[table](lineage, cell, measures)
                lineage.add_references()
                rows = {(traced.file.feed, traced.file.sha256, row) for traced in lineage.named() for row in traced.rows}
                values = {name: cell[name] for name in (*served, *parts) if name not in ("withheld", *OF_EVERY_UNIT)}
                found.append(Cell(table, tuple(cell[name] for name in grain), values, frozenset(rows)))
    return found


@pytest.fixture(scope="module")
def recomputed(town: tuple[Home, Settings]) -> Iterator[Recomputed]:
    home, _ = town
    again = Recomputed(home.warehouse_database, QUARANTINE_SHARE)
    yield again
    again.close()


def test_the_rows_of_every_cell_make_it_and_none_can_be_spared(cells: list[Cell], recomputed: Recomputed) -> None:
    """Each cell is computed again of its rows alone, and of all but one of them, for each of them."""
    assert {cell.table for cell in cells} == TABLES.keys() - set(NOT_COMPUTED_AGAIN) - VIEWS
    made_of: dict[frozenset[Row], list[Cell]] = defaultdict(list)
    unmade_of: dict[frozenset[Row], list[tuple[Cell, Row]]] = defaultdict(list)
    for cell in cells:
        made_of[cell.rows].append(cell)
        if cell.table not in RESTING_ON_FIGURES:
            for row in cell.rows:
                unmade_of[cell.rows - {row}].append((cell, row))
    wrong: list[tuple] = []
    # Cuts that are alike follow each other, so that little has to be computed anew.
    for rows in sorted(made_of.keys() | unmade_of.keys(), key=sorted):
        is_accepted = recomputed.cut(rows)
        tables = {cell.table for cell in [*made_of[rows], *(cell for cell, _ in unmade_of[rows])]} if is_accepted else set()
        marts = {table: recomputed.mart(table, TABLES[table].grain) for table in tables}
        wrong += [("is not made", cell) for cell in made_of[rows] if not is_accepted or not cell.is_in(marts[cell.table])]
        wrong += [
            ("does not need", row, cell) for cell, row in unmade_of[rows] if is_accepted and cell.is_in(marts[cell.table])
        ]
    assert wrong == []


def test_the_delivered_files_cut_to_the_rows_give_the_numbers(
    town: tuple[Home, Settings], cells: list[Cell], recomputed: Recomputed, tmp_path: Path
) -> None:
    """Of each table a cell or two: the files are cut to their rows, taken in and loaded."""
    enough = 2 if is_exhaustive() else 1
    home, settings = town
    with duckdb.connect(str(home.warehouse_database), read_only=True) as con:
        names = dict(con.execute("select sha256, file_name from raw.inputs").fetchall())
    required = {feed.name for feed in feeds().values() if feed.required}
    made_of: dict[frozenset[Row], list[Cell]] = defaultdict(list)
    for cell in cells:
        made_of[cell.rows].append(cell)
    loaded: Counter[str] = Counter()
    # Rows first that make many cells of many tables.
    by_use = sorted(made_of.items(), key=lambda item: (-len({cell.table for cell in item[1]}), -len(item[1]), sorted(item[0])))
    for number, (rows, made) in enumerate(by_use):
        if all(loaded[cell.table] >= enough for cell in made):
            continue
        loaded.update(cell.table for cell in made)
        cut = Home(tmp_path / str(number))
        cut.prepare()
        files_cut(home.landing, cut.landing, names, required, rows)
        take_in(cut, cut.landing, feeds())
        load_delivery(cut, settings, feeds(), choose(kept_arrivals(cut), feeds(), None).delivery)
        recomputed.load(cut.build_database)
        for cell in made:
            assert cell.is_in(recomputed.mart(cell.table, TABLES[cell.table].grain)), cell


def test_json(town: tuple[Home, Settings]) -> None:
    home, _ = town
    found = answer(home, "sick_leave_by_unit", *JANUARY, *V1, "--measure", "sick_leave_percent")
    assert found["table"] == "sick_leave_by_unit"
    assert found["cell"] == {"period_type": "month", "period": "2024-01", "org_level": "virksomhet", "org_unit_code": "V1"}
    # 22 working days: person 1 is away 7 of them, person 2 with 60 % 5 of them.
    assert found["measures"] == {"sick_leave_percent": pytest.approx(100 * (7 + 0.6 * 5) / (1.6 * 22))}
    assert 100 * found["numerator"]["sick_leave_percent"] / found["denominator"]["sick_leave_percent"] == pytest.approx(
        found["measures"]["sick_leave_percent"]
    )
    assert found["definition"]["sick_leave_percent"]["name"] == "Sykefraværsprosent"
    # That of årsverk: a figure's page is read by itself.
    assert found["definition"]["sick_leave_percent"]["population"].startswith("Fast, Vikar, Midlertidig og Lærling ")
    assert found["formula"]["sick_leave_percent"]["figures"].startswith("100 × ")
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        publication = con.execute("select publication_id, inputs_sha256 from main.publication").fetchall()
        hashes = dict(con.execute("select file_name, sha256 from main.inputs").fetchall())
    assert [(found["publication"]["publication_id"], found["publication"]["inputs_sha256"])] == publication
    for file in found["files"]:
        assert {"feed", "file_name", "sha256", "rows"} <= file.keys(), file
        assert file["sha256"] == hashes[file["file_name"]], file


@pytest.mark.parametrize("table", sorted(VIEWS))
def test_figures_of_views_are_numbers(town: tuple[Home, Settings], table: str) -> None:
    home, _ = town
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        names = TABLES[table].grain
        cell = con.execute(f"select {', '.join(names)} from {table} where not is_remainder order by all limit 1").fetchone()
    assert cell
    words = [f"{name}={value}" for name, value in zip(names, cell, strict=True)]
    found = answer(home, table, *words)["measures"]
    assert found and {type(value) for value in found.values()} <= {int, float, type(None)}, found


def test_rows_file_and_text(town: tuple[Home, Settings], tmp_path: Path) -> None:
    home, _ = town
    target = tmp_path / "rows.csv"
    result = traced(home, "sick_leave_by_unit", *JANUARY, *V1, "--rows", str(target))
    assert result.exit_code == 0, result.output
    for told in ("Sykefraværsprosent (sick_leave_percent)", "100 × tapte dagsverk / mulige dagsverk", "sha256", "code_version"):
        assert told in result.stdout
    header, *lines = target.read_text(encoding="utf-8").splitlines()
    assert header == "file;sha256;row;role;feed;line"
    spell = [line for line in lines if "makes the spell long-term" in line]
    assert [line.split(";")[2] for line in spell] == ["2"]
    assert len(lines) == 2 + 3 + 3 + 2
    # To stdout it comes alone: the text is for the terminal.
    printed = traced(home, "sick_leave_by_unit", *JANUARY, *V1, "--rows", "-")
    assert printed.exit_code == 0 and printed.stdout == target.read_text(encoding="utf-8")
    assert printed.stderr == result.stdout
    both = traced(home, "sick_leave_by_unit", *JANUARY, *V1, "--rows", "-", "--html", "-")
    assert (both.exit_code, "cannot both go to stdout" in both.stderr) == (2, True)


def test_withheld(town: tuple[Home, Settings]) -> None:
    home, _ = town
    words = ("sick_leave_by_unit", *JANUARY, "org_unit_name=Oppvekst")
    home.trace_log.unlink(missing_ok=True)
    refused = traced(home, *words, "--json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "is withheld (primary)" in refused.stderr
    assert not any(figure in refused.stderr for figure in ("stillinger", "rows", "csv"))
    assert not home.trace_log.exists()
    nameless = traced(home, *words, "--restricted")
    assert (nameless.exit_code, nameless.stdout) == (2, "") and "say who asks by --who" in nameless.stderr
    assert not home.trace_log.exists()
    told = traced(home, *words, "--measure", "sick_leave_percent", "--restricted", "--who", "Kari\tNordmann")
    assert told.exit_code == 0
    assert "stillinger_2024-01-31.csv" in told.stdout
    assert stat.S_IMODE(home.trace_log.stat().st_mode) == 0o600
    (line,) = home.trace_log.read_text(encoding="utf-8").splitlines()
    when, person, account, table, cell, measures = line.split("\t")
    assert when.startswith("20") and person == "Kari Nordmann" and account and table == "sick_leave_by_unit"
    assert cell == "period_type=month period=2024-01 org_level=tjenesteområde org_unit_code=O"
    assert measures == "sick_leave_percent"


def test_the_person_behind_sudo_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    people = {"kari": (1000, "/bin/bash"), "backup2": (1001, "/usr/sbin/nologin"), "root": (0, "/bin/bash")}

    def account(name: str) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, "x", people[name][0], 0, "", "/", people[name][1]))

    monkeypatch.setattr(pwd, "getpwnam", account)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "kari")
    assert asking_person(None) == "kari"
    assert asking_person("Ola") == "Ola (kari)"
    for nobody in ("backup2", "root", "unknown", ""):
        monkeypatch.setenv("SUDO_USER", nobody)
        with pytest.raises(UsageError, match="say who asks"):
            asking_person(" ")
        assert asking_person("Ola") == "Ola"


def test_what_rests_on_a_withheld_cell_is_withheld(town: tuple[Home, Settings]) -> None:
    home, _ = town
    words = ("targets", "indicator=sick_leave_percent", "year=2024", "org_unit_name=Oppvekst")
    found = answer(home, *words)
    # What the decision says, and what the year before, which is served, is away from it.
    assert found["measures"] == {"target": 5.0, "expected_now": 5.0, "needed_per_year": pytest.approx(5.0 - 100 / 21)}
    assert set(found["withheld"]) == {"actual", "gap", "on_track"}
    found = answer(home, *words, "--measure", "target")
    assert {file["feed"] for file in found["files"]} == {"maltall", "organisasjon", "ansatte", "stillinger"}
    assert "fravaer" not in {file["feed"] for file in found["excluded"]}
    assert traced(home, *words, "--measure", "actual").exit_code == 1


def test_published_figure(town: tuple[Home, Settings], tmp_path: Path) -> None:
    home, _ = town
    found = answer(home, "--published", "A-1")
    assert (found["table"], found["measures"].keys()) == ("sick_leave_by_unit", {"sick_leave_percent"})
    assert found["published"]["document"] == "Rapport, del 1"
    assert found["published"]["published"] == 1.8
    assert found["published"]["computed"] == pytest.approx(found["measures"]["sick_leave_percent"])
    assert (
        found["files"]
        == answer(home, "sick_leave_by_unit", "period=2023", "org_level=kommune", "--measure", "sick_leave_percent")["files"]
    )
    (printed,) = [
        file for file in answer(home, "reconciliation", "figure_id=A-1")["files"] if file["feed"] == "publiserte_tall"
    ]
    assert (printed["rows"], printed["roles"]) == ([1], {"printed figure": 1})
    unmapped = traced(home, "--published", "A-2")
    assert unmapped.exit_code == 0
    assert "reason" in unmapped.stdout and "not_covered" in unmapped.stdout
    # Nobody waits for a file that is not written.
    for option, told in (("--rows", "there are no rows to write"), ("--html", "there is nothing to show on a page")):
        refused = traced(home, "--published", "A-2", option, str(tmp_path / "file"))
        assert (refused.exit_code, refused.stdout, list(tmp_path.iterdir())) == (2, "", [])
        assert told in refused.stderr
    unknown = traced(home, "--published", "A-3")
    assert (unknown.exit_code, unknown.stderr) == (2, "there is no printed figure A-3; there are A-2, A-1\n")


def test_a_printed_figure_is_not_computed_again_where_nothing_is_withheld(town: tuple[Home, Settings], tmp_path: Path) -> None:
    """All of them would be: a query of seconds in a municipality of any size."""
    home = Home(tmp_path / "home")
    shutil.copytree(town[0].root, home.root, symlinks=True)
    with duckdb.connect(str(home.warehouse_database)) as con:
        assert con.execute("select status from served.reconciliation where figure_id = 'A-2'").fetchall() == [("not_covered",)]
        con.execute("create or replace view marts.reconciliation as select error('computed again') as figure_id")
    found = answer(home, "reconciliation", "figure_id=A-2")
    assert (found["measures"]["published"], found["measures"]["computed"], found["withheld"]) == (ANY, None, {})


def test_a_publication_of_another_version_is_told_of_without_a_traceback(town: tuple[Home, Settings], tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(town[0].root, home.root, symlinks=True)
    with duckdb.connect(str(home.warehouse_database)) as con:
        con.execute("alter table intermediate.int_printed_cells drop column change")
    # The same code that lacks a column is a fault of its own.
    assert isinstance(traced(home, "--published", "A-1").exception, duckdb.BinderException)
    with duckdb.connect(str(home.warehouse_database)) as con:
        con.execute("update served.publication set code_version = 'older'")
    found = traced(home, "--published", "A-1")
    assert found.exit_code == 1
    assert "which finds something else in it" in found.stderr and "run the night again" in found.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give a table and COLUMN=VALUE…, or --published FIGURE_ID alone"),
        (("sick_leave",), "there is no table sick_leave"),
        (("sick_leave_by_unit", "period"), "'period' is not COLUMN=VALUE"),
        (("sick_leave_by_unit", "periode=2023"), "there is no column periode; did you mean period?"),
        (("sick_leave_by_unit", "sick_leave_percent=9"), "there is no column sick_leave_percent"),
        (("sick_leave_by_unit", "period=2022"), "sick_leave_by_unit has no period=2022"),
        (("sick_leave_by_sex", "sex=Kvinne"), "There are: kvinne, mann"),
        (("sick_leave_by_unit", "period=2023"), "say which org_level, org_unit_code"),
        (("sick_leave_by_unit", "period=2023", "period_type=month"), "has no cell with period=2023 period_type=month"),
        (("org_units", "org_unit_code=V1", "--measure", "fte"), "there is no measure fte"),
    ],
)
def test_usage(town: tuple[Home, Settings], words: tuple[str, ...], told: str) -> None:
    result = traced(town[0], *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_nothing_published(tmp_path: Path) -> None:
    result = traced(Home(tmp_path), "org_units")
    assert result.exit_code == 1
    assert "nothing is published" in result.stderr


def test_database_without_the_formulas(town: tuple[Home, Settings], tmp_path: Path) -> None:
    home = Home(tmp_path)
    shutil.copytree(town[0].publish, home.publish, symlinks=True)
    shutil.copy(town[0].warehouse_database, home.warehouse_database)
    with duckdb.connect(str(home.warehouse_database)) as con:
        con.execute("drop schema formulas cascade")
    result = traced(home, "sick_leave_by_unit", *JANUARY, *V1)
    assert result.exit_code == 1
    assert "built by an earlier version of the code" in result.stderr


def test_every_mart_can_be_traced() -> None:
    assert TRACERS.keys() == TABLES.keys()


def test_references_are_those_of_the_contracts() -> None:
    declared = {
        (name, feed.columns[header].metadata["name"], other)
        for name, feed in feeds().items()
        for header, (other, _) in feed.references.items()
        if name != other
    }
    assert {(feed, column, other) for feed, references in REFERENCES.items() for column, other in references} == declared


def test_nothing_heavy_is_imported(town: tuple[Home, Settings]) -> None:
    words = ["trace", "sick_leave_by_unit", *JANUARY, *V1, "--home", str(town[0].root)]
    code = f"""
import sys
from orchestration.cli import main
main({words!r}, standalone_mode=False)
heavy = {{"dagster", "dbt", "pandera", "pandas"}} & sys.modules.keys()
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
