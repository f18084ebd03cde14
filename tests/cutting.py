"""Cuts a delivery down to the rows that a trace names and computes the figures again from what is left.
Not here: tests, or the making of deliveries.

`files_cut` cuts the delivered files themselves, to be loaded as a night does. `Recomputed` cuts the loaded rows: they are the
same as when the cut files are loaded, since a trace names no quarantined row. It runs the models that dbt compiled.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb
import xlsxwriter
from python_calamine import CalamineWorkbook

from orchestration.dbt import load_manifest
from tests.building import table_of
from tests.compiled import compiled_sql, make_formulas
from warehouse.database import one
from warehouse.trace.lineage import REFERENCES

# Feed, hash of the file, number of the row.
Row = tuple[str, str, int]


def files_cut(source: Path, target: Path, names: Mapping[str, str], required: Collection[str], rows: Collection[Row]) -> None:
    """Write the delivered files with their header and only these rows; a file that is not required stays away without any.

    `names` tells a file's name by its hash.
    """
    named: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for feed, sha256, row in rows:
        named[names[sha256]][feed].add(row)
    for path in sorted(source.iterdir()):
        kept_of = named[path.name]
        kept = set().union(*kept_of.values())
        if not kept and path.name.split("_")[0] not in required:
            continue
        if path.suffix == ".xlsx":
            _cut_workbook(path, target / path.name, kept_of)
        elif path.suffix == ".json":
            dataset = json.loads(path.read_text(encoding="utf-8"))
            dataset["value"] = {place: value for place, value in dataset["value"].items() if int(place) + 1 in kept}
            (target / path.name).write_text(json.dumps(dataset), encoding="utf-8")
        else:
            header, *lines = path.read_bytes().splitlines(keepends=True)
            cut = [line for number, line in enumerate(lines, start=1) if number in kept]
            (target / path.name).write_bytes(b"".join([header, *cut]))


def _cut_workbook(source: Path, target: Path, rows: Mapping[str, set[int]]) -> None:
    book = CalamineWorkbook.from_path(source)
    with xlsxwriter.Workbook(target) as written:
        for name in book.sheet_names:
            kept = rows[name.lower()]
            sheet = written.add_worksheet(name)
            lines = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for i, line in enumerate([line for number, line in enumerate(lines) if number == 0 or number in kept]):
                for j, cell in enumerate(line):
                    if cell != "":
                        sheet.write(i, j, cell)


class Recomputed:
    """Marts computed again from some of the rows of a built warehouse.

    What is computed stays until the next cut changes something that it is made of: most cuts differ in a row.
    """

    def __init__(self, database: Path, quarantine_share: float) -> None:
        self.quarantine_share = quarantine_share
        nodes = load_manifest()["nodes"]
        self.models = {
            node["name"]: node for node in nodes.values() if node["resource_type"] == "model" and node["schema"] != "disclosure"
        }
        self.sql = {
            name: compiled_sql()[node["unique_id"]].replace('"warehouse".', "cut.") for name, node in self.models.items()
        }
        self.con = duckdb.connect()
        self.con.execute("set threads = 1")
        # So few rows are computed sooner than thought about.
        self.con.execute("pragma disable_optimizer")
        self.con.execute(f"attach '{database}' as whole (read_only)")
        self.con.execute("attach ':memory:' as cut")
        self.con.execute("use cut")
        for schema in ("raw", "seeds", "staging", "intermediate", "marts"):
            self.con.execute(f"create schema cut.{schema}")
        make_formulas(self.con)
        tables = self.con.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'whole'"
            " and table_schema in ('raw', 'seeds')"
        ).fetchall()
        self.feeds = {feed for (feed,) in self.con.execute("select feed from whole.raw.feeds").fetchall()}
        # Relation → what it holds now. A model's content is told by a hash: what rests on it stays if it is the same again.
        self.contents: dict[str, object] = {}
        self.made_of: dict[str, object] = {}
        for schema, name in tables:
            if name not in self.feeds:
                self.con.execute(f"create table cut.{schema}.{name} as from whole.{schema}.{name}")
                self.contents[name] = "as in the whole"
        self.codes = {feed: self._codes(feed) for feed in {"organisasjon", "ansatte", *REFERENCES}}

    def _codes(self, feed: str) -> dict[tuple[str, int], tuple]:
        """The rows of a feed with the codes they have and refer to: its own first."""
        columns = {"organisasjon": "unit_code, parent_code", "ansatte": "employee_no"}.get(feed) or ", ".join(
            f"null, {column}" if i == 0 else column for i, (column, _) in enumerate(REFERENCES[feed])
        )
        found = self.con.execute(f"select file_sha256, row_number, {columns} from whole.raw.{feed}").fetchall()
        return {(sha256, row): tuple(codes) for sha256, row, *codes in found}

    def cut(self, rows: Collection[Row]) -> bool:
        """Cut the loaded feeds to these rows.

        False if such a delivery is refused: a required feed has no rows, or too many rows are quarantined because their unit,
        parent or person is missing.
        """
        delivered: dict[str, set[tuple[str, int]]] = {feed: set() for feed in self.feeds}
        for feed, sha256, row in rows:
            delivered[feed].add((sha256, row))
        if not all(delivered[feed] for feed in ("organisasjon", "ansatte", "stillinger")):
            return False
        loaded = dict(delivered)
        units = self.codes["organisasjon"]
        while orphans := {row for row in loaded["organisasjon"] if units[row][1] not in self._units_of(loaded["organisasjon"])}:
            loaded["organisasjon"] = loaded["organisasjon"] - orphans
        known = {feed: {self.codes[feed][row][0] for row in loaded[feed]} for feed in ("organisasjon", "ansatte")}
        for feed, references in REFERENCES.items():
            others = [other for _, other in references]
            loaded[feed] = {
                row
                for row in delivered[feed]
                if all(code in known[other] for code, other in zip(self.codes[feed][row][1:], others, strict=True))
            }
        if any(len(delivered[feed] - loaded[feed]) > self.quarantine_share * len(delivered[feed]) for feed in self.feeds):
            return False
        for feed, kept in loaded.items():
            if self.contents.get(feed) != kept:
                self._load(feed, kept)
                self.contents[feed] = kept
        return True

    def _units_of(self, rows: Collection[tuple[str, int]]) -> set[str | None]:
        """What a unit may be below: the units of these rows, or none."""
        return {None, *(self.codes["organisasjon"][row][0] for row in rows)}

    def _load(self, feed: str, kept: Collection[tuple[str, int]]) -> None:
        values = ", ".join(f"('{sha256}', {row})" for sha256, row in kept)
        condition = f"(file_sha256, row_number) in ({values})" if kept else "false"
        self.con.execute(f"create or replace table cut.raw.{feed} as from whole.raw.{feed} where {condition}")
        if feed == "faktorer" and kept:
            self.con.execute(
                "update cut.raw.faktorer set norway = null"
                f" where norway_row is not null and (file_sha256, norway_row) not in ({values})"
            )

    def load(self, database: Path) -> None:
        """Take the feeds as another build has loaded them."""
        self.con.execute(f"attach '{database}' as loaded (read_only)")
        for feed in self.feeds:
            self.con.execute(f"create or replace table cut.raw.{feed} as from loaded.raw.{feed}")
            self.contents[feed] = str(database)
        self.con.execute("detach loaded")

    def mart(self, table: str, grain: Sequence[str]) -> dict[tuple, dict]:
        """The mart's rows of the present cut by their grain; with them what their shares are divided of and by: one that is 0
        stays so whatever its denominator.
        """
        self._make(table)
        parts = "".join(f", {sql} as {name}" for name, sql in fraction_columns(table).items())
        cursor = self.con.execute(f"select *{parts} from cut.marts.{table} as cell")
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return {tuple(row[name] for name in grain): row for row in rows}

    def _make(self, name: str) -> None:
        """Compute a model, and before it those it rests on, where they are not as the present cut makes them."""
        node = self.models[name]
        parents = []
        for parent in node["depends_on"]["nodes"]:
            kind, _, *_, parent_name = parent.split(".")
            if kind == "model":
                self._make(parent_name)
            parents.append(self.contents[parent_name])
        if self.made_of.get(name) == parents:
            return
        relation = f"cut.{node['schema']}.{name}"
        if node["schema"] == "staging":
            if name not in self.made_of:
                self.con.execute(f"create view {relation} as {self.sql[name]}")
            self.contents[name] = tuple(parents)
        else:
            self.con.execute(f"create or replace table {relation} as {self.sql[name]}")
            self.contents[name] = (
                tuple(parents)
                if node["schema"] == "marts"
                else one(
                    self.con, f"select count(*), sum(cast(hash(made) as hugeint)), bit_xor(hash(made)) from {relation} as made"
                )
            )
        self.made_of[name] = parents

    def close(self) -> None:
        self.con.close()


def fraction_columns(table: str) -> dict[str, str]:
    """Names and SQL of the numerators and denominators of a table's shares, on its row called `cell`."""
    return {
        f"{name}_{part}": sql
        for name, measure in table_of(table).measures.items()
        for part in ("numerator", "denominator")
        if (sql := getattr(measure, part))
    }
