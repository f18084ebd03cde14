"""Payroll profiles: each vendor's shape of a random municipality gives the marts of the default delivery.
Not here: how a profile reads rows (unit/test_profiles.py), or the figures themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from orchestration.dbt import load_manifest
from tests.builds import Builds, small_cells_withheld_alone
from tests.municipalities.files import write_delivery, write_lines, write_workbook
from tests.municipalities.random_rows import Feeds, dmy, random_feeds
from tests.municipalities.vendors import WRITERS
from warehouse.catalogue import tables_of

# What these tables say of the files is another thing for each profile.
OF_THE_DELIVERY = ("publication", "inputs", "data_quality")
MARTS = Path(__file__).parents[2] / "docs" / "marts.md"
SEED = 2
# The profile that `make test` tries, the one that merges rows; `make exhaustive` tries all.
TRIED = "visma"


def write_beside(landing: Path, delivered: Feeds, as_of: date) -> None:
    """A file or more of every feed that no profile reads, about the municipality's people and units."""
    units = [row["Enhetskode"] for row in delivered["organisasjon"]]
    held = delivered["stillinger"]
    months = [f"{as_of.year - 1}-11", f"{as_of.year}-01"]
    kinds = ("Overtid", "Ekstravakt", "Timelønn")
    hours = [
        f"{row['Ansattnr']};{row['Enhetskode']};{months[place % 2]};{kinds[place % 3]};{place + 7},5;"
        for place, row in enumerate({row["Ansattnr"]: row for row in held}.values())
    ]
    write_lines(landing / f"variable_timer_{as_of}.csv", "Ansattnr;Enhetskode;Måned;Lønnsart;Timer;Beløp", hours)
    numbers = {row["Ansattnr"]: row["Fødselsnummer"] for row in delivered["ansatte"]}
    positions = [
        f"{numbers[row['Ansattnr']]};{row['Ansattnr']};{row['Stillingskode']};{row['Stillingsprosent']};F;2110;"
        f"{row['Enhetskode']};500000;35,5"
        for row in held
    ]
    header = "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Enhetskode;Grunnlønn"
    write_lines(landing / f"pai_{as_of.year - 1}.csv", f"{header};Timer per uke", positions)
    survey = {
        "Deltakelse": [["Enhet", "Enhetskode", "Planlagte svar", "Svar"]],
        "Faktorer": [["Enhet", "Antall svar", "Faktor 1"]],
    }
    survey["Deltakelse"] += [[row["Enhetsnavn"], row["Enhetskode"], 30, 20] for row in delivered["organisasjon"]]
    survey["Faktorer"] += [[row["Enhetsnavn"], 20, 4.2] for row in delivered["organisasjon"]]
    write_workbook(landing / f"10faktor_{as_of.year - 1}.xlsx", survey)
    peers = [
        f"{indicator};{as_of.year - 1};Bergen kommune;50;KS" for indicator in ("sick_leave_percent", "full_time_80_percent")
    ]
    write_lines(landing / f"sammenligning_{as_of}.csv", "Indikator;Periode;Sammenligningsenhet;Verdi;Kilde", peers)
    goals = [f"full_time_80_percent;kommune;{units[0]};{as_of.year - 1};60;Handlingsprogram;01.01.2020"]
    write_lines(landing / f"maltall_{as_of}.csv", "Indikator;Nivå;Enhet;År;Mål;Vedtak;Vedtatt dato", goals)
    pilots = [f"{held[0]['Enhetskode']};Heltid;{dmy(as_of.replace(year=as_of.year - 1, day=1))};"]
    write_lines(landing / f"piloter_{as_of}.csv", "Enhetskode;Pilot;Startdato;Sluttdato", pilots)


def marts(builds: Builds, profile: str, write: Callable[[Path, Feeds, date], object]) -> dict[str, list[tuple]]:
    """Every table that says something of the municipality, as computed and as served."""

    def deliver(landing: Path) -> None:
        delivered, as_of = random_feeds(SEED)
        write(landing, delivered, as_of)
        write_beside(landing, delivered, as_of)

    with builds.built(deliver, small_cells_withheld_alone, payroll_profile=f'"{profile}"').reading() as con:
        uneven = con.execute("select * from raw.inputs where rows_delivered <> rows_loaded + rows_quarantined").fetchall()
        assert uneven == [], profile
        # The secondary rule would leave little of so small a municipality.
        return {
            f"{schema}.{mart.name}": con.execute(f"from {schema}.{mart.name} order by all").fetchall()
            for mart in tables_of(load_manifest())
            for schema in ("marts", "served")
            if mart.name not in OF_THE_DELIVERY
        }


@pytest.fixture(scope="module")
def default_marts(builds: Builds) -> dict[str, list[tuple]]:
    def write(landing: Path, delivered: Feeds, as_of: date) -> None:
        write_delivery(landing, delivered, extract_date=as_of)

    return marts(builds, "default", write)


@pytest.mark.parametrize(
    "profile", [pytest.param(profile, marks=pytest.mark.exhaustive if profile != TRIED else ()) for profile in WRITERS]
)
def test_a_vendor_s_files_give_the_marts_of_the_default_delivery(
    builds: Builds, default_marts: dict[str, list[tuple]], profile: str
) -> None:
    got = marts(builds, profile, WRITERS[profile])
    assert got.keys() == default_marts.keys()
    promised = set(re.findall(r"^\| `(\w+)` \|", MARTS.read_text(encoding="utf-8"), re.MULTILINE)) | {"pilots"}
    assert {f"served.{table}" for table in promised - {*OF_THE_DELIVERY, "reconciliation"}} <= got.keys()
    for table, rows in default_marts.items():
        assert rows or table.endswith((".reconciliation", ".restatements")), table
        assert got[table] == rows, table
