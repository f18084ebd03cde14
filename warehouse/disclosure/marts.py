"""What the dbt manifest says of each mart and of how it is withheld.
Not here: the decisions (decisions.py) or the emptying of cells (masking.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
class Stops:
    """Which changes of figures already served stop the night: the `measures` where the SQL expression `times` gives how many
    times the settings' threshold they may change.
    """

    measures: tuple[str, ...]
    times: str


@dataclass(frozen=True)
class Mart:
    """A mart as its dbt yml describes it: `grain` columns, `measures`, and for withholding tables the threshold's setting.

    `sources` are the raw tables it is computed from.

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
    sources: frozenset[str] = frozenset()
    stops: Stops | None = None

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
            stops = meta.get("restatement")
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
                    sources=frozenset(_sources_of(manifest, node["unique_id"])),
                    stops=Stops(tuple(stops["measures"]), stops["times"]) if stops else None,
                )
            )
    return sorted(marts, key=lambda mart: mart.name)


def _sources_of(manifest: Mapping, node_id: str) -> set[str]:
    """Names of the raw tables a model is made from, through whatever lies between."""
    found, seen, ahead = set(), set(), [node_id]
    while ahead:
        above = ahead.pop()
        if above in manifest["sources"]:
            found.add(manifest["sources"][above]["name"])
        elif above not in seen:
            seen.add(above)
            ahead += manifest["nodes"][above]["depends_on"].get("nodes", [])
    return found
