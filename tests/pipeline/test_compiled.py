"""The models run without dbt, as the tests of many municipalities do, make the tables that dbt makes.
Not here: figures (golden).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.builds import Built
from tests.compiled import build_compiled
from warehouse.database import connect
from warehouse.paths import Home

RELATIONS = """select table_schema, table_name from information_schema.tables
               where table_catalog = $1 and table_schema in ('seeds', 'staging', 'intermediate', 'marts') order by all"""


def test_the_compiled_models_make_the_tables_of_dbt(small_night: Built, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    with connect(home.build_database, small_night.settings) as con:
        con.execute(f"attach '{small_night.home.warehouse_database}' as whole (read_only)")
        con.execute("create schema raw")
        for (name,) in con.execute(
            "select table_name from information_schema.tables where table_catalog = 'whole' and table_schema = 'raw'"
        ).fetchall():
            con.execute(f"create table raw.{name} as from whole.raw.{name}")
    build_compiled(home, small_night.settings)
    with duckdb.connect() as con:
        con.execute(f"attach '{home.build_database}' as warehouse (read_only)")
        names = con.execute(RELATIONS, ["warehouse"]).fetchall()
        ours = {name: con.execute(f"from warehouse.{'.'.join(name)} order by all").fetchall() for name in names}
        types = {name: con.execute(f"describe warehouse.{'.'.join(name)}").fetchall() for name in names}
    with duckdb.connect() as con:
        con.execute(f"attach '{small_night.home.warehouse_database}' as warehouse (read_only)")
        assert names == con.execute(RELATIONS, ["warehouse"]).fetchall()
        for name in names:
            assert types[name] == con.execute(f"describe warehouse.{'.'.join(name)}").fetchall(), name
            # A night fills in what it found after the models.
            if name != ("marts", "restatements"):
                assert ours[name] == con.execute(f"from warehouse.{'.'.join(name)} order by all").fetchall(), name
