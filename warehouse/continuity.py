"""The gate of continuity: holds a delivery against the one that is served. A full extract does not lose what was there.
Not here: a feed's rows one by one (still_loaded.py), rules of a single file (sources), changed figures (restatements.py).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from sources.contract import Feed
from sources.naming import recognise
from warehouse.archive import all_arrivals, archived_file, unchanged_file
from warehouse.build_database import extract_date_of
from warehouse.database import column_types, connect, one, quoted
from warehouse.delivery import Delivery
from warehouse.paths import Home
from warehouse.recorded import Recorded, raw_rows
from warehouse.settings import Settings

# Fewer rows, or days of absence, vanish or halve by chance.
FEWEST_ROWS = 5
FEWEST_DAYS = 30
FEWEST_AWAY = 10
# What is changed in place stands so for the whole history of a position; no gate looks at all that is broken down by these.
OF_POSITIONS = ("Enhetskode", "Stillingskode", "Ansettelsesform", "Lønnsgruppe")
# No wage settlement changes pay by such a share.
PAY_CHANGED = 0.25
MONTHS_BEFORE = 3
# The month of a feed's rows, and how many of the newest may have none: hours are paid a month or two later, and of absences
# _empty_months asks. Beside MONTHS_BEFORE months of so many rows each, one without any is no accident.
MONTHS_OF_ROWS = {"fravaer": ("from_date", None), "variable_timer": ("cast(worked_month || '-01' as date)", 3)}
FEWEST_BEGUN = 10
MONTHS_LOOKED_AT = 60
MONTHS_NAMED = 12
UNITS_NAMED = 5

# Whether a position is held on a day, and whether its end lies after it.
ON_THE_DAY = "valid_from <= $1 and coalesce(valid_to, $1) >= $1"
ENDS_LATER = "valid_to > $1"
# The date by which a feed's rows belong to a month, and how many rows each of the MONTHS_BEFORE months must have for a month
# without any to be no accident: after August's new positions come few.
FIRST_DATES = {"fravaer": ("from_date", 5), "permisjoner": ("from_date", 10), "stillinger": ("valid_from", 10)}

# A file beside payroll by feed, stem and part (a year or table); its name, and the rows that were loaded.
FileBeside = tuple[str, str, str]
FilesBeside = dict[FileBeside, tuple[str, int]]


@dataclass
class Gone:
    """What a full extract should not have lost, a line each: what a human has to accept, and what is only told.

    `changed` is told too: persons and units that are not what they were, or an extract without what is going on now.
    """

    to_accept: list[str] = field(default_factory=list)
    to_tell: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def what_is_gone(home: Home, settings: Settings, feeds: Mapping[str, Feed], delivery: Delivery, previous: str | None) -> Gone:
    """Hold the required feeds against the delivery that is served, before anything is computed.

    To accept: rows or persons that dropped by more than `max_drop`, rows that are mostly others, an end of the file that is
    gone, a newest month without rows, a closed month that lost most of its absence, no position with an end in view any more,
    most persons without a position, a file that is cut off. To tell: closed months whose days of absence dropped by more than
    `max_drop`, months without rows between others, nobody away now, columns that are empty now, numbers that now belong to
    others, positions with other codes or another pay, names that units have exchanged, a municipality that the settings call
    otherwise; and of optional feeds, which stop no night, files with fewer rows than before or than the year before, and those
    a system exports when they are cut off. Small numbers are let be.
    """
    required = [feed for feed in feeds.values() if feed.required]
    gone = Gone(_cut_lines(home, required, delivery, previous))
    exported = [feed for feed in feeds.values() if not feed.required and feed.is_personal]
    gone.to_tell += _cut_lines(home, exported, delivery, previous)
    with connect(home.build_database, settings, read_only=True) as con:
        gone.to_accept += _empty_months(con, required, delivery)
        gone.to_accept += _no_position_now(con, delivery)
        gone.to_tell += _gaps(con, delivery, settings.first_year)
        gone.changed += _of_another_municipality(con, settings.municipality)
        if previous is None:
            gone.to_tell += _halved_years(feeds, _files_beside(con, "", feeds), ())
            return gone
    with raw_rows(home, previous, settings, home.build / "earlier") as rows, connect(home.build_database, settings) as con:
        con.execute(f"attach {quoted(str(rows))} as last (read_only)")
        before, now = extract_date_of(con, "last"), extract_date_of(con)
        if before <= now:
            gone.to_tell += _drops_beside(con, feeds, settings.max_drop)
            for feed in required:
                gone.to_accept += _drops(con, feed, delivery, settings.max_drop)
                gone.changed += _emptied_columns(con, feed)
            gone.to_accept += _ends_in_view(con, feeds["stillinger"], before, now)
            gone.to_accept += _in_work(con, before, now)
            gone.changed += _nobody_away(con, before, now)
            gone.changed += _changed_persons(con, settings.max_drop)
            gone.changed += _changed_positions(con, feeds["stillinger"], settings.max_drop)
            gone.changed += _changed_pay(con, feeds["stillinger"], settings.max_drop)
            gone.changed += _exchanged_names(con)
            gone.changed += _reorganised(con, before, now)
            _lost_days(con, settings, before, gone)
        con.execute("detach last")
    return gone


def _names(feed: Feed, delivery: Delivery) -> str:
    return ", ".join(arrival.file_name for arrival in delivery.of(feed))


def _fall(was: float, now: float) -> str:
    return f"{was:,.0f} → {now:,.0f} (−{100 * (was - now) / was:.1f} %)".replace(",", " ").replace(".", ",")


def _then_and_now(con: duckdb.DuckDBPyConnection, count: str, before: date, today: date) -> tuple[int, int]:
    """What a query counts in the last delivery and in this one. It names a table `{}raw.…`, and the day of the extract $1."""
    then, now = (one(con, count.format(database), [day])[0] for database, day in (("last.", before), ("", today)))
    return then, now


def _drops(con: duckdb.DuckDBPyConnection, feed: Feed, delivery: Delivery, max_drop: float) -> list[str]:
    found = []
    counted = {"rows": "count(*)"}
    if "employee_no" in feed.column_names(list(feed.columns)):
        counted["persons"] = "count(distinct employee_no)"
    for what, count in counted.items():
        was, now = (one(con, f"select {count} from {database}raw.{feed.name}")[0] for database in ("last.", ""))
        if was - now > max(max_drop * was, FEWEST_ROWS):
            found.append(f"{_names(feed, delivery)}: {what} of {feed.name} {_fall(was, now)}")
    return found or _rows_not_known_again(con, feed, delivery)


def _drops_beside(con: duckdb.DuckDBPyConnection, feeds: Mapping[str, Feed], max_drop: float) -> list[str]:
    """Files of optional feeds with fewer rows than the file they replace: that of the same year or table, or the one before; of
    a new year, with less than half of the rows of the year before it.
    """
    before, here = (_files_beside(con, database, feeds) for database in ("last.", ""))
    found = []
    for key in before.keys() & here.keys():
        (_, was), (file_name, now) = before[key], here[key]
        if was - now > max(max_drop * was, FEWEST_ROWS):
            found.append(f"{file_name}: rows of {key[0]} {_fall(was, now)}")
    return sorted(found) + _halved_years(feeds, here, before)


def _halved_years(feeds: Mapping[str, Feed], here: FilesBeside, known: Collection[FileBeside]) -> list[str]:
    """Files of a year that is not known yet, with less than half of the rows of the year before it."""
    yearly = {naming.stem for feed in feeds.values() for naming in feed.namings if naming.yearly}
    found = []
    for feed, stem, year in sorted(key for key in here.keys() - known if key[1] in yearly):
        if earlier := [other for other in here if other[:2] == (feed, stem) and other[2] < year]:
            (file_before, was), (file_name, now) = here[max(earlier)], here[feed, stem, year]
            if now < was / 2 and was - now > FEWEST_ROWS:
                found.append(f"{file_name}: rows of {feed} {_fall(was, now)} since {file_before}")
    return found


def _files_beside(con: duckdb.DuckDBPyConnection, database: str, feeds: Mapping[str, Feed]) -> FilesBeside:
    """The files of optional feeds, with the rows that were loaded."""
    found = {}
    for name, file_name, rows in con.execute(
        f"select feed, file_name, rows_loaded from {database}raw.inputs order by extract_date"
    ).fetchall():
        feed = feeds.get(name)
        if feed is not None and not feed.required and (named := recognise(file_name, feed.namings)):
            found[name, named.stem, named.part] = file_name, rows
    return found


def _rows_not_known_again(con: duckdb.DuckDBPyConnection, feed: Feed, delivery: Delivery) -> list[str]:
    """Whether most rows are others, as in an extract of another place, or the last rows of the earlier file are gone.

    A row is known again by its first date and its person, who has the same number or the same pseudonym: a system that numbers
    persons and positions anew loses nothing by it.
    """
    if feed.name == "ansatte":
        rows, keys = "select * from {}raw.ansatte", [["employee_no"], ["person_key"]]
    elif feed.name in FIRST_DATES:
        rows = f"select person_key, own.* from {{0}}raw.{feed.name} as own inner join {{0}}raw.ansatte using (employee_no)"
        keys = [[person, FIRST_DATES[feed.name][0]] for person in ("employee_no", "person_key")]
    else:
        rows, keys = f"select * from {{}}raw.{feed.name}", [feed.column_names(feed.natural_key)]
    same = [" and ".join(f"new.{name} = old.{name}" for name in key) for key in keys]
    is_known = " or ".join(f"exists (select 1 from new where {alike})" for alike in same)
    total, others, last, last_known = one(
        con,
        f"""with old as ({rows.format("last.")}), new as ({rows.format("")}),
            known as (select row_number, {is_known} as is_known from old)
            select count(*), count(*) filter (not is_known), max(row_number), max(row_number) filter (is_known) from known""",
    )
    if others > max(total / 2, FEWEST_ROWS):
        return [
            f"{_names(feed, delivery)}: {others} of the {total} rows of the earlier file are not in this one: it is of another"
            " place or period, its codes or first dates were made anew, or a column was moved alone"
        ]
    if last_known is None or last - last_known < FEWEST_ROWS:
        return []
    return [f"{_names(feed, delivery)}: the last {last - last_known} rows of the earlier file are gone: it looks cut off"]


def _ends_in_view(con: duckdb.DuckDBPyConnection, feed: Feed, before: date, today: date) -> list[str]:
    """Whether positions with an end after the extract are all gone. How many there are changes with the season: after the last
    day of a school year there may be none. So the ends of the earlier file must be gone too.
    """
    was, now = _then_and_now(con, f"select count(*) from {{}}raw.stillinger where {ENDS_LATER}", before, today)
    key = ", ".join(feed.column_names(feed.natural_key))
    without_end = one(
        con,
        f"""select count(*) from last.raw.stillinger as old
            anti join (from raw.stillinger where valid_to is not null) as new using ({key})
            where {ENDS_LATER}""",
        [before],
    )[0]
    is_gone = without_end > FEWEST_ROWS and not now
    return [f"stillinger: positions with an end after the extract {_fall(was, now)}"] if is_gone else []


def _in_work(con: duckdb.DuckDBPyConnection, before: date, today: date) -> list[str]:
    """Whether most of the persons with a position at the extract have none any more."""
    held = f"select count(distinct employee_no) from {{}}raw.stillinger where {ON_THE_DAY}"
    was, now = _then_and_now(con, held, before, today)
    fallen = was - now > max(was / 2, FEWEST_ROWS)
    return [f"stillinger: persons with a position on the day of the extract {_fall(was, now)}"] if fallen else []


def _nobody_away(con: duckdb.DuckDBPyConnection, before: date, today: date) -> list[str]:
    """Whether no absence goes on after the extract, where some did. A system that delivers days has none that does."""
    away = "select count(*) from {}raw.fravaer where from_date <= $1 and coalesce(to_date, $1 + 1) > $1"
    was, now = _then_and_now(con, away, before, today)
    if now or was <= FEWEST_AWAY:
        return []
    return [f"fravaer: absences that go on after the extract {_fall(was, now)}; those without an end may have been left out"]


def _emptied_columns(con: duckdb.DuckDBPyConnection, feed: Feed) -> list[str]:
    """Columns whose cells may be empty, with less than half of the filled cells of the last extract: no rule misses any."""
    known = column_types(con, f"last.raw.{feed.name}")
    columns = {header: column.metadata["name"] for header, column in feed.columns.items() if column.nullable}
    found = []
    for header in [header for header, name in columns.items() if name in known]:
        filled = f"select count({columns[header]}) from {{}}raw.{feed.name}"
        was, now = (one(con, filled.format(database))[0] for database in ("last.", ""))
        if now < was / 2 and was - now > (FEWEST_ROWS if now else 1):
            found.append(f"{feed.name}: rows with {header} {_fall(was, now)}")
    return found


def _changed_persons(con: duckdb.DuckDBPyConnection, max_drop: float) -> list[str]:
    """Whether employee numbers belong to other persons than before, or persons have another sex or year of birth."""
    persons, *changed = one(
        con,
        """select count(*), count(*) filter (old.person_key <> new.person_key), count(*) filter (old.sex_code <> new.sex_code),
               count(*) filter (old.birth_year <> new.birth_year)
           from last.raw.ansatte as old inner join raw.ansatte as new using (employee_no)""",
    )
    what = ["Fødselsnummer", "Kjønn", "year of Fødselsdato"]
    if not one(con, "select count(*) from raw.ansatte semi join last.raw.ansatte using (person_key)")[0]:
        what[0] = "Fødselsnummer (nobody has the same one: the column was replaced, or the pseudonym key is another one)"
    return [
        f"ansatte: {count} of {persons} employee numbers have another {column} than in the last extract"
        for column, count in zip(what, changed, strict=True)
        if count > max(max_drop * persons, FEWEST_ROWS)
    ]


def _in_both(feed: Feed) -> str:
    """The rows that the last extract and this one have, as `old` and `new`."""
    key = ", ".join(feed.column_names(feed.natural_key))
    return f"last.raw.{feed.name} as old inner join raw.{feed.name} as new using ({key})"


def _changed_positions(con: duckdb.DuckDBPyConnection, feed: Feed, max_drop: float) -> list[str]:
    """Whether positions have been given another code in place, as by a new list of job codes, or by an export that puts one
    code everywhere.
    """
    names = feed.column_names(OF_POSITIONS)
    counts = ", ".join(f"count(*) filter (old.{name} is distinct from new.{name})" for name in names)
    positions, *changed = one(con, f"select count(*), {counts} from {_in_both(feed)}")
    return [
        f"stillinger: {count} of {positions} positions have another {header} than in the last extract, all their time"
        for count, header in zip(changed, OF_POSITIONS, strict=True)
        if count > max(max_drop * positions, FEWEST_ROWS)
    ]


def _changed_pay(con: duckdb.DuckDBPyConnection, feed: Feed, max_drop: float) -> list[str]:
    """Whether positions have been given quite another pay in place, as by a column that slid by a row, or by the pay of the
    position's own percent.
    """
    positions, changed = one(
        con,
        f"""select count(*), count(*) filter (abs(new.annual_salary - old.annual_salary) > {PAY_CHANGED} * old.annual_salary)
            from {_in_both(feed)}
            where old.annual_salary is not null and new.annual_salary is not null""",
    )
    if changed <= max(max_drop * positions, FEWEST_ROWS):
        return []
    return [
        f"stillinger: {changed} of {positions} positions have another Årslønn than in the last extract, by more than"
        f" {100 * PAY_CHANGED:.0f} %: see whether it is the annual salary at 100 %, and stands in its own row"
    ]


def _of_another_municipality(con: duckdb.DuckDBPyConnection, municipality: str) -> list[str]:
    """Another municipality's name than the settings have, as when its files lie in this one's folder. What is not written as
    "… kommune" in both is not compared.
    """
    delivered = con.execute("select unit_name from raw.organisasjon where unit_level = 'kommune' order by all").fetchall()
    names = {name for (name,) in delivered if _name_of_kommune(name)}
    here = _name_of_kommune(municipality)
    if not here or not names or here in map(_name_of_kommune, names):
        return []
    return [
        f"organisasjon: the municipality is {' and '.join(sorted(names))}, and the setting municipality says {municipality};"
        " see whether the files are this municipality's, else correct the setting"
    ]


def _name_of_kommune(name: str) -> str:
    """The name before the word kommune, in small letters; empty where there is no such word."""
    words = name.casefold().split()
    return " ".join(words[:-1]) if words[-1:] == ["kommune"] else ""


def _exchanged_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Units with the name that another unit had, where both codes are still there; and a municipality of another name."""
    moved = con.execute(
        """select old.unit_code, old.unit_name, new.unit_code
           from last.raw.organisasjon as old
           inner join raw.organisasjon as new on old.unit_name = new.unit_name and old.unit_code <> new.unit_code
           inner join last.raw.organisasjon as before on new.unit_code = before.unit_code and before.unit_name <> new.unit_name
           inner join raw.organisasjon as now on old.unit_code = now.unit_code and now.unit_name <> old.unit_name
           order by all"""
    ).fetchall()
    lines = [f"{name}: {code} → {now}" for code, name, now in moved]
    found = _of_units("names have moved to other codes, and the figures of all years with them", lines)
    # There may be a second unit of this level.
    renamed = con.execute(
        """with was as (select unit_name from last.raw.organisasjon where unit_level = 'kommune'),
               now as (select unit_name from raw.organisasjon where unit_level = 'kommune')
           select gone.unit_name, new.unit_name
           from (from was anti join now using (unit_name)) as gone, (from now anti join was using (unit_name)) as new
           order by all limit 1"""
    ).fetchall()
    return found + [f"organisasjon: the municipality's name was {was}, and is {now}" for was, now in renamed]


def _reorganised(con: duckdb.DuckDBPyConnection, before: date, today: date) -> list[str]:
    """Units below another unit than before, and codes that another unit has now: another name, and others at work there."""
    moved = con.execute(
        """select unit_code, now.unit_name, was.parent_code, now.parent_code
           from last.raw.organisasjon as was inner join raw.organisasjon as now using (unit_code)
           where was.parent_code <> now.parent_code order by all"""
    ).fetchall()
    for name, database, day in (("held_then", "last.", before), ("held_now", "", today)):
        con.execute(
            f"""create or replace temp table {name} as select unit_code, employee_no, person_key
                from {database}raw.stillinger inner join {database}raw.ansatte using (employee_no) where {ON_THE_DAY}""",
            [day],
        )
    reused = con.execute(
        f"""with staying as (
                select unit_code from held_then as past semi join held_now as here
                    on past.unit_code = here.unit_code
                    and (past.employee_no = here.employee_no or past.person_key = here.person_key)
            )
            select unit_code, was.unit_name, now.unit_name
            from last.raw.organisasjon as was inner join raw.organisasjon as now using (unit_code)
            where was.unit_name <> now.unit_name and unit_code in (select unit_code from held_now)
                and unit_code not in (select unit_code from staying)
                and (select count(distinct employee_no) from held_then as past where past.unit_code = was.unit_code)
                    > {FEWEST_ROWS}
            order by all"""
    ).fetchall()
    return _of_units(
        "units lie below another one, and the figures of all years with them",
        [f"{name} ({code}): {was} → {now}" for code, name, was, now in moved],
    ) + _of_units(
        "codes have another name and others at work, and the figures of earlier years stand under the new name",
        [f"{code}: {was} → {now}" for code, was, now in reused],
    )


def _of_units(what: str, lines: Sequence[str]) -> list[str]:
    more = f"; and {len(lines) - UNITS_NAMED} more" if len(lines) > UNITS_NAMED else ""
    return [f"organisasjon: {what}: {'; '.join(lines[:UNITS_NAMED])}{more}"] if lines else []


def _lost_days(con: duckdb.DuckDBPyConnection, settings: Settings, before: date, gone: Gone) -> None:
    """Closed months of the last three years whose lost days dropped, counted in calendar days by percent. Those before the
    setting `first_year` are served no more, and a system that delivers some years alone leaves them out month by month.
    """
    con.execute(
        """create or replace temp table closed_months as
           select cast(unnest(generate_series(
               greatest(date_trunc('month', $1 - interval 36 month), make_date($2, 1, 1)),
               date_trunc('month', $1 + interval 1 day) - interval 1 month, interval 1 month)) as date) as month""",
        [before, settings.first_year or 1],
    )
    lost = """select closed.month, coalesce(sum(absence_percent / 100 * (1 + date_diff('day',
            greatest(from_date, closed.month), least(coalesce(to_date, last_day(closed.month)), last_day(closed.month))))), 0)
            as days
        from closed_months as closed left join {0}raw.fravaer as absence on absence.from_date <= last_day(closed.month)
            and coalesce(absence.to_date, last_day(closed.month)) >= closed.month
        group by all"""
    rows = con.execute(
        f"""select strftime(month, '%Y-%m'), was.days, now.days
            from ({lost.format("last.")}) as was inner join ({lost.format("")}) as now using (month)
            where was.days - now.days > greatest($1 * was.days, {FEWEST_DAYS})
            order by month""",
        [settings.max_drop],
    ).fetchall()
    halved = [row for row in rows if row[2] < row[1] / 2]
    for lines, months in [(gone.to_accept, halved), (gone.to_tell, [row for row in rows if row not in halved])]:
        if months:
            shown = "; ".join(f"{month}: {_fall(was, now)}" for month, was, now in months[:MONTHS_NAMED])
            more = f"; and {len(months) - MONTHS_NAMED} months more" if len(months) > MONTHS_NAMED else ""
            lines.append(f"fravaer: days of absence in closed months {shown}{more}")


def _empty_months(con: duckdb.DuckDBPyConnection, feeds: Sequence[Feed], delivery: Delivery) -> list[str]:
    """Feeds of which no row begins in the newest whole month, where the months before have theirs.

    Absences begin all the time: of those the months before may lie before a longer gap, as where the date in the files' names
    has another year than what is in them.
    """
    found = []
    for feed in feeds:
        if feed.name not in FIRST_DATES:
            continue
        first_date, fewest = FIRST_DATES[feed.name]
        months = _rows_by_month(
            con,
            f"raw.{feed.name}",
            first_date,
            f"date_trunc('month', $1 + interval 1 day) - interval {MONTHS_LOOKED_AT} month",
            "date_trunc('month', $1 + interval 1 day) - interval 1 month",
            [delivery.extract_date],
        )
        newest, rows = months.pop()
        begin = newest
        while feed.name == "fravaer" and months and not months[-1][1]:
            begin, _ = months.pop()
        before = months[-MONTHS_BEFORE:]
        if rows == 0 and len(before) == MONTHS_BEFORE and all(count >= fewest for _, count in before):
            told = ", ".join(f"{month}: {count}" for month, count in before)
            gap, doubt = (
                (newest, "") if begin == newest else (f"{begin} to {newest}", "; is the date in the files' names right?")
            )
            found.append(f"{_names(feed, delivery)}: no row of {feed.name} begins in {gap} ({told}){doubt}")
    return found


def _rows_by_month(
    con: duckdb.DuckDBPyConnection, table: str, date_column: str, first: str, last: str, parameters: list[object]
) -> list[tuple[str, int]]:
    """Each month from the first to the last, which are SQL of the parameters, with how many of a table's rows are of it."""
    return con.execute(
        f"""select strftime(month, '%Y-%m'), count(row_number)
            from (select unnest(generate_series({first}, {last}, interval 1 month)) as month)
            left join {table} on date_trunc('month', {date_column}) = month
            group by month order by month""",
        parameters,
    ).fetchall()


def _gaps(con: duckdb.DuckDBPyConnection, delivery: Delivery, first_year: int | None) -> list[str]:
    """Feeds without a row of some months, where the months beside have many."""
    found = []
    for feed, (month, late) in MONTHS_OF_ROWS.items():
        months = _rows_by_month(
            con,
            f"raw.{feed}",
            month,
            f"greatest(date_trunc('month', $1) - interval {MONTHS_LOOKED_AT} month, make_date($2, 1, 1))",
            "date_trunc('month', $1)",
            [delivery.extract_date, first_year or 1],
        )
        runs = [(months[first][0], months[last][0]) for first, last in _empty_runs([rows for _, rows in months], late)]
        if runs:
            named = ", ".join(first if first == last else f"{first} to {last}" for first, last in runs)
            found.append(f"{feed}: no row is of {named}, and many are of the months beside")
    return found


def _empty_runs(rows: Sequence[int], late: int | None) -> list[tuple[int, int]]:
    """The first and last place of each run of months without rows between months with many; also of the newest, where these are
    more than `late`.
    """
    found, end = [], 0
    for is_empty, run in itertools.groupby(rows, key=lambda count: not count):
        begin, end = end, end + len(list(run))
        sides = [rows[max(begin - MONTHS_BEFORE, 0) : begin], rows[end : end + MONTHS_BEFORE]]
        if end == len(rows) and late is not None and end - begin > late:
            sides.pop()
        if is_empty and all(len(side) == MONTHS_BEFORE and min(side) >= FEWEST_BEGUN for side in sides):
            found.append((begin, end - 1))
    return found


def _no_position_now(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> list[str]:
    """Whether there are positions, and none on the day of the extract."""
    rows, now = one(
        con,
        f"select count(*), count(*) filter ({ON_THE_DAY}) from raw.stillinger",
        [delivery.extract_date],
    )
    return [f"stillinger: none of the {rows} rows is valid on the day of the extract"] if rows > FEWEST_ROWS and not now else []


def _cut_lines(home: Home, feeds: Sequence[Feed], delivery: Delivery, previous: str | None) -> list[str]:
    """Files of text whose last line has no end, where that is not how the payroll system writes all its files."""
    # Several feeds may read one file.
    files = dict.fromkeys(one for feed in feeds for one in delivery.of(feed))
    texts = [one for one in files if one.file_name.lower().endswith((".csv", ".txt"))]
    without = [one for one in texts if not _ends_with_line(unchanged_file(home, one))]
    usual: set[str] = set()
    if previous and without:
        hashes = {sha256 for _, sha256 in Recorded(home, previous).inputs()}
        usual = {
            one.feed
            for one in all_arrivals(home)
            if one.sha256 in hashes and (path := archived_file(home, one.sha256)).exists() and not _ends_with_line(path)
        }
    found = []
    for arrival in without:
        lines = unchanged_file(home, arrival).read_bytes().split(b"\n")
        is_short = len(lines) > 1 and lines[-1].count(b";") < lines[0].count(b";")
        if not is_short and (arrival.feed in usual or len(without) == len(texts) > 1):
            continue
        shape = f" and {lines[-1].count(b';') + 1} of {lines[0].count(b';') + 1} fields" if is_short else ""
        found.append(f"{arrival.file_name}: its last line, {len(lines)}, has no line end{shape}: it looks cut off")
    return found


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4))
        return file.read().rstrip(b"\x00")[-1:] in (b"\n", b"\r", b"\x1a", b"")
