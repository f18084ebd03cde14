"""Random municipalities: every cell of the sick-leave marts against the brute-force oracle."""

import pytest

from orchestration.dbt import load_manifest
from tests.builds import Builds
from tests.examples import over_seeds
from tests.municipalities.random_rows import random_feeds, write_random
from tests.oracle import sick_leave_tables
from warehouse.catalogue import tables_of


@over_seeds(few=2, many=20)
def test_marts_are_the_oracle_s(builds: Builds, seed: int) -> None:
    feeds, as_of = random_feeds(seed)
    built = builds.built(lambda landing: write_random(landing, seed))
    grains = {mart.name: mart.grain for mart in tables_of(load_manifest())}
    with built.reading() as con:
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
