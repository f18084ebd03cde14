"""Cuts a delivery down to the rows that a trace names and computes the figures again from what is left.
Not here: tests, or the making of deliveries.

`files_cut` cuts the delivered files themselves. `Recomputed` cuts the loaded rows and runs the models that dbt compiled, which
takes a hundredth of a night's time: the same rows go in as by loading the cut files, since a trace names no quarantined row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import duckdb
import pandas as pd
import xlsxwriter
from python_calamine import CalamineWorkbook

from orchestration.dbt import load_manifest
from warehouse.trace.formulas import RATIOS
from warehouse.trace.lineage import REFERENCES

Rows = Mapping[tuple[str, str], Collection[int]]


def files_cut(source: Path, target: Path, files: list[dict]) -> None:
    """Write the delivered files with their header and only the rows listed by a trace's JSON."""
    named: dict[str, dict[str, set[int]]] = {}
    for file in files:
        named.setdefault(file["file_name"], {}).setdefault(file["feed"], set()).update(file["rows"])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        rows = named.get(path.name, {})
        if path.suffix == ".xlsx":
            _cut_workbook(path, target / path.name, rows)
        elif path.suffix == ".json":
            kept = set().union(*rows.values())
            dataset = json.loads(path.read_text(encoding="utf-8"))
            dataset["value"] = {place: value for place, value in dataset["value"].items() if int(place) + 1 in kept}
            (target / path.name).write_text(json.dumps(dataset), encoding="utf-8")
        else:
            header, *lines = path.read_bytes().splitlines(keepends=True)
            kept = set().union(*rows.values())
            cut = [line for number, line in enumerate(lines, start=1) if number in kept]
            (target / path.name).write_bytes(b"".join([header, *cut]))


def _cut_workbook(source: Path, target: Path, rows: Mapping[str, set[int]]) -> None:
    book = CalamineWorkbook.from_path(source)
    with xlsxwriter.Workbook(target) as written:
        for name in book.sheet_names:
            kept = rows.get(name.lower(), set())
            sheet = written.add_worksheet(name)
            lines = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for i, line in enumerate([line for number, line in enumerate(lines) if number == 0 or number in kept]):
                for j, cell in enumerate(line):
                    if cell != "":
                        sheet.write(i, j, cell)


class Recomputed:
    """Marts computed again from some of the rows of a built warehouse."""

    def __init__(self, database: Path, compiled: Path, quarantine_share: float) -> None:
        self.quarantine_share = quarantine_share
        nodes = load_manifest()["nodes"]
        self.models = {
            node["name"]: node for node in nodes.values() if node["resource_type"] == "model" and node["schema"] != "disclosure"
        }
        self.sql = {
            name: (compiled / node["path"]).read_text(encoding="utf-8").replace('"warehouse".', "cut.")
            for name, node in self.models.items()
        }
        with duckdb.connect(str(database), read_only=True) as con:
            tables = con.execute(
                "select table_schema, table_name from information_schema.tables where table_schema in ('raw', 'seeds')"
            ).fetchall()
            feeds = {feed for (feed,) in con.execute("select feed from raw.feeds").fetchall()}
        self.feeds = feeds
        self.others = [f"{schema}.{name}" for schema, name in tables if schema == "seeds" or name not in feeds]
        self.con = duckdb.connect()
        self.con.execute("set threads = 1")
        self.con.execute(f"attach '{database}' as whole (read_only)")
        self.con.execute("attach ':memory:' as cut")
        self.con.execute("use cut")
        for schema in ("raw", "seeds", "staging", "intermediate", "marts"):
            self.con.execute(f"create schema cut.{schema}")
        for name in self.others:
            self.con.execute(f"create table cut.{name} as from whole.{name}")

    def _needed(self, table: str) -> list[str]:
        """The models a mart rests on, itself last."""
        order: list[str] = []

        def visit(name: str) -> None:
            if name in order:
                return
            for parent in self.models[name]["depends_on"]["nodes"]:
                kind, _, parent_name = parent.split(".")[:3]
                if kind == "model":
                    visit(parent_name)
            order.append(name)

        visit(table)
        return order

    def cell(self, table: str, key: Mapping[str, object], rows: Rows) -> dict | None:
        """The mart's row of a cell when only these rows, by (feed, sha256), were delivered; None when there is no such row.

        With it what its shares are divided of and by: one that is 0 stays so whatever its denominator.
        A delivery that is refused gives none either: a required feed has no rows, or too many rows are quarantined.
        """
        listed = [(feed, sha256, row) for (feed, sha256), numbers in rows.items() for row in numbers]
        if not {"organisasjon", "ansatte", "stillinger"} <= {feed for feed, _, _ in listed}:
            return None
        named = pd.DataFrame(listed, columns=["feed", "file_sha256", "row_number"])
        self.con.register("named", named)
        models = self._needed(table)
        # Persons and units too, without which other rows are not loaded.
        sources = {parent.split(".")[-1] for name in models for parent in self.models[name]["depends_on"]["nodes"]} | {
            "organisasjon",
            "ansatte",
            "stillinger",
        }
        feeds = sorted(sources & self.feeds)
        for feed in feeds:
            self.con.execute(
                f"""create or replace table cut.raw.{feed} as from whole.raw.{feed} as loaded
                    semi join (from named where feed = '{feed}') as kept using (file_sha256, row_number)"""
            )
        if "faktorer" in feeds:
            self.con.execute(
                """update cut.raw.faktorer set norway = null where norway_row is not null
               and (file_sha256, norway_row) not in (select (file_sha256, row_number) from named where feed = 'faktorer')"""
            )
        if self._quarantine_orphans(feeds):
            return None
        for name in models:
            kind = "view" if self.models[name]["schema"] == "staging" else "table"
            self.con.execute(f"create or replace {kind} cut.{self.models[name]['schema']}.{name} as {self.sql[name]}")
        where = " and ".join(f"{name} is not distinct from ${i}" for i, name in enumerate(key, start=1))
        parts = "".join(f", {sql} as {name}" for name, sql in fraction_columns(table).items())
        cursor = self.con.execute(f"select *{parts} from cut.marts.{table} as cell where {where}", list(key.values()))
        names = [column[0] for column in cursor.description or []]
        found = cursor.fetchall()
        return dict(zip(names, found[0], strict=True)) if found else None

    def _quarantine_orphans(self, feeds: Collection[str]) -> bool:
        """Take out the rows whose unit, parent or person is missing, as the load does. True if that refuses the delivery."""
        units, persons = "(select unit_code from cut.raw.organisasjon)", "(select employee_no from cut.raw.ansatte)"
        below = f"delete from cut.raw.organisasjon where parent_code is not null and parent_code not in {units}"
        lost = {"organisasjon": 0}
        while orphans := self.con.execute(below).fetchall()[0][0]:
            lost["organisasjon"] += orphans
        for feed, references in [(feed, REFERENCES[feed]) for feed in feeds if feed in REFERENCES]:
            for column, other in references:
                known = units if other == "organisasjon" else persons
                deleted = self.con.execute(f"delete from cut.raw.{feed} where {column} not in {known}").fetchall()
                lost[feed] = lost.get(feed, 0) + deleted[0][0]
        left = {feed: self.con.execute(f"select count(*) from cut.raw.{feed}").fetchall()[0][0] for feed in lost}
        return any(count > self.quarantine_share * (count + left[feed]) for feed, count in lost.items())

    def close(self) -> None:
        self.con.close()


def fraction_columns(table: str) -> dict[str, str]:
    """Names and SQL of the numerators and denominators of a table's shares, on its row called `cell`."""
    return {
        f"{name}_{part}": getattr(ratio, part)
        for name, ratio in RATIOS.get(table, {}).items()
        for part in ("numerator", "denominator")
    }


def without_each(rows: Rows) -> Iterator[tuple[tuple[str, str], int, Rows]]:
    """The rows with one row taken out, once for each row."""
    for file, numbers in rows.items():
        for row in sorted(numbers):
            yield file, row, {**rows, file: set(numbers) - {row}}
