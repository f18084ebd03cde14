"""Which rows make the tables that set own figures beside others: benchmarks, targets, pilots.
Not here: the rows of the own figures (sick_leave, full_time.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from warehouse.database import one, quoted
from warehouse.trace import full_time, persons, sick_leave, substitutes, survey
from warehouse.trace.lineage import Lineage, unit_scope
from warehouse.trace.minimal import smallest
from warehouse.trace.temporary import table

FULL_TIME = ("full_time_80_percent", "full_time_100_percent", "average_position_percent")


def add_own_figure(lineage: Lineage, indicator: str, period_type: str, period: str, units: str, *, apart: bool) -> None:
    """Rows of one of the municipality's own figures (int_own_figures)."""
    con = lineage.con
    if indicator in persons.COUNTS:
        is_year = "and is_last_of_year" if period_type == "year" else ""
        form = "%Y" if period_type == "year" else "%Y-%m"
        (day,) = one(
            con,
            "select reference_date from intermediate.int_reference_dates"
            f" where strftime(reference_date, '{form}') = $1 {is_year}",
            [period],
        )
        full_time.add_one_of_several(lineage, day, units, [indicator], apart=apart)
        lineage.begin_series(day.year)
        return
    first, last = one(
        con,
        "select first_month_index, last_month_index from intermediate.int_periods where period_type = $1 and period = $2",
        [period_type, period],
    )
    sick_leave.add_rows(lineage, sick_leave.Scope(units, first, last), sick_leave.TERMS[indicator], apart=apart)
    lineage.begin_series(first // 12)


def of_benchmark(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The rows of the figure. For the rank also those of the better figures and of the municipality's own."""
    con = lineage.con
    figures = table(
        con,
        "figures",
        """select figures.*, served.rank from intermediate.int_benchmarks as figures
           inner join marts.benchmarks as served using (indicator, period_type, period, peer)
           where not is_replaced and indicator = $1 and period_type = $2 and period = $3""",
        [cell["indicator"], cell["period_type"], cell["period"]],
    )
    peer = cell["peer"]
    is_own, rank = one(con, f"select feed is null, rank from {figures} where peer = $1", [peer])
    wants_rank = "rank" in measures and rank is not None
    own = con.execute(
        f"""select org_unit_code from intermediate.int_own_figures where org_level = 'kommune'
            and (indicator, period_type, period, org_unit_name) in (
                select (indicator, period_type, period, peer) from {figures} where feed is null)"""
    ).fetchone()
    for feed in ("sammenligning", "ssb"):
        rows = f"select file_sha256, row_number from {figures} where feed = $1"
        lineage.add(feed, "figure", f"{rows} and peer = $2", [feed, peer])
        if wants_rank:
            lineage.add(feed, "better figure", f"{rows} and rank < $2", [feed, rank])
        lineage.exclude(
            feed,
            """select file_sha256, row_number, 'in the name of the municipality itself, whose figure is computed' as reason
               from intermediate.int_benchmarks where is_replaced and feed = $1 and indicator = $2 and period = $3""",
            [feed, cell["indicator"], cell["period"]],
        )
    if is_own and not (lineage.count("sammenligning") or lineage.count("ssb")):
        (feed,) = one(con, f"select feed from {figures} where feed is not null union all select 'sammenligning' limit 1")
        lineage.add(
            feed,
            "peer without whom there is no comparison",
            """select file_sha256, row_number from intermediate.int_benchmarks
               where feed = $1 and indicator = $2 and period = $3 order by is_replaced, row_number limit 1""",
            [feed, cell["indicator"], cell["period"]],
        )
    if own and (is_own or wants_rank):
        indicator, period_type, period = (str(cell[name]) for name in ("indicator", "period_type", "period"))
        add_own_figure(lineage, indicator, period_type, period, unit_scope("kommune", own[0]), apart=is_own)
    lineage.add_references()
    lineage.make_deliverable()


def of_target(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """The decision. For measures that compare with it also the rows of the figures: of its year, of the running one, of the
    last whole year, and where the plan's path begins.
    """
    key = [cell[name] for name in ("indicator", "org_level", "org_unit_code")]
    target = "from intermediate.int_targets where indicator = $1 and org_level = $2 and org_unit_code = $3"
    of_plan = f"{target} and decision = $4 and decided_on = $5"
    plan = [*key, cell["decision"], cell["decided_on"]]
    wanted = set(measures)
    lineage.add("maltall", "decision", f"select file_sha256, row_number {of_plan} and target_year = $6", [*plan, cell["year"]])
    (running,) = one(lineage.con, "select year(as_of) from raw.settings")
    if wanted & {"on_track", "expected_now"} and int(str(cell["year"])) >= running:
        lineage.add("maltall", "year of the same plan", f"select file_sha256, row_number {of_plan} and not is_superseded", plan)
    in_force = f"{target} and target_year = $4 and not is_superseded"
    if cell["superseded_by"] is not None:
        lineage.add(
            "maltall", "decision that supersedes it", f"select file_sha256, row_number {in_force}", [*key, cell["year"]]
        )
    lineage.exclude(
        "maltall",
        f"""select file_sha256, row_number, 'superseded by a later decision' as reason {target} and target_year = $4
            and is_superseded""",
        [*key, cell["year"]],
    )
    units = unit_scope(str(cell["org_level"]), str(cell["org_unit_code"]))
    years, has_rolling = _years_of_target(lineage, cell, wanted, of_plan, plan)
    # Twice, since what one figure names would count in another without its leaves.
    for apart in (False, True):
        for year in years:
            _add_figure_of_year(lineage, str(cell["indicator"]), str(year), cell, units, apart=apart)
        if has_rolling:
            _add_latest_months(lineage, str(cell["indicator"]), units, apart=apart)
    if cell["org_level"] == "gruppe":
        lineage.add_units(f"{units} order by unit_code limit 1")
    else:
        lineage.add_units(f"select unit_code from raw.organisasjon where unit_code = {quoted(str(cell['org_unit_code']))}")
    lineage.add_references()
    lineage.make_deliverable(f"unit_code not in ({units})")


def _years_of_target(
    lineage: Lineage, cell: Mapping[str, object], wanted: set[str], of_plan: str, plan: list[object]
) -> tuple[list[int], bool]:
    """The years whose figures make the measures, and whether the latest twelve months do."""
    con = lineage.con
    running, last_whole = one(con, "select year(as_of), year(as_of + 1) - 1 from raw.settings")
    year = int(str(cell["year"]))
    found: set[int] = set()
    if wanted & {"actual", "gap", "on_track"}:
        found.add(year)
    if wanted & {"on_track", "needed_per_year"} and year > last_whole:
        found |= {last_whole, running}
    if wanted & {"on_track", "expected_now"} and year >= running:
        (first,) = one(con, f"select min(target_year) {of_plan} and not is_superseded", plan)
        if first is not None:
            (begins,) = one(con, "select year(first_day) from intermediate.int_series")
            found |= set(range(begins, min(first - 1, last_whole) + 1))
    (base,) = one(con, f"select any_value(base_year) {of_plan} and target_year = $6", [*plan, year])
    if base is not None:
        found.add(base)
    return sorted(found), bool(wanted & {"on_track"}) and year > last_whole


def _add_figure_of_year(
    lineage: Lineage, indicator: str, year: str, cell: Mapping[str, object], units: str, *, apart: bool
) -> None:
    """Rows of a measure in a calendar year, where the year has one; of an indicator that is no measure there are none."""
    con = lineage.con
    place = {"org_level": cell["org_level"], "org_unit_code": cell["org_unit_code"]}
    if indicator in full_time.EDUCATION:
        days = "select count(*) from marts.full_time_by_unit where source = 'pai' and year(reference_date) = $1"
        if one(con, days, [int(year)])[0]:
            full_time.add_rows_of_pai(lineage, date(int(year), 12, 1), units, [indicator])
    elif indicator in persons.COUNTS and indicator not in ("employees", "leaders"):
        if one(con, "select count(*) from intermediate.int_reference_dates where calendar_year = $1", [int(year)])[0]:
            add_own_figure(lineage, indicator, "year", year, units, apart=apart)
    elif indicator in sick_leave.TERMS:
        found = one(con, "select count(*) from intermediate.int_periods where period_type = 'year' and period = $1", [year])[0]
        if found and _has_days(lineage, units, int(year) * 12, int(year) * 12 + 11):
            add_own_figure(lineage, indicator, "year", year, units, apart=apart)
    elif indicator in substitutes.COUNTS:
        (month,) = one(con, "select max(month) from marts.substitutes_by_unit where left(month, 4) = $1", [year])
        if month is not None:
            substitutes.of_cell(lineage, {"month": month, **place}, [indicator])
    elif indicator in survey.RESPONSES:
        survey.of_response(lineage, {"year": int(year), **place}, [indicator])


def _add_latest_months(lineage: Lineage, indicator: str, units: str, *, apart: bool) -> None:
    """Rows of the twelve months of sick leave that end with the last whole one."""
    if indicator not in sick_leave.TERMS or not indicator.endswith("_percent"):
        return
    first, last = one(
        lineage.con,
        """select min(month_index), max(month_index) from intermediate.int_comparison_months
           where period_type = 'rolling_12' and period = (
               select max(period) from intermediate.int_comparison_months where period_type = 'month' and not is_partial)""",
    )
    if first is not None and _has_days(lineage, units, first, last):
        sick_leave.add_rows(lineage, sick_leave.Scope(units, first, last), sick_leave.TERMS[indicator], apart=apart)
        lineage.begin_series(first // 12)


def of_pilot(lineage: Lineage, cell: Mapping[str, object], measures: Sequence[str]) -> None:
    """Rows of the pilot's units at its start and now, of the rest of their area, and the pilot's own rows."""
    con = lineage.con
    pilot, indicator = quoted(str(cell["pilot"])), str(cell["indicator"])
    wanted = set(measures)
    sides = ["start"] if wanted - {"current_value", "after_value"} else []
    sides += ["current"] if wanted - {"start_value", "after_value"} else []
    sides += ["after"] if "after_value" in wanted else []
    parts = ["is_inside"] if wanted - {"rest_of_area_change_points"} else []
    parts += ["not is_inside"] if "rest_of_area_change_points" in wanted else []
    of_units = "select unit_code from intermediate.int_pilot_units where pilot"
    if indicator in FULL_TIME:
        started, latest = one(
            con,
            f"""select min(year(start_date) * 12 + month(start_date) - 1), least(
                    (select max(month_index) from intermediate.int_months),
                    case when count(*) = count(end_date) then max(year(end_date) * 12 + month(end_date) - 1) end)
                from staging.stg_pilots where pilot = {pilot}""",
        )
        months = [month for side, month in (("start", started), ("current", latest)) if side in sides]
        days = con.execute(
            "select month_index, counted_to from intermediate.int_months where list_contains($1, month_index) order by 1",
            [months],
        ).fetchall()
        # Twice, since what one scope names would count in another scope without its leaves.
        for apart in (False, True):
            for part in parts:
                for _, day in days:
                    full_time.add_one_of_several(lineage, day, f"{of_units} = {pilot} and {part}", [indicator], apart=apart)
        begins = [month for month, _ in days]
    else:
        spans = con.execute(
            f"""select min(month_index), max(month_index) from intermediate.int_pilot_months
                where pilot = {pilot} and list_contains($1, side) group by side, month_index // 12 order by 1""",
            [sides],
        ).fetchall()
        for apart in (False, True):
            for part in parts:
                units = f"{of_units} = {pilot} and {part}"
                for first, last in spans:
                    if _has_days(lineage, units, first, last):
                        scope = sick_leave.Scope(units, first, last)
                        sick_leave.add_rows(lineage, scope, sick_leave.TERMS["sick_leave_percent"], apart=apart)
        begins = [first for first, _ in spans]
    # Which months are compared depends on where the series begins.
    (first_day,) = one(con, "select first_day from intermediate.int_series")
    lineage.begin_series(min([*(month // 12 for month in begins), first_day.year]))
    _add_pilot_rows(lineage, pilot)
    lineage.add_references()
    lineage.make_deliverable()


def _has_days(lineage: Lineage, units: str, first: int, last: int) -> bool:
    query = f"""select count(*) from intermediate.int_sick_leave_months
        where month_index between $1 and $2 and unit_code in ({units})"""
    return bool(one(lineage.con, query, [first, last])[0])


def _add_pilot_rows(lineage: Lineage, pilot: str) -> None:
    """Name those of the pilot's rows that are needed. Without one of them its start or end would change, or a position named
    so far would not lie in the pilot or in the area around it any more.
    """
    con = lineage.con
    named = f"select unit_code from {lineage.rows_of('stillinger')} as named"
    rows = con.execute(
        f"""select pilot.file_sha256, pilot.row_number, strftime(pilot.start_date, '%Y-%m'),
                (select list(distinct unit_code) from intermediate.int_unit_ancestry
                 where org_unit_code = pilot.unit_code and org_level <> 'gruppe' and unit_code in ({named})),
                (select list(distinct org_unit_code) from intermediate.int_unit_ancestry
                 where unit_code = pilot.unit_code and org_level = 'tjenesteområde'),
                strftime(pilot.end_date, '%Y-%m')
            from staging.stg_pilots as pilot where pilot.pilot = {pilot} order by pilot.row_number"""
    ).fetchall()

    def outcome(kept: Sequence[tuple]) -> tuple:
        inside = {unit for row in kept for unit in row[3] or []}
        areas = {area for row in kept for area in row[4] or []}
        ends = None if any(row[5] is None for row in kept) else max((row[5] for row in kept), default=None)
        return min((row[2] for row in kept), default=None), ends, inside, areas

    kept = smallest(rows, outcome)
    for reason, chosen in (
        ("", kept),
        ("changes nothing in the pilot's units, start or end", [r for r in rows if r not in kept]),
    ):
        for sha256, row_number, *_ in chosen:
            values = f"select {quoted(sha256)} as file_sha256, {row_number} as row_number"
            if reason:
                lineage.exclude("piloter", f"{values}, {quoted(reason)} as reason")
            else:
                lineage.add("piloter", "unit in the pilot", values)
