"""Which publications the rule keeps, and that what it takes is said in one sentence everywhere."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.builds import Built
from tests.command import arsverk, arsverk_here
from tests.ledgers import publication_made
from warehouse.errors import Refused
from warehouse.history import Publication, publications
from warehouse.ledger import PublicationEntry, append, find_publication, of_kind, read_ledger
from warehouse.paths import Home
from warehouse.publication import current_publication
from warehouse.sdc.attack.command import attack_publication
from warehouse.settings import Settings
from warehouse.thin import kept_publications, thin
from warehouse.verify import verify

TODAY = date(2026, 3, 10)


def nightly(first: date, last: date, accepted: tuple[date, ...] = ()) -> list[Publication]:
    """A publication a night, each served until the next one; its id is the day it was published on."""
    made: list[Publication] = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        entry = publication_made(
            str(day),
            day,
            f"{day}T04:00:00",
            previous=made[-1].entry.publication_id if made else None,
            accepted="sykmeldinger kom sent" if day in accepted else None,
        )
        made.append(Publication(entry, was_served=True, is_current=day == last, inputs=0, purged_inputs=0))
    return made


def test_all_of_sixty_days_then_month_ends_then_year_ends(settings: Settings) -> None:
    made = nightly(date(2018, 5, 1), TODAY)
    kept = sorted(kept_publications(made, settings, TODAY))
    assert [name for name in kept if name >= "2026-01-09"] == [one.entry.publication_id for one in made[-61:]]
    months = [name for name in kept if "2021-03" <= name < "2026-01-09"]
    assert len(months) == 58 and months[0] == "2021-03-31" and months[-1] == "2025-12-31"
    assert [name for name in kept if name < "2021-03"] == ["2018-12-31", "2019-12-31", "2020-12-31"]


def test_the_oldest_month_that_is_kept_is_kept_from_its_first_day_on(settings: Settings) -> None:
    made = [*nightly(date(2021, 2, 1), date(2021, 2, 1)), *nightly(date(2021, 3, 1), date(2021, 3, 1))]
    made = [replace(one, is_current=False) for one in made] + nightly(date(2021, 12, 1), TODAY)
    kept = kept_publications(made, settings, TODAY)
    assert [name for name in sorted(kept) if name < "2021-12"] == ["2021-03-01"]


def test_both_sides_of_an_accepted_restatement_stay(settings: Settings) -> None:
    made = nightly(date(2018, 5, 1), TODAY, accepted=(date(2019, 8, 14),))
    kept = kept_publications(made, settings, TODAY)
    assert {name for name in kept if name.startswith("2019")} == {"2019-08-13", "2019-08-14", "2019-12-31"}


def test_the_served_one_and_the_one_before_it_stay_however_old(settings: Settings) -> None:
    made = nightly(date(2018, 5, 1), date(2018, 5, 20))
    assert kept_publications(made, settings, TODAY) == {"2018-05-19", "2018-05-20"}


def test_one_that_was_never_served_is_no_month_end(settings: Settings) -> None:
    made = nightly(date(2025, 9, 1), TODAY)
    made[29] = replace(made[29], was_served=False)
    kept = kept_publications(made, settings, TODAY)
    assert "2025-09-29" in kept and "2025-09-30" not in kept


@pytest.fixture
def years(small_night: Built, tmp_path: Path) -> Home:
    """A home whose one real publication has three older copies of itself before it, of one month of 2020."""
    home = small_night.copy(tmp_path)
    current = current_publication(home)
    assert current
    (entry,) = of_kind(read_ledger(home), PublicationEntry)
    lines = home.ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    home.ledger.write_text("".join(line for line in lines if '"kind": "publication"' not in line), encoding="utf-8")
    previous = None
    for day in (1, 2, 3):
        name = f"2020-01-0{day}_copy"
        shutil.copytree(home.history / current, home.history / name)
        manifest = home.history / name / "manifest.json"
        manifest.chmod(0o600)
        record = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps({**record, "publication_id": name}), encoding="utf-8")
        manifest.chmod(0o444)
        published_at = f"{date(2020, 1, day)}T04:00:00"
        append(home, [replace(entry, publication_id=name, published_at=published_at, previous_publication=previous)])
        previous = name
    append(home, [replace(entry, previous_publication=previous)])
    return home


def test_what_is_thinned_out_is_gone_and_said_so_in_one_sentence(years: Home, settings: Settings) -> None:
    assert thin(years, settings, TODAY) == ["2020-01-01_copy", "2020-01-02_copy"]
    assert {path.name for path in years.history.iterdir()} == {"2020-01-03_copy", current_publication(years)}
    assert thin(years, settings, TODAY) == []
    assert not [line for line in verify(years) if "2020-01-01" in line or "2020-01-02" in line]
    (first, *_) = publications(years)
    said = f"publication 2020-01-01_copy is gone: it was thinned out {first.thinned_at[:10]}"
    with pytest.raises(Refused, match=said):
        find_publication(years, "2020-01-01_copy")
    with pytest.raises(Refused, match=said):
        attack_publication(years, "2020-01-01_copy")
    for command in (["reproduce"], ["report", "--publication"]):
        done = arsverk_here(*command, "2020-01-01_copy", "--home", years.root)
        assert (done.returncode, done.stdout) == (1, "") and said in done.stderr
    listed = arsverk("history", "--home", years.root)
    assert listed.returncode == 0 and listed.stdout.count("thinned out") == 2
    cell = arsverk("history", "org_units", "org_unit_code=1000", "--home", years.root)
    assert cell.returncode == 0, cell.stderr
    assert cell.stdout.count("its figures are gone") == 2 and cell.stdout.count("parent_code") >= 1


def test_a_thinning_that_broke_off_is_finished(years: Home, settings: Settings) -> None:
    aside = years.root / "aside"
    shutil.copytree(years.history / "2020-01-01_copy", aside)
    thin(years, settings, TODAY)
    aside.rename(years.history / "2020-01-01_copy")
    assert thin(years, settings, TODAY) == []
    assert not (years.history / "2020-01-01_copy").exists()
