"""Random municipalities: every cell of the sick-leave marts against the brute-force oracle."""

import pytest

from orchestration.dbt import load_manifest
from tests.builds import Builds, Built, small_cells_withheld_alone_without_dbt
from tests.examples import over_seeds
from tests.municipalities.random_rows import random_feeds, write_random
from tests.oracle import OracleSettings, sick_leave_tables, spells_by_unit
from warehouse.catalogue import tables_of


def days_of(seed: int) -> int:
    """possible_days_per_fte: not the usual number but in the first municipality, whose build other tests read too."""
    return 254 if seed == 1 else 230


def built_with_its_days(builds: Builds, seed: int) -> Built:
    return builds.built(
        lambda landing: write_random(landing, seed),
        small_cells_withheld_alone_without_dbt,
        possible_days_per_fte=days_of(seed),
    )


@over_seeds(few=2, many=20)
def test_marts_are_the_oracle_s(builds: Builds, seed: int) -> None:
    feeds, as_of = random_feeds(seed)
    built = built_with_its_days(builds, seed)
    grains = {mart.name: mart.grain for mart in tables_of(load_manifest())}
    with built.reading() as con:
        for table, expected in sick_leave_tables(feeds, as_of, OracleSettings(days_of(seed))).items():
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


@over_seeds(few=2, many=20)
def test_spells_by_length_are_the_oracle_s(builds: Builds, seed: int) -> None:
    feeds, as_of = random_feeds(seed)
    built = built_with_its_days(builds, seed)
    with built.reading() as con:
        rows = con.execute(
            """select year, org_level, org_unit_code, length_band, spells, persons, lost_days
               from marts.absence_spells_by_unit"""
        ).fetchall()
    spells = spells_by_unit(feeds, as_of, OracleSettings(days_of(seed)))
    expected = {key: tuple(map(float, cell.values())) for key, cell in spells.items()}  # type: ignore[arg-type]
    got = {row[:4]: row[4:] for row in rows}
    assert got.keys() == expected.keys()
    for key, figures in expected.items():
        assert got[key] == pytest.approx(figures), key
