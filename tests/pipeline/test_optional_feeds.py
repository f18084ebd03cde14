"""Whole nights with files beside the payroll delivery: published with them, refused for a bad one. Figures: tests/golden."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.commands.run import show_published
from sources.registry import feeds
from tests.municipalities.by_hand import national_number, write_payroll
from tests.municipalities.files import write_lines, write_workbook
from tests.nights import check_evaluations, night
from warehouse.paths import Home
from warehouse.publication import current_publication

PEERS = "Indikator;Periode;Sammenligningsenhet;Verdi;Kilde"
PAI = "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Grunnlønn;Timer per uke"


@pytest.mark.usefixtures("without_dbt", "without_papers")
def test_a_night_with_files_of_other_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    # The absence begins the series in 2022: nothing before it is served.
    write_payroll(home.landing, "2024-01-31", fravaer=["1;;Egenmelding;03.01.2022;03.01.2022;100"])
    write_workbook(
        home.landing / "10faktor_2023.xlsx",
        {
            "Deltakelse": [["Enhet", "Planlagte svar", "Svar"], ["01 - Oppvekst", 20, 10]],
            "Faktorer": [["Enhet", "Antall svar", "Indre motivasjon"], ["Oppvekst", 10, 4.2]],
        },
    )
    for year in (2022, 2023):
        write_lines(home.landing / f"pai_{year}.csv", PAI, [f"{national_number(1)};1;7174;100;F;2110;512000;35,5"])
    write_lines(
        home.landing / "publiserte_tall_2024-01-01.csv",
        "figure_id,document,published_on,source,indicator,period,org_level,org_unit,value,unit,decimals",
        [
            "A-1,Rapport,2024-01-01,tenfactor,responses,2023,tjenesteområde,Oppvekst,10,count,0",
            "A-2,Rapport,2024-01-01,tenfactor,planned_responses,2023,tjenesteområde,Oppvekst,30,count,0",
        ],
    )
    # One bad row of an optional feed stops no night; it is kept apart and counted.
    write_lines(home.landing / "sammenligning_2024-01-01.csv", PEERS, ["sick_leave_percent;i fjor;Bergen kommune;9,6;KS"])
    home.prepare()
    published = night(home)
    show_published(home, published)
    assert capsys.readouterr().out.splitlines()[-7:] == [
        "Reconciliation of 2 printed figures (marts.reconciliation), by what stands behind the computed one",
        "                   computed      ratio  delivered   no table",
        "  match                   0          0          1          0",
        "  mismatch                0          0          1          0",
        "  contradicted            0          0          0          0",
        "  not_covered             0          0          0          0",
        "  withheld                0          0          0          0",
    ]
    with duckdb.connect(str(home.served_database), read_only=True) as con:
        scores = con.execute("select org_unit_code, score from main.survey_factor_scores").fetchall()
        inputs = con.execute("select file_name from main.inputs where feed in ('pai', '10faktor') order by 1").fetchall()
        targets = con.execute("select count(*) from main.targets").fetchall()
        peers = con.execute("select rows_loaded, rows_quarantined from main.inputs where feed = 'sammenligning'").fetchall()
    assert (scores, targets) == ([("O", 4.2)], [(0,)])
    assert inputs == [("10faktor_2023.xlsx",), ("pai_2022.csv",), ("pai_2023.csv",)]
    assert peers == [(0, 1)]
    assert published == current_publication(home)
    _all_rules_are_checks(home)


def _all_rules_are_checks(home: Home) -> None:
    """Every rule of every feed left a check result, of feeds that have not come as well. The new mismatch is warned of, and the
    bad row.
    """
    seen = check_evaluations(home)
    assert {(f"raw/{feed.name}", rule.name) for feed in feeds().values() for rule in feed.rules} <= seen.keys()
    warnings = {check.check_name: check for check in seen.values() if not check.passed}
    assert warnings.keys() == {"no_new_mismatch", "period_year_quarter_or_month"}
    assert {check.severity for check in warnings.values()} == {dg.AssetCheckSeverity.WARN}
    assert warnings["period_year_quarter_or_month"].metadata["rows_failed"].value == 1
    assert warnings["no_new_mismatch"].metadata["figures"].value == {
        "A-2": "The warehouse computes 20, 10 less than is printed."
    }
