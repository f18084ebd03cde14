"""Runs the stages of a night one after the other without Dagster, for tests that look at the figures.
Not here: tests, or anything about the command line and the run's gates (tests/pipeline).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from orchestration.dbt import load_manifest, run_dbt
from sources.payroll.profile import feeds_by
from warehouse.archive import read_ledger, take_in
from warehouse.database import connect
from warehouse.delivery import choose
from warehouse.disclosure import decide, marts_of, mask
from warehouse.load import accept_delivery, load_feed, start_build
from warehouse.paths import Home
from warehouse.publication import describe
from warehouse.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent


def settings_with(folder: Path, **changes: object) -> Settings:
    """The repository's settings with some changed."""
    lines = (ROOT / "arsverk.toml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.split(" = ")[0] not in changes]
    path = folder / "arsverk.toml"
    path.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in changes.items())]) + "\n", encoding="utf-8")
    return read_settings(path)


def build(home: Home, settings: Settings, as_of: date | None = None, *, primary_only: bool = False) -> None:
    """Landing → served tables in the build database.

    `primary_only` serves what the secondary rule withholds, which in a municipality of a few persons is nearly everything.
    """
    home.prepare()
    feeds = feeds_by(settings.payroll_profile)
    take_in(home, home.landing, feeds)
    delivery = choose(read_ledger(home), feeds, as_of).delivery
    start_build(home, settings, feeds, delivery)
    for feed in feeds.values():
        load_feed(home, settings, feed, delivery.of(feed))
    accept_delivery(home, settings, feeds, delivery)
    describe(home, settings, delivery, "no Dagster run")
    run_dbt(
        ["build", "--exclude-resource-type", "unit_test"],
        database=home.build_database,
        target=home.build / "dbt",
        memory_limit=settings.memory_limit,
    )
    marts = marts_of(load_manifest())
    with connect(home.build_database, settings) as con:
        decide(con, marts, settings)
        if primary_only:
            for mart in marts:
                if mart.threshold is not None:
                    con.execute(f"update disclosure.{mart.name} set withheld = null where withheld = 'secondary'")
        mask(con, marts)
