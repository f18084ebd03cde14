"""Which cells the decisions take for known: those the publication before served with the figure of now.
Not here: what they make of it (test_nights.py).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of
from warehouse.sdc.suppression.decisions import Earlier, read_previous
from warehouse.sdc.suppression.sources import Source, sources_of

SOURCES = {source.table: source for source in sources_of(tables_of(load_manifest()))}


def known_again(folder: Path, source: Source, columns: str, before: str, now: str, *, is_kept: bool = True) -> list[tuple]:
    """The cells of a publication before, with what is made of them; `before` and `now` are rows of the table."""
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute(f"create table marts.{source.table} as from (values {now}) as cell ({columns}, withheld)")
        con.execute(f"copy (from (values {before}) as cell ({columns}, withheld)) to '{folder / source.table}.parquet'")
        read_previous(con, source, Earlier(folder, is_kept=is_kept))
        key = ", ".join(source.key)
        return con.execute(f"select {key}, withheld, is_known from previous_{source.table} order by all").fetchall()


def test_spells_are_known_by_their_days(tmp_path: Path) -> None:
    """Their sums are about days: other days of as many persons are another figure, the same days of others are not."""
    columns = "year, org_level, org_unit_code, length_band, persons, lost_days"
    before = "(2024, 'enhet', 'A', '1–3', 9, 20.0, null), (2024, 'enhet', 'B', '1–3', 9, 20.0, null)"
    now = "(2024, 'enhet', 'A', '1–3', 9, 21.0, null), (2024, 'enhet', 'B', '1–3', 8, 20.0, null)"
    found = known_again(tmp_path, SOURCES["absence_spells_by_unit"], columns, before, now)
    assert [(unit, is_known) for _, _, unit, _, _, is_known in found] == [("A", False), ("B", True)]


def test_a_year_of_sick_leave_is_known_by_its_own_figure(tmp_path: Path) -> None:
    """Months are other rows of the same decision; a cell that was withheld is not known."""
    columns = "period_type, period, org_level, org_unit_code, fte"
    before = "('year', '2023', 'enhet', 'A', 20.0, null), ('month', '2023-01', 'enhet', 'A', 1.0, null)"
    before += ", ('year', '2023', 'enhet', 'B', cast(null as double), 'secondary')"
    now = "('year', '2023', 'enhet', 'A', 20.0, null), ('month', '2023-01', 'enhet', 'A', 2.0, null)"
    now += ", ('year', '2023', 'enhet', 'B', 30.0, 'secondary')"
    found = known_again(tmp_path, SOURCES["sick_leave_by_unit"], columns, before, now)
    assert found == [("2023", "enhet", "A", None, True), ("2023", "enhet", "B", "secondary", False)]


def test_under_a_lower_threshold_what_was_served_is_known_and_nothing_stays_withheld(tmp_path: Path) -> None:
    columns = "year, org_level, org_unit_code, length_band, persons, lost_days"
    rows = "(2024, 'enhet', 'A', '1–3', 9, 20.0, null), (2024, 'enhet', 'B', '1–3', cast(null as bigint), 7.0, {})"
    before, now = rows.format("'primary'"), rows.format("null")
    found = known_again(tmp_path, SOURCES["absence_spells_by_unit"], columns, before, now, is_kept=False)
    assert [(unit, withheld) for _, _, unit, _, withheld, _ in found] == [("A", None), ("B", None)]
    assert found[0][-1] is True
