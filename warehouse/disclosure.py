"""Decides what of the built marts may be served (metrics.md 10): one step between the marts and the publication.
Not here: the computation of the marts, or the writing of what is served.

`decide` writes one decision a cell to the schema `disclosure`; `mask` makes the served tables from the decisions. The
primary rule is here; the secondary rule adds its cells to the same decisions before `mask`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from warehouse.database import one, quoted
from warehouse.errors import Refused
from warehouse.settings import Settings

PERIOD_COLUMNS = ("period_type", "period", "is_partial")


@dataclass(frozen=True)
class Follow:
    """Another table's decisions that hold here as well: where one is withheld and `where` holds, `empties` is emptied here.

    `says` are columns that then hold a fixed text instead of what would tell the withheld value.
    """

    table: str
    where: str
    empties: tuple[str, ...]
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mart:
    """A mart as its dbt yml describes it: `grain` columns, `measures`, and for withholding tables the threshold's setting.

    A cell is withheld when one of the `threshold_measures` is below the threshold. Columns that are `unserved` in the yml
    take part in the decision but are not among the columns here.
    """

    name: str
    grain: tuple[str, ...]
    columns: tuple[str, ...]
    descriptions: Mapping[str, str]
    description: str
    threshold: str | None = None
    threshold_measures: tuple[str, ...] = ()
    follows: tuple[Follow, ...] = ()

    @property
    def has_periods(self) -> bool:
        """Whether a decision holds for a calendar year; else each row has its own."""
        return "period_type" in self.grain

    @property
    def cell(self) -> tuple[str, ...]:
        """The grain without the period: what a decision holds for within a calendar year."""
        return tuple(column for column in self.grain if column not in PERIOD_COLUMNS)

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns that are emptied when the cell is withheld."""
        return tuple(name for name in self.columns if name not in (*self.grain, *LABELS, "withheld"))


LABELS = ("is_partial", "org_unit_name", "job_title", "factor_name", "pay_group_name")


def marts_of(manifest: Mapping) -> list[Mart]:
    """The marts declared in the dbt manifest, by name."""
    marts = []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == "marts":
            meta = node["config"]["meta"]
            disclosure = meta.get("disclosure", {})
            measured = disclosure.get("measure", ())
            unserved = disclosure.get("unserved", ())
            served = {name: column for name, column in node["columns"].items() if name not in unserved}
            marts.append(
                Mart(
                    name=node["name"],
                    grain=tuple(meta["grain"]),
                    columns=tuple(served),
                    descriptions={name: column["description"] for name, column in served.items()},
                    description=node["description"],
                    threshold=disclosure.get("threshold"),
                    threshold_measures=(measured,) if isinstance(measured, str) else tuple(measured),
                    follows=tuple(
                        Follow(followed["table"], followed["where"], tuple(followed["empties"]), followed.get("says", {}))
                        for followed in disclosure.get("follows", [])
                    ),
                )
            )
    return sorted(marts, key=lambda mart: mart.name)


def decide(con: duckdb.DuckDBPyConnection, marts: Sequence[Mart], settings: Settings) -> dict[str, tuple[int, int]]:
    """Decide for every cell and calendar year, in a table without periods for every row, whether it is withheld.

    Returns:
        For each withholding table the number of decisions in all and of those to withhold.
    """
    con.execute("create schema if not exists disclosure")
    counts = {}
    for mart in marts:
        if mart.threshold is None:
            continue
        cell = ", ".join(mart.cell)
        limit = float(getattr(settings, mart.threshold))
        year, rows = ("period as calendar_year,", "where period_type = 'year'") if mart.has_periods else ("", "")
        # A measure that is missing withholds the cell too.
        too_small = " or ".join(f"coalesce({measure} < {limit}, true)" for measure in mart.threshold_measures)
        con.execute(
            f"""create or replace table disclosure.{mart.name} as
                select {year} {cell}, case when {too_small} then 'primary' end as withheld
                from marts.{mart.name} {rows}"""
        )
        counts[mart.name] = one(con, f"select count(*), count(withheld) from disclosure.{mart.name}")
    return counts


def _follows(mart: Mart, follow: Follow) -> str:
    """Condition on a row of the mart: a decision that is followed withholds it. Found by one join, not row by row."""
    row = f"({', '.join(f'mart.{name}' for name in mart.grain)})"
    return (
        f"{row} in (select {row} from marts.{mart.name} as mart, disclosure.{follow.table} as followed"
        f" where followed.withheld is not null and ({follow.where}))"
    )


def _masked(mart: Mart, column: str) -> str:
    """The column's expression in the served table: empty where a decision withholds it, or what a follow then says."""
    served_where = ["decision.withheld is null"] if mart.threshold is not None and column in mart.measures else []
    served_where += [f"not {_follows(mart, follow)}" for follow in mart.follows if column in follow.empties]
    if served_where:
        return f"case when {' and '.join(served_where)} then mart.{column} end as {column}"
    said = [
        f"when {_follows(mart, follow)} then {quoted(follow.says[column])}" for follow in mart.follows if column in follow.says
    ]
    return f"case {' '.join(said)} else mart.{column} end as {column}" if said else f"mart.{column}"


def mask(con: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> None:
    """Make the tables of the schema `served`: the marts with every measure of a withheld cell emptied.

    Raises:
        Refused: a cell has no decision, or a measure of a withheld cell is left; both are faults of the program.
    """
    con.execute("create schema if not exists served")
    for mart in marts:
        columns = [_masked(mart, name) for name in mart.columns if name != "withheld"]
        if mart.threshold is None:
            con.execute(
                f"create or replace table served.{mart.name} as select {', '.join(columns)} from marts.{mart.name} as mart"
            )
            continue
        same_cell = " and ".join(f"mart.{name} = decision.{name}" for name in mart.cell)
        same_year = "decision.calendar_year = left(mart.period, 4) and" if mart.has_periods else ""
        con.execute(
            f"""create or replace table served.{mart.name} as
                select {", ".join([*columns, "decision.withheld"])}
                from marts.{mart.name} as mart
                inner join disclosure.{mart.name} as decision on {same_year} {same_cell}"""
        )
        built = one(con, f"select count(*) from marts.{mart.name}")[0]
        kept = one(con, f"select count(*) from served.{mart.name}")[0]
        if built != kept:
            raise Refused(f"{mart.name}: {built} cells were built but {kept} decided upon; this is a fault of the program")
        leaked = " or ".join(f"{name} is not null" for name in mart.measures)
        if one(con, f"select count(*) from served.{mart.name} where withheld is not null and ({leaked})")[0]:
            raise Refused(f"{mart.name}: a withheld cell still has a value; this is a fault of the program")
