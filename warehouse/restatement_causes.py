"""Finds the rows that restated figures come from: those that only one of two deliveries holds, where and when they count.
Not here: which figures changed (restatements.py), or the rule of what may be shown of a change (sdc/changes.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb

from sources.registry import feeds
from warehouse.catalogue import Table, thresholds
from warehouse.continuity import FEWEST_ROWS
from warehouse.database import column_types, one, quoted
from warehouse.paths import Home
from warehouse.recorded import Recorded, raw_rows
from warehouse.sdc.changes import Place, find_renumbered, may_show
from warehouse.settings import Settings

# Where a differing row counts: unit, days, and whether in the units above too. Of a person's rows: where positions are held.
OF_POSITIONS = """select found.id, position.unit_code, {first} as first_day, {last} as last_day, true as counts_above
    from differing as found inner join held as position using (employee_no)"""
PLACES = {
    "organisasjon": """select id, unnest([unit_code, parent_code]) as unit_code, null::date as first_day,
        null::date as last_day, true as counts_above from differing""",
    "ansatte": OF_POSITIONS.format(first="position.valid_from", last="position.valid_to"),
    # A position that has got an end, or another one, is another from the day after the first of the two on.
    "stillinger": """select id, unit_code,
        case when kind = 'changed' and min(all_but_end) over versions = max(all_but_end) over versions
            then min(valid_to) over versions + 1 else valid_from end as first_day,
        valid_to as last_day, true as counts_above
        from differing window versions as (partition by id)""",
    "fravaer": OF_POSITIONS.format(
        first="greatest(found.from_date, position.valid_from)", last="least(found.to_date, position.valid_to)"
    ),
    "permisjoner": OF_POSITIONS.format(
        first="greatest(found.from_date, position.valid_from)", last="least(found.to_date, position.valid_to)"
    ),
    "variable_timer": """select id, unit_code, cast(worked_month || '-01' as date) as first_day,
        last_day(cast(worked_month || '-01' as date)) as last_day, true as counts_above from differing""",
    "pai": """select id, unit_code, make_date(pai_year, 1, 1) as first_day, make_date(pai_year, 12, 31) as last_day,
        true as counts_above from differing""",
    "deltakelse": """select id, coalesce(found.unit_code, unit.unit_code) as unit_code,
        make_date(survey_year, 1, 1) as first_day, make_date(survey_year, 12, 31) as last_day, false as counts_above
        from differing as found left join intermediate.int_unit_names as unit
            on formulas.bare_unit_name(found.unit_name) = unit.bare_name""",
}
PLACES["faktorer"] = PLACES["deltakelse"]
# A row of these may move figures of any unit and time.
ANYWHERE = """select id, null::varchar as unit_code, null::date as first_day, null::date as last_day, true as counts_above
    from differing"""
PLACES |= dict.fromkeys(("sammenligning", "ssb", "maltall", "piloter", "publiserte_tall"), ANYWHERE)
# The rows of one feed that only one of two tables holds, each with an id that a changed row's two versions share.
DIFFERING = """create or replace temp table differing as
    with gone as (select {columns} from {then} except all select {columns} from {now}),
    come as (select {columns} from {now} except all select {columns} from {then}),
    numbered_gone as (select *, row_number() over (partition by {key} order by {columns}) as nth from gone),
    numbered_come as (select *, row_number() over (partition by {key} order by {columns}) as nth from come),
    paired as (
        select *, false as is_come from numbered_gone union all select *, true as is_come from numbered_come
    )
    select *, dense_rank() over (order by {key}, nth) as id,
        case when count(*) over (partition by {key}, nth) = 2 then 'changed'
        when is_come then 'added' else 'removed' end as kind, hash({all_but_end}) as all_but_end
    from paired"""


def find_causes(
    con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, marts: Sequence[Table], earlier: Recorded
) -> None:
    """Make the temporary tables `touch` and `shown` for the figures in `restated`.

    `touch` has for each table, period and unit the differing rows that touch it, by feed; `shown` the periods and units whose
    change may be shown with its values.
    """
    con.execute("create or replace temp table shown (table_name varchar, period varchar, org_unit_code varchar)")
    con.execute(
        """create or replace temp table touching (feed varchar, org_level varchar, org_unit_code varchar, period varchar,
           added bigint, removed bigint, changed bigint)"""
    )
    files: dict[str, dict[str, list[dict[str, str]]]] = {}
    if one(con, "select count(*) from restated")[0]:
        con.execute(
            """create or replace temp table place as
               select distinct org_level, org_unit_code, period, first_day(period) as first_day, last_day_of(period) as last_day
               from restated"""
        )
        with raw_rows(home, earlier.publication_id, settings, home.build / "earlier") as rows:
            con.execute(f"attach {quoted(str(rows))} as earlier (read_only)")
            files = _differing_files(con)
            now = one(con, "select current_database()")[0]
            find_renumbered(con, now, "earlier")
            con.execute(
                f"""create or replace temp table held as
                    select distinct employee_no, unit_code, valid_from, valid_to
                    from (from raw.stillinger union all by name from {_earlier("stillinger")})"""
            )
            for feed in files:
                _touch(con, feed)
            shown = _shown_when_first_made(con, home)
            if shown is None:
                shown = may_show(con, now, "earlier", thresholds(marts, settings), earlier.row["as_of"])
            if shown:
                con.executemany("insert into shown values ($1, $2, $3)", [list(place) for place in shown])
            con.execute("detach earlier")
    con.execute("create or replace temp table mart_sources (table_name varchar, feed varchar)")
    con.executemany(
        "insert into mart_sources values ($1, $2)",
        [["", ""], *([mart.name, feed] for mart in marts for feed in mart.source_tables)],
    )
    con.execute("create or replace temp table feed_files (feed varchar, files varchar, previous_files varchar)")
    con.executemany(
        "insert into feed_files values ($1, $2, $3)",
        [["", "", ""], *([feed, json.dumps(found["now"]), json.dumps(found["then"])] for feed, found in files.items())],
    )
    con.execute(
        """create or replace temp table touch as
           select source.table_name, touching.org_level, touching.org_unit_code, touching.period,
               bool_and(list_contains($1, touching.feed)) and sum(added + removed + changed) <= $2 as has_few_rows,
               bool_and(list_contains($1, touching.feed)) and
                   coalesce(sum(added + removed + changed) filter (touching.feed <> 'fravaer'), 0) <= $2
                   as has_few_positions,
               bool_or(touching.feed <> 'organisasjon') as has_rows, bool_or(touching.feed = 'organisasjon') as has_structure,
               cast(to_json(list({'feed': touching.feed, 'files': cast(feed_files.files as json),
                   'previous_files': cast(feed_files.previous_files as json), 'added': touching.added,
                   'removed': touching.removed, 'changed': touching.changed} order by touching.feed)) as varchar) as files
           from touching
           inner join mart_sources as source using (feed)
           inner join feed_files using (feed)
           group by all""",
        [[name for name, feed in feeds().items() if feed.is_personal], FEWEST_ROWS],
    )


def _shown_when_first_made(con: duckdb.DuckDBPyConnection, home: Home) -> set[Place] | None:
    """What a publication that is made again showed when it was made: the models behind the one before are gone by now."""
    publication_id = one(con, "select publication_id from raw.publication")[0]
    path = home.history / publication_id / "restatements.parquet"
    if not path.exists():
        return None
    rows = f"read_parquet({quoted(str(path))})"
    if "is_shown" not in column_types(con, rows):
        return set()
    found = con.execute(
        f"select distinct table_name, period, org_unit_code from {rows} where publication_id = $1 and is_shown",
        [publication_id],
    )
    return set(found.fetchall())


def _differing_files(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Of each feed whose files are others than before, the files now and then that the other time did not have."""
    listed = """select feed, file_name, sha256 from {there}.inputs
        anti join {other}.inputs as other using (feed, sha256) order by feed, file_name"""
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for when, there, other in [("now", "raw", "earlier.raw"), ("then", "earlier.raw", "raw")]:
        for feed, file_name, sha256 in con.execute(listed.format(there=there, other=other)).fetchall():
            files = found.setdefault(feed, {"now": [], "then": []})
            files[when].append({"file_name": file_name, "sha256": sha256})
    return found


def _earlier(feed: str) -> str:
    """The earlier rows of a payroll feed, of persons who have been numbered anew by the number they have now."""
    return f"""(select own.* replace (coalesce(number_now, own.employee_no) as employee_no)
        from earlier.raw.{feed} as own left join renumbered using (employee_no))"""


def _touch(con: duckdb.DuckDBPyConnection, feed: str) -> None:
    """Count a feed's differing rows in every unit and period with a restated figure."""
    then, now = _columns(con, "earlier", feed), _columns(con, None, feed)
    columns = [name for name in now if name in then]
    if not columns:
        return
    known = feeds().get(feed)
    key = [name for name in known.identity if name in columns] if known else []
    is_of_payroll = known is not None and any(naming.of_payroll for naming in known.namings)
    con.execute(
        DIFFERING.format(
            columns=", ".join(columns),
            all_but_end=", ".join(name for name in columns if name != "valid_to"),
            key=", ".join(key or columns),
            then=_earlier(feed) if is_of_payroll and "employee_no" in columns else f"earlier.raw.{feed}",
            now=f"raw.{feed}",
        )
    )
    con.execute(
        f"""insert into touching
            with places as ({PLACES[feed]}),
            counted as (
                select places.id, places.first_day, places.last_day, above.org_level, above.org_unit_code
                from places inner join intermediate.int_unit_ancestry as above
                    on places.unit_code = above.unit_code and (places.counts_above or above.distance = 0)
                union all
                select places.id, places.first_day, places.last_day, unit.unit_level, unit.unit_code
                from places inner join raw.organisasjon as unit on unit.parent_code is null
                    and (places.unit_code is null or places.unit_code not in (select unit_code from raw.organisasjon))
                where places.counts_above
                union all
                select id, first_day, last_day, null, null from places
            ),
            touched as (
                select distinct place.org_level, place.org_unit_code, place.period, counted.id
                from place inner join counted
                    on coalesce(place.org_level, '') = coalesce(counted.org_level, '')
                    and coalesce(place.org_unit_code, '') = coalesce(counted.org_unit_code, '')
                    and coalesce(counted.first_day <= place.last_day, true)
                    and coalesce(counted.last_day >= place.first_day, true)
                where coalesce(counted.first_day <= counted.last_day, true)
            )
            select {quoted(feed)}, touched.org_level, touched.org_unit_code, touched.period,
                count(*) filter (where found.kind = 'added'), count(*) filter (where found.kind = 'removed'),
                count(*) filter (where found.kind = 'changed')
            from touched inner join (select distinct id, kind from differing) as found using (id)
            group by all"""
    )


def _columns(con: duckdb.DuckDBPyConnection, database: str | None, feed: str) -> list[str]:
    """The columns that make up a row's content in a raw table; none when there is no such table."""
    where = f"database_name = {quoted(database)}" if database else "database_name = current_database()"
    found = con.execute(
        f"select column_name from duckdb_columns() where {where} and schema_name = 'raw' and table_name = $1", [feed]
    ).fetchall()
    return [name for (name,) in found if name not in ("file_sha256", "row_number", "person_key")]
