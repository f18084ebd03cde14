"""Which cells the report takes and why one of them is empty, of a publication made by hand (warehouse/report/queries.py,
chapters/front.py). Not here: whether a page shows its cells (pipeline/test_report.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of
from warehouse.report.chapters.front import target_of
from warehouse.report.numbers import MISSING, WITHHELD
from warehouse.report.queries import Derived, Figure, Served, difference, in_persons, one_person

# The series begins in 2021 and is counted to 15 November 2024; unit O is there from 2023 on.
TABLES = {
    "publication": "select 'p' as publication_id, date '2024-11-15' as as_of, '{}' as settings",
    "metric_definitions": """select '' as table_name, '' as measure, '' as name, '' as unit, 0 as decimals, '' as formula,
        '' as population, '' as source, 1 as factor, null as numerator, null as denominator where false""",
    "org_units": """from (values ('kommune', 'K', 'Prøve', null, 'K'), ('tjenesteområde', 'O', 'Oppvekst', 'K', 'K / O'))
        as t (org_level, org_unit_code, org_unit_name, parent_code, path)""",
    "sick_leave_by_unit": """select *, 'year' as period_type from (values
        ('2021', false, 'kommune', 'K'), ('2022', false, 'kommune', 'K'), ('2023', false, 'kommune', 'K'),
        ('2024', true, 'kommune', 'K'), ('2023', false, 'tjenesteområde', 'O'), ('2024', true, 'tjenesteområde', 'O'))
        as t (period, is_partial, org_level, org_unit_code)""",
    "sick_leave_changes": """select *, 'sick_leave_percent' as measure, null::double as change_points,
            null::double as mean_three_years
        from (values
        ('rolling_12', '2022-12', false, 'kommune', 'K', 7.0), ('rolling_12', '2024-10', false, 'kommune', 'K', 8.0),
        ('rolling_12', '2024-11', true, 'kommune', 'K', 99.0), ('year_to_date', '2023', false, 'kommune', 'K', 6.0),
        ('year_to_date', '2024', true, 'kommune', 'K', 9.0), ('rolling_12', '2023-12', false, 'tjenesteområde', 'O', null),
        ('rolling_12', '2024-10', false, 'tjenesteområde', 'O', null), ('year', '2023', false, 'kommune', 'K', 7.0),
        ('year', '2024', true, 'kommune', 'K', 7.0), ('year', '2024', true, 'tjenesteområde', 'O', null))
        as t (period_type, period, is_partial, org_level, org_unit_code, value)""",
    "full_time_by_unit": """select *, 'kommune' as org_level, 'K' as org_unit_code from (values
        ('payroll', date '2022-12-31'), ('payroll', date '2023-11-15'), ('payroll', date '2023-12-31'),
        ('payroll', date '2024-09-30'), ('payroll', date '2024-11-15'), ('pai', date '2023-12-01'), ('pai', date '2024-12-01'))
        as t (source, reference_date)""",
    "survey_response": """select *, 'kommune' as org_level, 'K' as org_unit_code, null::double as previous_response_percent
        from (values (2017, null), (2019, 'primary'), (2021, null), (2023, null)) as t (year, withheld)""",
    "targets": """select *, 'sak 1' as decision, 'kommune' as org_level, 'K' as org_unit_code from (values
        ('sick_leave_percent', 2023, 9.5, 7.0, date '2020-01-01', null, null),
        ('sick_leave_percent', 2024, 8.5, null, date '2020-01-01', 'vedtak', null),
        ('sick_leave_percent', 2025, 8.0, null, date '2022-01-01', null, true),
        ('sick_leave_percent', 2027, 7.0, null, date '2022-01-01', null, null),
        ('full_time_80_percent', 2024, 65.0, null, date '2022-01-01', null, null))
        as t (indicator, year, target, actual, decided_on, superseded_by, on_track)""",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("publication")
    with duckdb.connect() as con:
        for name, query in TABLES.items():
            con.execute(f"copy ({query}) to '{folder / f'{name}.parquet'}'")
    publication = Served(folder, {table.name: table for table in tables_of(load_manifest())})
    yield publication
    publication.close()


def test_which_times_the_report_is_about(served: Served) -> None:
    assert (served.years, served.all_years, served.first_year) == ([2021, 2022, 2023], [2021, 2022, 2023, 2024], 2021)
    assert served.last_twelve and served.this_year
    assert (served.last_twelve["period"], served.this_year["period"]) == ("2024-10", "2024")
    assert served.reference_dates == [date(2022, 12, 31), date(2023, 12, 31), date(2024, 11, 15)]
    assert served.pai_dates == [date(2023, 12, 1), date(2024, 12, 1)] and served.last_round == 2023
    days = [date(2024, 2, 29), date(2024, 11, 15)]
    assert [served.year_before(day) for day in days] == [date(2023, 2, 28), date(2023, 11, 15)]


def test_an_empty_figure_is_withheld_where_there_was_something(served: Served) -> None:
    whole, area = served.municipality.cell, served.units[1].cell
    empty = {
        # The value itself is empty for nothing else.
        "value": served.change(area, "rolling_12", "2024-10", "value").empty,
        "change, with a year before": served.change(whole, "year", "2023").empty,
        "change, the year before is the unit's first": served.change(area, "year", "2024").empty,
        # November 2022 to October 2023 begins in a year in which the unit was not there.
        "change, twelve months from before the unit": served.change(area, "rolling_12", "2024-10").empty,
        "change, twelve months of a whole year": served.change(whole, "rolling_12", "2022-12").empty,
        "mean of three years that are there": served.change(whole, "year", "2024", "mean_three_years").empty,
        "mean of three years that are not": served.change(whole, "year", "2023", "mean_three_years").empty,
        "first round": served.figure("survey_response", "previous_response_percent", year=2017, **whole).empty,
        "round after a withheld one": served.figure("survey_response", "previous_response_percent", year=2021, **whole).empty,
        "round after one that was shown": served.figure(
            "survey_response", "previous_response_percent", year=2023, **whole
        ).empty,
        "no such cell": served.sick_leave(whole, "year", "2019").empty,
    }
    assert empty == {
        "value": WITHHELD,
        "change, with a year before": WITHHELD,
        "change, the year before is the unit's first": WITHHELD,
        "change, twelve months from before the unit": MISSING,
        "change, twelve months of a whole year": WITHHELD,
        "mean of three years that are there": WITHHELD,
        "mean of three years that are not": MISSING,
        "first round": MISSING,
        "round after a withheld one": WITHHELD,
        "round after one that was shown": MISSING,
        "no such cell": MISSING,
    }


def test_the_target_is_the_next_one_in_force(served: Served) -> None:
    found = target_of(served, "sick_leave_percent")
    assert found and (found["year"], found["target"].value, found["on_track"]) == (2025, 8.0, True)
    assert (found["last_year"], found["last"].value) == (2027, 7.0)
    running = target_of(served, "full_time_80_percent")
    assert running and running["year"] == 2024


def of(value: float | None, empty: str = "") -> Figure:
    return Figure("sick_leave_by_unit", "", "fte", value, empty, 1)


@pytest.mark.parametrize(
    ("derived", "value", "empty"),
    [
        (difference(of(8.0), of(7.5)), 0.5, MISSING),
        (difference(of(8.0), of(None, WITHHELD)), None, WITHHELD),
        (difference(of(8.0), of(None, MISSING)), None, MISSING),
        (one_person(of(50.0)), 2.0, MISSING),
        (in_persons(of(2.0), of(50.0)), 1.0, MISSING),
    ],
)
def test_what_is_computed_for_the_page_alone(derived: Derived, value: float | None, empty: str) -> None:
    assert (derived.value, derived.empty) == (value, empty)
