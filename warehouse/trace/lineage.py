"""Collects the source rows behind a cell, and those left out of it, in temporary tables of a read-only connection.
Not here: which rows a cell is made of, which the modules of the mart families say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

import duckdb

from warehouse.database import one, quoted
from warehouse.errors import Refused

# Feed → (its column, the other feed that has a row of that code): without that row its own rows are not loaded.
REFERENCES = {
    "stillinger": [("employee_no", "ansatte"), ("unit_code", "organisasjon")],
    "fravaer": [("employee_no", "ansatte")],
    "permisjoner": [("employee_no", "ansatte")],
    "variable_timer": [("employee_no", "ansatte"), ("unit_code", "organisasjon")],
    "piloter": [("unit_code", "organisasjon")],
}
# So many rows of a file are shown as examples.
FIRST_ROWS = 3
FULL_TIME_FORMS = "select employment_form from seeds.populations where in_full_time"


@dataclass(frozen=True)
class SourceFile:
    """A delivered file as a feed reads it; a workbook whose sheets are feeds appears once a feed."""

    feed: str
    file_name: str
    sha256: str
    extract_date: date
    rows_delivered: int
    rows_loaded: int
    rows_quarantined: int
    # (from this row on, lines ahead of the row number); None in a file without lines.
    line_offsets: tuple[tuple[int, int | None], ...] = ((0, 1),)

    def line_of(self, row: int) -> int | None:
        """The file's line that a row begins on."""
        ahead = [offset for first, offset in self.line_offsets if first <= row]
        return None if not ahead or ahead[-1] is None else row + ahead[-1]


@dataclass(frozen=True)
class Traced:
    """Rows of one file: the first few, the number in each role, and all of them, ascending, which are fetched when asked for.

    Of excluded rows the only role is the reason.
    """

    file: SourceFile
    first_rows: list[int]
    roles: dict[str, int]
    fetch: Callable[[], list[int]] = field(compare=False)

    @property
    def count(self) -> int:
        return sum(self.roles.values())

    @cached_property
    def rows(self) -> list[int]:
        return self.fetch()


class Lineage:
    """The rows that make a cell (`add`) and those in its scope that do not count (`exclude`).

    Queries give `file_sha256` and `row_number`. A row that is added in several roles keeps the first.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        columns = "feed, file_name, sha256, extract_date, rows_delivered, rows_loaded, rows_quarantined"
        inputs = con.execute(f"select {columns} from raw.inputs order by feed, file_name").fetchall()
        offsets: dict[tuple[str, str], list[tuple[int, int | None]]] = defaultdict(list)
        for feed, sha256, row, offset in con.execute("from raw.line_offsets order by all").fetchall():
            offsets[feed, sha256].append((row, offset))
        self.files = [SourceFile(*row) for row in inputs]
        self.files = [replace(file, line_offsets=tuple(offsets.get((file.feed, file.sha256), [(0, 1)]))) for file in self.files]
        self.roles: list[str] = []
        self.counts: Counter[str] = Counter()
        # Feed → roles of the rows whose persons and units have to be looked up.
        self.referring: dict[str, set[int]] = defaultdict(set)
        self.excluded_feeds: set[str] = set()
        con.execute("create or replace temp table traced (file_no integer, row_number bigint, role_no integer)")
        con.execute("create or replace temp table left_out (file_no integer, row_number bigint, reason varchar)")

    def _numbers(self, feed: str) -> list[tuple[int, str]]:
        return [(number, file.sha256) for number, file in enumerate(self.files) if file.feed == feed]

    def file_no(self, feed: str) -> str:
        """SQL for the number of the file that a row of the feed lies in, by its `file_sha256`."""
        numbers = self._numbers(feed)
        if len(numbers) <= 1:
            return str(numbers[0][0]) if numbers else "cast(null as integer)"
        cases = " ".join(f"when {quoted(sha256)} then {number}" for number, sha256 in numbers)
        return f"case file_sha256 {cases} end"

    def add(
        self,
        feed: str,
        role: str,
        query: str,
        parameters: Sequence[object] = (),
        *,
        gives_each_once: bool = False,
        gives_file_no: bool = False,
        with_references: bool = False,
    ) -> int:
        """Name the rows that the query gives; returns how many of them were not named yet.

        Args:
            gives_each_once: the query gives no row twice, so that none has to be looked for.
            gives_file_no: the query gives `file_no` and not `file_sha256`.
            with_references: the caller itself names the persons and units that the rows refer to.
        """
        if role not in self.roles:
            self.roles.append(role)
        role_no = self.roles.index(role)
        if not with_references:
            self.referring[feed].add(role_no)
        distinct = "" if gives_each_once else "distinct"
        file_no = "file_no" if gives_file_no else self.file_no(feed)
        named = f"select {distinct} {file_no} as file_no, row_number, {role_no} as role_no from ({query}) as named"
        if self.counts[feed]:
            named = f"from ({named}) as added anti join {self._named_of(feed)} as before using ({self._key(feed)})"
        (added,) = one(self.con, f"insert into traced {named}", list(parameters))
        self.counts[feed] += added
        return added

    def exclude(
        self,
        feed: str,
        query: str,
        parameters: Sequence[object] = (),
        *,
        gives_each_once: bool = False,
        gives_file_no: bool = False,
    ) -> None:
        """Set the rows that the query gives apart, with its column `reason`. Rows that are named stay named."""
        distinct = "" if gives_each_once else "distinct"
        file_no = "file_no" if gives_file_no else self.file_no(feed)
        apart = f"select {distinct} {file_no} as file_no, row_number, reason from ({query}) as excluded"
        if feed in self.excluded_feeds:
            apart = f"from ({apart}) as added anti join left_out as before using (file_no, row_number, reason)"
        self.excluded_feeds.add(feed)
        self.con.execute(f"insert into left_out {apart}", list(parameters))

    def _key(self, feed: str) -> str:
        """SQL for what identifies a row of the feed: its number, and that of its file where there are several."""
        return "row_number" if len(self._numbers(feed)) == 1 else "file_no, row_number"

    def _named_of(self, feed: str, roles: Collection[int] = ()) -> str:
        """SQL for file and number of the feed's rows that are named so far, in any role or in one of those given."""
        numbers = ", ".join(str(number) for number, _ in self._numbers(feed)) or "null"
        in_role = f" and role_no in ({', '.join(map(str, sorted(roles)))})" if roles else ""
        return f"(select file_no, row_number from traced where file_no in ({numbers}){in_role})"

    def rows_of(self, feed: str, *, are_named: bool = True, roles: Collection[int] = ()) -> str:
        """SQL for the rows of the raw table of a feed that are named so far, or for those that are not."""
        return (
            f"(select * from (select {self.file_no(feed)} as file_no, * from raw.{feed}) as delivered"
            f" {'semi' if are_named else 'anti'} join {self._named_of(feed, roles)} as named using ({self._key(feed)}))"
        )

    def count(self, feed: str) -> int:
        """How many rows of the feed are named so far."""
        return self.counts[feed]

    def add_positions(self, role: str, query: str, parameters: Sequence[object] = ()) -> int:
        """Name the rows of stillinger whose `position_row` the query gives."""
        return self.add(
            "stillinger",
            role,
            f"select file_sha256, row_number from raw.stillinger where row_number in ({query})",
            parameters,
            gives_each_once=True,
        )

    def add_units(self, query: str, parameters: Sequence[object] = ()) -> None:
        """Name the units whose code the query gives and every unit above them, without which they are not loaded."""
        self.add(
            "organisasjon",
            "unit and the units above it",
            f"""select file_sha256, row_number from raw.organisasjon where unit_code in (
                select org_unit_code from intermediate.int_unit_ancestry
                where distance is not null and unit_code in ({query}))""",
            parameters,
        )

    def add_persons(self, query: str) -> None:
        """Name the persons whose `person_row` the query gives, each once."""
        self.add("ansatte", "person", f"select person_row as row_number from ({query}) as person", gives_each_once=True)

    def add_references(self) -> None:
        """Name the persons and units that the rows named so far refer to: without them those would be quarantined."""
        for feed, references in REFERENCES.items():
            roles = self.referring.pop(feed, None)
            if not roles or not self.count(feed):
                continue
            for column, other in references:
                codes = f"select {column} from {self.rows_of(feed, roles=roles)} as referring"
                if other == "organisasjon":
                    self.add_units(f"select distinct * from ({codes}) as codes")
                else:
                    query = f"select file_sha256, row_number from raw.ansatte where employee_no in ({codes})"
                    self.add("ansatte", "person", query, gives_each_once=True)

    def add_merged(self) -> None:
        """Name the further delivered rows that were merged into the rows named so far, when days are delivered one a row."""
        for (feed,) in self.con.execute("select distinct feed from raw.merged_rows order by feed").fetchall():
            self.add(
                feed,
                "further day of the same period",
                f"""select file_sha256, merged_row as row_number
                    from (select {self.file_no(feed)} as file_no, * from raw.merged_rows where feed = $1) as merged
                    semi join traced using (file_no, row_number)""",
                [feed],
            )

    def begin_series(self, year: int) -> None:
        """Name the sick absence that the series begins with, unless the rows named so far begin it in time for the year."""
        (first_year,), (as_of_year,) = (
            one(self.con, f"select {column} from raw.settings") for column in ("first_year", "year(as_of)")
        )
        if first_year is not None or year >= as_of_year:
            return
        spells = f"(select {self.file_no('fravaer')} as file_no, * from intermediate.int_spells)"
        # A thousand of the named rows are asked first. They nearly always hold such an absence.
        named_of = self._named_of("fravaer")
        for some in (f"(from {named_of} limit 1000)", named_of):
            named = f"select 1 from {spells} as spell semi join {some} as sampled using ({self._key('fravaer')})"
            if self.con.execute(f"{named} where year(from_date) <= $1 limit 1", [year]).fetchone():
                return
        self.add(
            "fravaer",
            "first sick absence, which begins the series",
            """select file_sha256, row_number from intermediate.int_spells
               where year(from_date) >= (select year(first_day) from intermediate.int_series)
               order by from_date, absence_row limit 1""",
        )

    def make_deliverable(self, outside: str = "true") -> None:
        """Name one position when there is none: a delivery with no row in stillinger, ansatte or organisasjon is refused.

        It is one outside the cell where there is one; `outside` is the condition on raw.stillinger for that. Of those one is
        preferred whose form of employment does not count in full time, and then one of a unit and a person named already.
        """
        if self.count("stillinger"):
            return
        persons = f"select employee_no from {self.rows_of('ansatte')} as named"
        units = f"select unit_code from {self.rows_of('organisasjon')} as named"
        self.add(
            "stillinger",
            "position without which the delivery would be refused",
            f"""select file_sha256, row_number from raw.stillinger
                order by coalesce(not ({outside}), true), employment_form in ({FULL_TIME_FORMS}),
                    unit_code not in ({units}), employee_no not in ({persons}), row_number limit 1""",
        )
        self.add_references()

    def exclude_quarantined(self) -> None:
        """Set the quarantined rows of the cell's feeds apart. Which cells they would have counted in is unknown."""
        feeds = self.con.execute("select distinct feed from raw.quarantine order by feed").fetchall()
        for (feed,) in feeds:
            if not self.count(feed):
                continue
            self.exclude(
                feed,
                """select file_sha256, row_number, 'quarantined: breaks ' || rule || ' (' || description || ')' as reason
                   from raw.quarantine where feed = $1 and is_first_cause""",
                [feed],
            )

    def named(self) -> list[Traced]:
        """The rows that make the cell, by file."""
        roles: dict[int, dict[str, int]] = {}
        for number, role, count in self.con.execute(
            "select file_no, role_no, count(*) from traced group by file_no, role_no order by file_no, role_no"
        ).fetchall():
            roles.setdefault(number, {})[self.roles[role]] = count
        firsts = self.con.execute(
            f"select file_no, min(row_number, {FIRST_ROWS}) from traced group by file_no order by file_no"
        ).fetchall()
        query = "select list(row_number order by row_number) from traced where file_no = $1"
        return [
            Traced(self.files[number], first, roles[number], partial(self._listed, query, [number])) for number, first in firsts
        ]

    def excluded(self) -> list[Traced]:
        """The rows that do not count, by file and reason."""
        apart = "left_out anti join traced using (file_no, row_number)"
        found = self.con.execute(
            f"""select file_no, reason, count(*), min(row_number, {FIRST_ROWS}) from {apart}
                group by file_no, reason order by file_no, reason"""
        ).fetchall()
        query = f"select list(row_number order by row_number) from {apart} where file_no = $1 and reason = $2"
        return [
            Traced(self.files[number], first, {reason: count}, partial(self._listed, query, [number, reason]))
            for number, reason, count, first in found
        ]

    def _listed(self, query: str, parameters: Sequence[object]) -> list[int]:
        return one(self.con, query, list(parameters))[0]

    def write(self, path: Path) -> None:
        """Write each named row as CSV: file, its hash, row number, role, feed, and the file's line.

        Raises:
            Refused: the file cannot be written.
        """
        self.con.execute("create or replace temp table file_name (file_no integer, file varchar, sha256 varchar, feed varchar)")
        for number, file in enumerate(self.files):
            self.con.execute("insert into file_name values ($1, $2, $3, $4)", [number, file.file_name, file.sha256, file.feed])
        self.con.execute("create or replace temp table ahead (file_no integer, first_row bigint, line_offset bigint)")
        ahead = [(number, *offset) for number, file in enumerate(self.files) for offset in file.line_offsets]
        if ahead:
            self.con.executemany("insert into ahead values ($1, $2, $3)", ahead)
        roles = f"list_value({', '.join(map(quoted, self.roles))})"
        try:
            self.con.execute(
                f"""copy (
                        select file, sha256, row_number as row, {roles}[role_no + 1] as role, feed,
                            row_number + line_offset as line
                        from traced inner join file_name using (file_no)
                        asof join ahead on traced.file_no = ahead.file_no and traced.row_number >= ahead.first_row
                        order by traced.file_no, row_number
                    ) to {quoted(str(path))} (format csv, delimiter ';', header true)"""
            )
        except duckdb.IOException as error:
            raise Refused(f"{path} cannot be written: {str(error).splitlines()[0].rpartition(': ')[2]}") from None


def unit_scope(level: str, code: str) -> str:
    """SQL for the codes of the units that a unit or group counts: itself and everything below it."""
    return (
        "select unit_code from intermediate.int_unit_ancestry"
        f" where org_level = {quoted(level)} and org_unit_code = {quoted(code)}"
    )
