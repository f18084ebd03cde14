"""What each served table is: grain, measures, size and threshold, as the yml beside its SQL says (config.meta).
Not here: what follows from it: publishing, disclosure control, trace and restatements read this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from warehouse.errors import Refused, UsageError
from warehouse.settings import Settings

Additivity = Literal["sum", "ratio", "average of persons", "none"]
# A grain has at most one of these; a period has its type beside it.
TIME_COLUMNS = ("period", "reference_date", "month", "year")
PERIOD = ("period_type", "period")
UNIT = ("org_level", "org_unit_code")
# Settings that a name or a description of a column may name in braces.
SETTINGS_IN_TEXTS = ("possible_days_per_fte", "short_term_max_days", "full_time_threshold")
# The labels of publications whose manifest.json does not say which they are.
LABELS_WHERE_NOT_RECORDED = ("is_partial", "org_unit_name", "job_title", "factor_name", "pay_group_name")


@dataclass(frozen=True)
class Measure:
    """A measure of a table. `numerator` and `denominator` are SQL on the table's row, which is called `cell`.

    The value is factor × numerator / denominator; both are None when it is counted, not divided. `of` and `by` say in
    Norwegian what the two are. `additivity` says what adding its values up over units or a breakdown's parts gives: "sum" the
    whole, "ratio" nothing (divide the sums), "average of persons" nothing (persons count in several units), "none" nothing.
    """

    name: str
    name_en: str
    unit: str
    decimals: int
    additivity: Additivity
    description: str = ""
    numerator: str | None = None
    denominator: str | None = None
    factor: int = 1
    of: str = ""
    by: str = ""


@dataclass(frozen=True)
class Follow:
    """Another table's decisions that hold here as well: where one is withheld and `where` holds, `empties` is emptied here."""

    table: str
    where: str
    empties: tuple[str, ...]


@dataclass(frozen=True)
class WithheldWith:
    """Cells of another table without which cells of this one are not served: where one is withheld and `where` holds."""

    table: str
    where: str


@dataclass(frozen=True)
class Stops:
    """Which changes of figures already served stop the night: the `measures` where the SQL expression `times` gives how many
    times the settings' threshold they may change.

    Both by unit of measure: `by_chance`, what few late rows do, a number or `few` persons or årsverk: a change of no more than
    this stops nothing, of a percent in its numerator, where its denominator is a column. `still_coming`: how many times more a
    measure may change while rows of the period still come in. `counts_persons`: what few rows alone have changed stops nothing,
    since each is one person.
    """

    measures: tuple[str, ...]
    times: str
    by_chance: Mapping[str, float | Literal["few"]] = field(default_factory=dict)
    still_coming: Mapping[str, int] = field(default_factory=dict)
    counts_persons: bool = False


@dataclass(frozen=True)
class Table:
    """A served table.

    `columns` are the served ones. `labels` say more of a cell than its grain and are served whatever is withheld. A cell is
    withheld when one of the columns `size`, which need not be served, is below the setting `threshold`. `from_served`: it is
    computed of served cells alone, after disclosure control. `source_tables` are the raw tables its figures are computed of.
    `closed_years_only`: figures of the running year are withheld, whatever their size.
    """

    name: str
    grain: tuple[str, ...]
    subject: str = ""
    description: str = ""
    columns: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)
    size: tuple[str, ...] = ()
    threshold: str | None = None
    follows: tuple[Follow, ...] = ()
    withheld_with: WithheldWith | None = None
    from_served: bool = False
    source_tables: frozenset[str] = frozenset()
    restatement: Stops | None = None
    closed_years_only: bool = False

    @cached_property
    def time(self) -> str | None:
        """The column of the grain that says when."""
        return next((column for column in TIME_COLUMNS if column in self.grain), None)

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """What the table is broken down by: the grain without time, unit and source."""
        return tuple(column for column in self.grain if column not in (*PERIOD, self.time, *UNIT, "source"))

    @cached_property
    def has_periods(self) -> bool:
        """Whether its times are months, quarters and years; a decision then holds for a calendar year."""
        return "period_type" in self.grain

    @cached_property
    def has_units(self) -> bool:
        """Whether its rows are of units."""
        return set(UNIT) <= set(self.grain)

    @cached_property
    def cell(self) -> tuple[str, ...]:
        """The grain without the period: what a decision holds for within a calendar year."""
        return tuple(column for column in self.grain if column not in PERIOD)

    @cached_property
    def decision_key(self) -> tuple[str, ...]:
        """The columns of its decisions in the schema `disclosure`."""
        return ("calendar_year", *self.cell) if self.has_periods else self.grain

    @cached_property
    def is_view(self) -> bool:
        """Whether it is a view for BI tools: cells of another table, and remainders beside them."""
        return is_view(self.name)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """What can be asked of a cell: its measures; of a table that declares none all of its values."""
        return tuple(name for name in self.values if name in self.measures) or self.values

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Columns that are emptied when the cell is withheld: all but grain, labels and `withheld`."""
        return tuple(name for name in self.columns if name not in (*self.grain, *self.labels, "withheld"))


def is_view(name: str) -> bool:
    """Whether a table of this name is a view for BI tools."""
    return name.startswith("bi_")


def tables_of(manifest: Mapping) -> list[Table]:
    """The tables declared in the dbt manifest, by name.

    Raises:
        ValueError: a yml leaves out what a table needs; the message names table and column.
    """
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"]
    return sorted((_table(manifest, node) for node in nodes), key=lambda table: table.name)


def thresholds(tables: Sequence[Table], settings: Settings) -> dict[str, float]:
    """The threshold of each withholding table: the general one, or the municipality's stricter one.

    Raises:
        UsageError: a stricter threshold for a table that withholds nothing, or one that is lower than the general.
    """
    general = {table.name: float(getattr(settings, table.threshold)) for table in tables if table.threshold is not None}
    for name, limit in settings.stricter.items():
        if name not in general:
            raise UsageError(f"setting stricter: {name} is not a table with a threshold; those are {', '.join(general)}")
        if limit < general[name]:
            raise UsageError(f"setting stricter: {name} = {limit:g} is lower than the general threshold {general[name]:g}")
    return {**general, **settings.stricter}


def with_settings(table: Table, settings: Settings) -> Table:
    """The table with the settings in the place of their names in braces, in names and descriptions as people read them.

    The macro of that name (dbt_project/macros/catalogue.sql) does the same in metric_definitions.
    """
    numbers = {f"{{{name}}}": f"{getattr(settings, name):g}" for name in SETTINGS_IN_TEXTS}

    def filled(text: str, decimal_mark: str = ".") -> str:
        for name, number in numbers.items():
            text = text.replace(name, number.replace(".", decimal_mark))
        return text

    return replace(
        table,
        descriptions={column: filled(text) for column, text in table.descriptions.items()},
        measures={
            name: replace(
                measure,
                name=filled(measure.name, ","),
                name_en=filled(measure.name_en),
                of=filled(measure.of, ","),
                by=filled(measure.by, ","),
            )
            for name, measure in table.measures.items()
        },
    )


def record_of(tables: Sequence[Table], settings: Settings) -> dict[str, dict[str, Any]]:
    """What a publication's manifest.json says of its tables."""
    limits = thresholds(tables, settings)
    return {
        table.name: {
            "subject": table.subject,
            "grain": table.grain,
            "time": table.time,
            "dimensions": table.dimensions,
            "columns": table.columns,
            "description": table.description,
            "descriptions": dict(table.descriptions),
            "labels": table.labels,
            "size": table.size,
            "threshold": {"setting": table.threshold, "value": limits[table.name]} if table.threshold else None,
            "measures": {
                name: {
                    said: value for said, value in asdict(measure).items() if value not in (None, "") and said != "description"
                }
                for name, measure in table.measures.items()
            },
        }
        for table in tables
    }


def read_tables(folder: Path) -> dict[str, Table]:
    """The tables of a publication, from the manifest.json in its folder.

    Raises:
        Refused: it is missing or damaged.
    """
    try:
        return recorded_tables(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(f"publish/history/{folder.name}/manifest.json cannot be read; run `arsverk verify`") from None


def recorded_tables(record: Mapping[str, Any]) -> dict[str, Table]:
    """The tables of a publication, from what its manifest.json says of them.

    Of publications older than this form the grain alone is recorded.
    """
    return {
        name: Table(name, tuple(said), labels=LABELS_WHERE_NOT_RECORDED) if isinstance(said, list) else _recorded(name, said)
        for name, said in record["tables"].items()
    }


def _recorded(name: str, said: Mapping[str, Any]) -> Table:
    """A table as another version of the code may have recorded it: what it says more is left out."""
    said_of_measure = {of.name for of in fields(Measure)}
    return Table(
        name=name,
        grain=tuple(said["grain"]),
        subject=said.get("subject", ""),
        columns=tuple(said["columns"]),
        description=said.get("description", ""),
        descriptions=said.get("descriptions", {}),
        labels=tuple(said["labels"]),
        measures={
            measure: Measure(**{key: value for key, value in of.items() if key in said_of_measure})
            for measure, of in said.get("measures", {}).items()
        },
        size=tuple(said.get("size", ())),
        threshold=(said.get("threshold") or {}).get("setting"),
    )


def _table(manifest: Mapping, node: Mapping) -> Table:
    meta, name = node["config"]["meta"], node["name"]
    said = {column: of["config"]["meta"] for column, of in node["columns"].items()}
    served = [column for column, of in said.items() if not of.get("unserved")]
    follows = [Follow(followed["table"], followed["where"], tuple(followed["empties"])) for followed in meta.get("follows", [])]
    stops = meta.get("restatement")
    table = Table(
        name=name,
        grain=tuple(meta["grain"]),
        subject=meta["subject"],
        description=node["description"],
        columns=tuple(served),
        descriptions={column: node["columns"][column]["description"] for column in served},
        labels=tuple(column for column in served if said[column].get("label")),
        measures={
            column: _measure(f"{name}.{column}", said[column]["measure"], node["columns"][column]["description"])
            for column in served
            if "measure" in said[column]
        },
        size=_names(meta.get("size", ())),
        threshold=meta.get("threshold"),
        follows=tuple(follows),
        withheld_with=WithheldWith(**meta["withheld_with"]) if "withheld_with" in meta else None,
        from_served=bool(meta.get("from_served")),
        source_tables=frozenset(_source_tables(manifest, node["unique_id"])),
        restatement=Stops(**stops | {"measures": tuple(stops["measures"])}) if stops else None,
        closed_years_only=meta.get("closed_years_only", False),
    )
    if missing := [column for column in table.grain if column not in table.columns]:
        raise ValueError(f"{name}: the grain's {', '.join(missing)} is no served column")
    if (table.threshold is None) != (not table.size):
        raise ValueError(f"{name}: size and threshold go together")
    if table.threshold and table.values != tuple(table.measures):
        # Whatever is forgotten must not be served beside a withheld cell.
        unknown = sorted(set(table.values) ^ set(table.measures))
        raise ValueError(f"{name}: say of {', '.join(unknown)} whether it is a measure, a label or part of the grain")
    return table


def _names(said: str | Iterable[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def _measure(place: str, said: Mapping[str, Any], description: str) -> Measure:
    try:
        measure = Measure(description=description, **said)
    except TypeError as error:
        raise ValueError(f"{place}: {error}") from None
    if measure.additivity not in get_args(Additivity):
        raise ValueError(f"{place}: additivity is one of {', '.join(get_args(Additivity))}")
    if (measure.numerator is None) != (measure.denominator is None):
        raise ValueError(f"{place}: numerator and denominator go together")
    return measure


def _source_tables(manifest: Mapping, node_id: str) -> set[str]:
    """Names of the raw tables a model's figures are computed of, through whatever lies between.

    Not through the calendar, which reads absences to know where a series begins: in that all tables would be made of them.
    """
    calendar = {key for key, node in manifest["nodes"].items() if "calendar" in node["fqn"]}
    found, seen, ahead = set(), calendar, [node_id]
    while ahead:
        above = ahead.pop()
        if above in manifest["sources"]:
            found.add(manifest["sources"][above]["name"])
        elif above not in seen:
            seen.add(above)
            ahead += manifest["nodes"][above]["depends_on"].get("nodes", [])
    return found
