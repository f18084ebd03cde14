"""The views for BI tools: what a reader adds up is the unit, the level and the branch, and the attack misses no false row.
Not here: what the examples of the documents find (test_examples_of_the_docs.py), whose municipality this is.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.builds import Builds, night_without_dbt, served_whole
from tests.municipalities.by_hand import Municipality
from tests.pipeline.test_examples_of_the_docs import deliver
from warehouse.catalogue import read_tables
from warehouse.paths import Home
from warehouse.sdc.attack.served import Served
from warehouse.trace.answer import Question, restricted_database, trace

DAYS = ("fte", "possible_days", "lost_days", "doctor_certified_days", "graded_days")
BREAKDOWNS = ("sick_leave_by_sex", "sick_leave_by_age", "sick_leave_by_job_code", "full_time_by_sex", "full_time_by_job_code")
TIMES = {"sick": ("period_type", "period"), "full": ("source", "reference_date")}


@pytest.fixture(scope="module")
def town(builds: Builds) -> Home:
    return builds.built(deliver, night_without_dbt).home


@pytest.fixture
def con(town: Home) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(town.served_database), read_only=True)


@pytest.mark.parametrize("table", BREAKDOWNS)
def test_parts_are_the_unit_to_the_last_decimal(con: duckdb.DuckDBPyConnection, table: str) -> None:
    times, units = TIMES[table[:4]], table.split("_by_")[0] + "_by_unit"
    figures = DAYS if table.startswith("sick") else ("fte",)
    key = ", ".join([*times, "org_level", "org_unit_code"])
    sums = ", ".join(f"sum({name}) as {name}" for name in figures)
    wrong = " or ".join(f"cast(round(unit.{name}, 9) as decimal(18, 9)) is distinct from part.{name}" for name in figures)
    only = "true" if "sick" in table else "source = 'payroll'"
    served = f"(select * from {units} where withheld is null and {only})"
    asked = f"from {served} as unit left join (select {key}, {sums} from bi_{table} group by all) as part using ({key})"
    assert con.execute(f"select count(*) > 0, count(*) filter ({wrong}) {asked}").fetchall() == [(True, 0)]
    (hidden,) = con.execute(f"select count(withheld) from {table}").fetchall()[0]
    (remainders,) = con.execute(f"select count(*) from bi_{table} where is_remainder").fetchall()[0]
    assert bool(hidden) == bool(remainders)


@pytest.mark.parametrize("table", ["sick_leave_by_sex", "sick_leave_by_age", "sick_leave_by_job_code"])
@pytest.mark.parametrize("level", ["tjenesteområde", "virksomhet"])
def test_a_level_is_the_municipality(con: duckdb.DuckDBPyConnection, table: str, level: str) -> None:
    sums = ", ".join(f"sum({name})" for name in DAYS)
    asked = f"select period, {sums} from bi_{table} where org_level = $1 group by all order by all"
    found = con.execute(asked, [level]).fetchall()
    exact = ", ".join(f"cast(round({name}, 9) as decimal(18, 9))" for name in DAYS)
    served = "sick_leave_by_unit where org_level = 'kommune' and withheld is null"
    whole = con.execute(f"select period, {exact} from {served} order by all").fetchall()
    parts = {period: figures for period, *figures in found}
    assert whole
    # Where the municipality itself is withheld there is nothing to add up to.
    for period, *figures in whole:
        assert parts[period] == pytest.approx(figures, rel=0, abs=Decimal("1e-8"))


def deliver_nested(landing: Path) -> None:
    """An area with a virksomhet that has another one below it, and one beside it."""
    made = Municipality()
    made.unit("100000", "kommune", name="Asker kommune")
    made.unit("V", "tjenesteområde", "100000")
    for unit, above in {"V1": "V", "V11": "V1", "V2": "V"}.items():
        made.unit(unit, "virksomhet", above)
        for n in range(60):
            made.person(f"{unit}-{n}", "KM"[n % 2])
            made.position(f"{unit}-{n}", unit, first="01.01.2023")
            made.absence(f"{unit}-{n}", "Sykmelding", f"{n % 28 + 1:02}.03.2023", f"{n % 28 + 1:02}.04.2023")
    made.deliver(landing, date(2023, 12, 31))


@pytest.mark.parametrize("table", [*BREAKDOWNS, "equality_gender_balance"])
def test_a_unit_inside_one_of_its_level_has_rows_and_is_told_apart(builds: Builds, table: str) -> None:
    time = "year" if table.startswith("equality") else ", ".join(TIMES[table[:4]])
    with builds.built(deliver_nested, served_whole).reading() as con:
        con.execute("use served")
        asked = (
            f"select {time}, sum(fte) as fte from bi_{table} where org_level = $1 and not is_nested group by all order by all"
        )
        whole, level = (con.execute(asked, [level]).fetchall() for level in ("kommune", "virksomhet"))
        assert whole and level == whole
        nested = con.execute(f"select distinct org_unit_code from bi_{table} where is_nested").fetchall()
        assert nested == [("V11",)]


def test_the_pieces_of_the_tree_are_the_municipality_and_every_area(con: duckdb.DuckDBPyConnection) -> None:
    for level, column in (("kommune", "level_1"), ("tjenesteområde", "level_2")):
        rows = con.execute(
            f"""select piece.lost_days, unit.lost_days
                from (select period, {column} as name, sum(lost_days) as lost_days from bi_sick_leave group by all) as piece
                inner join sick_leave_by_unit as unit on piece.period = unit.period and piece.name = unit.org_unit_name
                where unit.org_level = '{level}' and unit.withheld is null"""
        ).fetchall()
        assert rows and all(float(piece) == pytest.approx(unit, abs=1e-8) for piece, unit in rows)


def test_the_attack_finds_false_rows(town: Home, tmp_path: Path) -> None:
    folder = town.current.resolve()
    with duckdb.connect() as con:
        assert Served(con, folder).copies() == []
        for view, change in {
            "bi_sick_leave_by_sex": "lost_days + 1 as lost_days",
            "bi_sick_leave": "possible_days + 1 as possible_days",
            "bi_full_time_by_sex": "headcount + 1 as headcount",
        }.items():
            false = tmp_path / view
            false.mkdir()
            for path in folder.iterdir():
                (false / path.name).symlink_to(path)
            (false / f"{view}.parquet").unlink()
            con.execute(f"copy (select * replace ({change}) from '{folder / view}.parquet') to '{false / view}.parquet'")
            assert {by.split(".")[0] for _, _, by in Served(con, false).copies()} == {view}


@pytest.mark.parametrize("view", sorted(f"bi_{table}" for table in (*BREAKDOWNS, "equality_gender_balance", "sick_leave")))
def test_the_trace_of_a_part_is_of_what_is_served(con: duckdb.DuckDBPyConnection, town: Home, view: str) -> None:
    """Before disclosure control there are other remainders: the formula's figures are those of the row itself."""
    grain = read_tables(town.current.resolve())[view].grain
    found = con.execute(
        f"""select {", ".join(grain)} from {view}
            qualify row_number() over (partition by org_level, is_remainder order by {", ".join(grain)}) <= 2"""
    ).fetchall()
    assert found
    with restricted_database(town) as restricted:
        for key in found:
            values = {name: str(value) for name, value in zip(grain, key, strict=True)}
            answer, _ = trace(town, restricted, Question(view, values))
            assert answer.files, key
            for name, of in answer.fractions.items():
                value = answer.measures[name]
                if value is None or not of.denominator:
                    continue
                assert of.factor * of.numerator / of.denominator == pytest.approx(float(value), abs=1e-8), (key, name)


def test_columns_of_parquet_say_what_they_are(town: Home) -> None:
    field = pq.read_schema(town.publish / "sick_leave_by_unit.parquet").field("sick_leave_percent")
    assert field.metadata[b"unit"] == b"prosent" and b"lost_days" in field.metadata[b"description"]
