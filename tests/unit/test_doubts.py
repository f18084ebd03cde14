"""What a night says of files of optional feeds, each warning once. Not here: rules (guards), or their counts (pipeline)."""

from pathlib import Path

import duckdb

from warehouse.doubts import new_doubts, units_without_absences, unusual_years

ROWS = """values
    ('ssb', 'table_used', 1, 'warning', 'no cell is of: ssb_12441.json'),
    ('pai', 'no_copy', 2, 'warning', 'a copy'),
    ('pai', 'base_pay_readable', 1, 'error', 'an amount'),
    ('piloter', 'feed_delivered', 0, 'warning', 'not delivered'),
    ('maltall', 'target_not_superseded', 3, 'warning', 'superseded'),
    ('stillinger', 'pay_group_as_listed', 9, 'warning', 'as listed'),
    ('stillinger', 'job_code_listed', 49, 'warning', 'listed'),
    ('stillinger', 'unit_lasts', 50, 'warning', 'lasts'),
    ('stillinger', 'starts_as_usual', 20, 'warning', 'starts'),
    ('stillinger', 'annual_salary_of_a_year', 30, 'warning', 'pay'),
    ('ansatte', 'national_number_check_digits', 30, 'warning', 'digits')"""


def test_what_the_last_publication_did_not_warn_of_is_told(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("create schema served")
    con.execute("create schema raw")
    con.execute(
        """create table raw.rule_results as select * from (values ('stillinger', 'starts_as_usual', 99),
            ('stillinger', 'annual_salary_of_a_year', 59), ('ansatte', 'national_number_check_digits', 60))
            as t (feed, rule, rows_seen)"""
    )
    con.execute(f"create table served.data_quality as select * from ({ROWS}) as t (feed, rule, rows, severity, description)")
    copies, table = "pai, no_copy (2): a copy", "ssb, table_used (1): no cell is of: ssb_12441.json"
    of_files = [
        "stillinger, annual_salary_of_a_year (30): pay",
        "stillinger, starts_as_usual (20): starts",
        # No rule of a file, which says how many rows it has seen: it sees all of the feed's.
        "stillinger, unit_lasts (50): lasts",
    ]
    assert new_doubts(con, None) == [copies, table, *of_files]
    con.execute(f"copy served.data_quality to '{tmp_path}/data_quality.parquet'")
    assert new_doubts(con, tmp_path) == []
    con.execute("update served.data_quality set description = 'no cell is of: ssb_12451.json' where feed = 'ssb'")
    con.execute(f"copy (select * replace (0 as rows) from served.data_quality) to '{tmp_path}/data_quality.parquet'")
    assert new_doubts(con, tmp_path) == [copies, table.replace("12441", "12451"), *of_files]
    con.execute(f"copy (from served.data_quality where feed <> 'ssb') to '{tmp_path}/data_quality.parquet'")
    assert new_doubts(con, tmp_path) == [table.replace("12441", "12451")]
    # A few rows have it every night.
    few = "select * replace (if(rule = 'annual_salary_of_a_year', 2, rows) as rows) from served.data_quality"
    con.execute(f"copy ({few}) to '{tmp_path}/data_quality.parquet'")
    assert new_doubts(con, tmp_path) == of_files[:1]


def test_a_year_of_sick_leave_that_no_municipality_has_is_told_once(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("create schema served")
    con.execute(
        """create table served.sick_leave_by_unit as select * from (values
            ('year', '2021', false, 'kommune', 60, 1.0), ('year', '2022', false, 'kommune', 60, 1.9),
            ('year', '2023', false, 'kommune', 60, 27.41), ('year', '2024', true, 'kommune', 60, 1.0),
            ('year', '2023', false, 'virksomhet', 60, 40), ('month', '2023-01', false, 'kommune', 60, 40),
            ('year', '2025', false, 'kommune', 49, 40), ('year', '2026', false, 'kommune', 60, null))
            as t (period_type, period, is_partial, org_level, fte, sick_leave_percent)"""
    )
    little, much = (
        f"sick leave of the whole municipality in {year} is {percent} %, and 2 to 20 % is usual"
        for year, percent in (("2022", "1,9"), ("2023", "27,4"))
    )
    assert unusual_years(con, None) == [little, much]
    before = (
        "select * replace (if(period = '2023', 5, sick_leave_percent) as sick_leave_percent) from served.sick_leave_by_unit"
    )
    con.execute(f"copy ({before}) to '{tmp_path}/sick_leave_by_unit.parquet'")
    assert unusual_years(con, tmp_path) == [much]


def test_large_units_without_absences_are_told_once(tmp_path: Path) -> None:
    con = duckdb.connect()
    con.execute("create schema served")
    con.execute(
        """create table served.sick_leave_by_unit as select * from (values
            ('year', '2022', false, 'virksomhet', 'A', 30.0, 0.0), ('year', '2023', false, 'virksomhet', 'A', 30.0, 0.0),
            ('year', '2023', false, 'virksomhet', 'B', 20.0, 0.0), ('year', '2023', false, 'virksomhet', 'C', 19.9, 0.0),
            ('year', '2023', false, 'virksomhet', 'D', 90.0, 0.1), ('year', '2023', false, 'virksomhet', 'E', null, null),
            ('year', '2024', true, 'virksomhet', 'A', 30.0, 0.0), ('month', '2023-07', false, 'virksomhet', 'D', 90.0, 0.0))
            as t (period_type, period, is_partial, org_level, org_unit_code, fte, sick_leave_percent)"""
    )
    told = "no absence at all in 2023 in {} units of 20 årsverk or more: {}"
    assert units_without_absences(con, None) == [told.format(2, "virksomhet A, virksomhet B")]
    then = (
        "select * replace (if(org_unit_code = 'B', 1, sick_leave_percent) as sick_leave_percent) from served.sick_leave_by_unit"
    )
    con.execute(f"copy ({then}) to '{tmp_path}/sick_leave_by_unit.parquet'")
    assert units_without_absences(con, tmp_path) == [told.format(1, "virksomhet B")]
