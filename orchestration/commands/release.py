"""`arsverk release`: readers get new figures now, whatever the day; a night that releases."""

from __future__ import annotations

from pathlib import Path

import click

from orchestration.commands.common import home_option, landing_option, reason_option, settings_option
from orchestration.commands.run import begin, run_and_show, take_in_what_lies_there


@click.command("release")
@home_option
@settings_option
@landing_option
@reason_option
def command(home_folder: Path, settings_file: Path | None, landing: Path | None, reason: str) -> None:
    """Run the nightly job as a release: publish the figures to the last month end now, before release_day has come.

    With `release = "monthly"` (the default) readers get new figures on the first night from `release_day` on, with the last
    month end as the as-of date; other nights load, guard, build and attack in private. This is for a figure that cannot wait:
    every further release lets readers compare one date more. All gates hold as in any night; where one refuses, the order
    stands for the same files until they are published.

    \b
    For instance:
      arsverk release --reason "budsjettmøtet trenger septembertallene"
    prints what `arsverk run` prints, and at last
      Published: 2024-09-30_20241002T090311123456_1a2b3c4d

    \b
    Exit codes: 0 published, or held: just these figures are served already; the last line says which
                1 refused: the last publication is untouched, the reason is on stderr
                2 wrong usage or settings
    """
    from warehouse.archive import kept_arrivals
    from warehouse.delivery import choose
    from warehouse.release import order

    home = begin(home_folder, settings_file)
    feeds = take_in_what_lies_there(home, settings_file, landing)
    order(home, choose(kept_arrivals(home), feeds, None).delivery, reason)
    run_and_show(home, settings_file, landing, as_of=None)
