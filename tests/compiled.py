"""The models as dbt compiles them, run without dbt: a tenth of the time, for properties that try hundreds of municipalities.
Not here: dbt's own tests and contracts. tests/pipeline/test_compiled.py shows that both ways make the same tables.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from orchestration.dbt import MANIFEST, PROJECT, load_manifest, project_fingerprint, run_dbt
from warehouse.database import at_once, connect, quoted
from warehouse.paths import Home
from warehouse.settings import Settings

# What dbt takes a seed's column for where its yml does not say.
INFERRED = ["BOOLEAN", "INTEGER", "DOUBLE", "DATE", "VARCHAR"]


@dataclass(frozen=True)
class Model:
    """A model: dbt's key of it, its relation as dbt writes it, its SQL, whether it is a view, and its columns' types where it
    has a contract.
    """

    key: str
    relation: str
    sql: str
    is_view: bool
    types: dict[str, str]

    def statements(self) -> Iterator[str]:
        """What makes its relation."""
        if self.is_view:
            yield f"create or replace view {self.relation} as {self.sql}"
        elif self.types:
            columns = ", ".join(f"{name} {kind}" for name, kind in self.types.items())
            yield f"create or replace table {self.relation} ({columns})"
            yield f"insert into {self.relation} by name ({self.sql})"
        else:
            yield f"create or replace table {self.relation} as {self.sql}"


def make_formulas(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros of dbt_project/macros/formulas.sql, as they are made before the models run."""
    source = load_manifest()["macros"]["macro.arsverk.create_formulas"]["macro_sql"]
    con.execute(source.partition("%}")[2].rpartition("{%")[0])


@cache
def compiled_sql() -> dict[str, str]:
    """The SQL of every model by its unique id; kept beside the prepared manifest, for the other workers and the next run."""
    kept = MANIFEST.with_name(f"compiled_{project_fingerprint()}.json")
    load_manifest()
    with FileLock(MANIFEST.with_name("compiled.lock")):
        if not kept.exists():
            for older in MANIFEST.parent.glob("compiled_*.json"):
                older.unlink()
            kept.write_text(json.dumps(_compile()), encoding="utf-8")
        return dict(json.loads(kept.read_text(encoding="utf-8")))


def _compile() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        database = Home(Path(folder)).build_database
        database.parent.mkdir()
        target = Path(folder) / "dbt"
        run_dbt(["compile"], database=database, target=target, memory_limit="1GB")
        return {
            key: (target / "compiled" / "arsverk" / node["original_file_path"]).read_text(encoding="utf-8")
            for key, node in _models().items()
        }


def _models() -> dict[str, dict[str, Any]]:
    return {key: node for key, node in load_manifest()["nodes"].items() if node["resource_type"] == "model"}


@cache
def compiled() -> list[Model]:
    """Every model in an order in which they can be made."""
    nodes = _models()
    order = TopologicalSorter({key: nodes.keys() & set(node["depends_on"]["nodes"]) for key, node in nodes.items()})
    return [
        Model(
            key,
            node["relation_name"],
            compiled_sql()[key],
            node["config"]["materialized"] == "view",
            {name: column["data_type"] for name, column in node["columns"].items()}
            if node["config"]["contract"]["enforced"]
            else {},
        )
        for key in order.static_order()
        for node in [nodes[key]]
    ]


def build_compiled(home: Home, settings: Settings) -> None:
    """Make seeds and models in the build database that a night has loaded."""
    with connect(home.build_database, settings) as con, at_once(con):
        make_formulas(con)
        for schema in ("seeds", "staging", "intermediate", "marts"):
            con.execute(f"create schema if not exists {schema}")
        for node in load_manifest()["nodes"].values():
            if node["resource_type"] == "seed":
                types = node["config"]["column_types"]
                con.execute(
                    f"create or replace table seeds.{node['name']} as"
                    f" from read_csv({quoted(str(PROJECT / node['original_file_path']))}, header = true, types = {types},"
                    f" auto_type_candidates = {INFERRED})"
                )
        for model in compiled():
            for statement in model.statements():
                con.execute(statement)
