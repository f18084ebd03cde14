"""Random municipalities: every cell of the full-time and equality marts against the brute-force oracle."""

from datetime import date, timedelta
from random import Random

import pytest

from orchestration.dbt import load_manifest
from tests.builds import Builds, small_cells_withheld_alone_without_dbt
from tests.examples import over_seeds
from tests.municipalities.files import write_delivery
from tests.municipalities.random_rows import Feeds, dmy, random_feeds
from tests.oracle_persons import PersonSettings, person_tables
from warehouse.catalogue import tables_of, with_settings


def with_leaders_pay_and_leave(feeds: Feeds, as_of: date, seed: int) -> Feeds:
    """The rows with what the sick-leave recipes leave sparse: leaders of every level, pay in few groups, leave at year ends.

    Position numbers become 9, 10, 11 …, so that text order is not number order; many positions are equally large.
    """
    rng = Random(seed)
    renumbered = {
        feed: [row | {"Stillingsnr": str(int(row["Stillingsnr"]) + 8)} if row.get("Stillingsnr") else row for row in rows]
        for feed, rows in feeds.items()
    }
    levels = ("", "", "", "Avdelingsleder", "Virksomhetsleder", "Kommunalsjef", "Direktør", "Kommunedirektør")
    positions = [
        row
        | {
            "Ledernivå": rng.choice(levels),
            "Årslønn": rng.choice(("", f"{rng.randrange(400_000, 900_000)},{rng.randrange(100):02}", "612 345,5")),
            "Lønnsgruppe": rng.choice(("", "1", "1", "1", "2", "10")),
            "Stillingsprosent": rng.choice((row["Stillingsprosent"], "50", "50")),
            "Ansettelsesform": row["Ansettelsesform"] if row["Stillingsnr"] == "9" else rng.choice(("Fast", "Vikar")),
        }
        for row in renumbered["stillinger"]
    ]
    leaves = list(renumbered["permisjoner"])
    for row in rng.sample(positions, 10):
        first = date(as_of.year - rng.randrange(3), 12, 31) - timedelta(rng.choice((0, 100, 250, 340)))
        kind = rng.choice(("Foreldrepermisjon", "Foreldrepermisjon", "Ulønnet permisjon"))
        leaves += [
            {
                "Ansattnr": row["Ansattnr"],
                "Stillingsnr": rng.choice(("", row["Stillingsnr"])),
                "Permisjonstype": kind,
                "Fra dato": dmy(first + timedelta(delay)),
                "Til dato": rng.choice(("", dmy(first + timedelta(delay + rng.randrange(400))))),
                "Permisjonsprosent": rng.choice(("100", "100", "60", "40", "99")),
                "Dekningsgrad": rng.choice(("", "80", "100")) if kind == "Foreldrepermisjon" else "",
            }
            for delay in (0, rng.randrange(1, 60))
        ]
    return renumbered | {"stillinger": positions, "permisjoner": leaves}


@pytest.mark.parametrize("changes", [{}, {"full_time_threshold": 62.5, "min_persons": 3}], ids=["settings", "other settings"])
@over_seeds(few=1, many=10)
def test_marts_are_the_oracle_s(builds: Builds, changes: dict[str, float], seed: int) -> None:
    feeds, as_of = random_feeds(seed)
    feeds = with_leaders_pay_and_leave(feeds, as_of, seed)
    built = builds.built(
        lambda landing: write_delivery(landing, feeds, extract_date=as_of), small_cells_withheld_alone_without_dbt, **changes
    )
    grains = {mart.name: mart.grain for mart in tables_of(load_manifest())}
    with built.reading() as con:
        for table, expected in person_tables(feeds, as_of, PersonSettings(**changes)).items():
            grain, names = grains[table], list(next(iter(expected.values())))
            values = [f"served.{name}" if name == "withheld" else f"mart.{name}" for name in names]
            rows = con.execute(
                f"select {', '.join([*grain, *values])} from marts.{table} as mart "
                f"inner join served.{table} as served using ({', '.join(grain)})"
            ).fetchall()
            got = {row[: len(grain)]: dict(zip(names, row[len(grain) :], strict=True)) for row in rows}
            assert got.keys() == expected.keys(), table
            for key, cell in expected.items():
                for name, value in cell.items():
                    wanted = value if value is None or isinstance(value, str) else pytest.approx(float(value), rel=1e-12)
                    assert got[key][name] == wanted, (table, key, name)


@pytest.mark.parametrize(
    ("changes", "formula"),
    [({}, "≥ 80 /"), ({"full_time_threshold": 62.5, "min_persons": 3}, "≥ 62,5 /")],
    ids=["settings", "other settings"],
)
def test_definitions_say_the_night_s_settings(builds: Builds, changes: dict[str, float], formula: str) -> None:
    feeds, as_of = random_feeds(1)
    built = builds.built(
        lambda landing: write_delivery(landing, feeds, extract_date=as_of), small_cells_withheld_alone_without_dbt, **changes
    )
    with built.reading() as con:
        texts = con.execute(
            "select measure, formula, formula_en from served.metric_definitions where formula is not null"
        ).fetchall()
        defined = con.execute("select table_name, measure, name, name_en from served.metric_definitions").fetchall()
    names = {(table, measure): (name, name_en) for table, measure, name, name_en in defined}
    assert [text for text in texts if "{" in "".join(text)] == []
    assert formula in next(norwegian for measure, norwegian, _ in texts if measure == "full_time_80_percent")
    # What the Parquet files and the manifest call a measure is what metric_definitions calls it.
    tables = [with_settings(table, built.settings) for table in tables_of(load_manifest())]
    said = [words for table in tables for measure in table.measures.values() for words in (measure.of, measure.by)]
    said += [words for table in tables for words in table.descriptions.values()]
    assert [words for words in said if "{" in words or "short_term_max_days" in words] == []
    assert names == {(table.name, name): (of.name, of.name_en) for table in tables for name, of in table.measures.items()}
    assert f"{formula[2:-2]} % og mer" in names["full_time_by_unit", "full_time_80_percent"][0]
