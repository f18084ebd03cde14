"""Random municipalities: every cell of the sick-leave marts against the brute-force oracle."""

from pathlib import Path

import pytest

from orchestration.dbt import load_manifest
from tests.building import build_withholding_small_cells_alone, settings_with
from tests.oracle import sick_leave_tables
from tests.random_municipality import random_feeds
from warehouse.catalogue import tables_of
from warehouse.database import connect
from warehouse.paths import Home


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_marts_are_the_oracle_s(tmp_path: Path, seed: int) -> None:
    feeds, as_of = random_feeds(seed)
    home, settings = Home(tmp_path / "home"), settings_with(tmp_path)
    home.prepare()
    for feed, rows in feeds.items():
        lines = [";".join(rows[0]), *(";".join(row.values()) for row in rows)]
        (home.landing / f"{feed}_{as_of}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    build_withholding_small_cells_alone(home, settings)
    grains = {mart.name: mart.grain for mart in tables_of(load_manifest())}
    with connect(home.build_database, settings, read_only=True) as con:
        for table, expected in sick_leave_tables(feeds, as_of).items():
            decided = con.execute(
                f"select mart.* exclude (withheld), served.withheld from marts.{table} as mart "
                f"inner join served.{table} as served using ({', '.join(grains[table])})"
            ).df()
            got = {tuple(row[name] for name in grains[table]): row for row in decided.to_dict("records")}
            assert got.keys() == expected.keys(), table
            for key, measures in expected.items():
                assert (got[key]["withheld"] if isinstance(got[key]["withheld"], str) else None) == measures["withheld"], key
                for name, value in measures.items():
                    if name != "withheld":
                        assert got[key][name] == pytest.approx(float("nan") if value is None else float(value), nan_ok=True), (
                            table,
                            key,
                            name,
                        )
