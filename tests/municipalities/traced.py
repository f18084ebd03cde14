"""A municipality whose rows are few enough to say by hand which of them make a cell, with every feed.
Not here: the expected rows, which stand in test_trace.py beside each cell.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from tests.municipalities.by_hand import Municipality, national_number
from tests.municipalities.files import write_lines, write_workbook

AS_OF = date(2024, 1, 31)
# So late that there are few months: a test tries every cell.
OPENING = "01.11.2023"
# Refused is what has lost all rows of a feed: else a row that is taken out would seldom get so far as a number.
QUARANTINE_SHARE = 0.99
# Little is withheld: units below 0.15 årsverk.
SETTINGS = {
    "min_fte_unit": 0.15,
    "min_fte_job_code": 0,
    "age_bands": [40],
    "min_persons": 0,
    "min_responses": 0,
    "max_quarantine_share": QUARANTINE_SHARE,
}


def deliver(landing: Path) -> None:
    """Write the delivery of 31 January 2024 and the files beside it. The comments number the rows as the files do."""
    town = Municipality()
    town.unit("K", "kommune", name="Asker kommune")  # 1
    town.unit("V", "tjenesteområde", "K", name="Velferd")  # 2
    town.unit("V1", "virksomhet", "V", "Sykehjem", name="Solhaug sykehjem")  # 3
    town.unit("V2", "virksomhet", "V", name="Bråset sykehjem")  # 4
    town.unit("O", "tjenesteområde", "K", name="Oppvekst")  # 5
    for number, sex, born in (
        ("1", "K", "01.01.1985"),
        ("2", "K", "01.01.1970"),
        ("3", "M", "01.01.1990"),
        ("4", "M", "01.01.1985"),
        ("5", "M", "01.01.1960"),
        ("6", "K", "01.01.1995"),
        ("7", "K", "01.01.1985"),
    ):
        town.person(number, sex, born)
    paid = "600000;2;;"
    town.position("1", "V1", first="20.11.2023", rest=paid)  # 1: comes from V2
    town.position("2", "V1", "60", first=OPENING, code="6572", title="Assistent", rest="400000;1;;Ja")  # 2
    town.position("2", "V2", "40", first=OPENING, number="2", rest=paid)  # 3
    town.position("3", "V1", "50", first=OPENING, form="Timelønnet", rest=paid)  # 4
    town.position("4", "O", first=OPENING, code="7962", title="Lærer", rest="650000;3;;")  # 5: on full leave
    town.position("5", "V2", first="15.01.2024", form="Vikar", title="Spesialsykepleier", rest=paid)  # 6
    town.position("6", "O", first=OPENING, code="7962", title="Lærer", rest="650000;3;Virksomhetsleder;")  # 7
    town.position("7", "V1", "0", first=OPENING, rest=paid)  # 8
    town.position("1", "V2", first=OPENING, last="19.11.2023", rest=paid)  # 9: before 1
    # 10: begins after the extract, so that it gives the code no title
    town.position("3", "V1", "50", first="15.02.2024", number="2", form="Timelønnet", title="Fagsykepleier", rest=paid)
    town.absence("6", "Egenmelding", "20.11.2023", "22.11.2023")  # 1: begins the series
    town.absence("1", "Sykmelding", "20.12.2023", "31.12.2023")  # 2: with 3 a spell of 22 days
    town.absence("1", "Sykmelding", "01.01.2024", "10.01.2024")  # 3
    town.absence("2", "Egenmelding", "08.01.2024", "09.01.2024")  # 4: covered by 5
    town.absence("2", "Sykmelding", "08.01.2024", "12.01.2024")  # 5: of both positions
    town.absence("1", "Sykt barn", "15.01.2024", "15.01.2024")  # 6
    town.absence("4", "Sykmelding", "08.01.2024", "12.01.2024")  # 7: in full leave
    town.absence("9", "Sykmelding", "08.01.2024", "12.01.2024")  # 8: of nobody, quarantined
    town.absence("6", "Sykmelding", "15.01.2024", "16.01.2024", "60")  # 9: cut to what the leaves leave
    town.absence("5", "Sykmelding", "17.01.2024", "23.01.2024", "60")  # 10
    town.absence("5", "Sykmelding", "22.01.2024", "24.01.2024", "70")  # 11: with 10 more than the whole day
    town.absence("5", "Egenmelding", "23.01.2024", "25.01.2024")  # 12: nothing is left on the 23rd, 30 % on the 24th
    town.absence("5", "Egenmelding", "25.01.2024", "25.01.2024")  # 13: the same day as 12, which is enough
    town.absence("2", "Egenmelding", "30.01.2024", "30.01.2024", position="2")  # 14: of the position in V2 alone
    town.leave("4", "01.12.2023", "31.01.2024")  # 1
    town.leave("6", "01.01.2024", "31.01.2024", "90", "Foreldrepermisjon", coverage="100")  # 2
    town.leave("6", "10.01.2024", "20.01.2024", "5", "Foreldrepermisjon", coverage="100")  # 3: its days are those of 2
    town.deliver(landing, AS_OF)
    _beside_payroll(landing)


def _beside_payroll(landing: Path) -> None:
    write_lines(
        landing / "variable_timer_2024-01-31.csv",
        "Ansattnr;Enhetskode;Måned;Lønnsart;Timer;Beløp",
        ["1;V1;2024-01;Overtid;13;", "3;V1;2024-01;Ekstravakt;65;", "6;O;2024-01;Overtid;0;", "1;V1;2023-12;Ukjent;5;"],
    )
    write_lines(
        landing / "pai_2023.csv",
        "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Enhetskode;Grunnlønn;"
        "Utdanningskode;Timer per uke",
        [
            f"{national_number(1)};1;7174;60;F;2110;V1;512000;299;35,5",
            f"{national_number(2)};2;7174;100;F;2110;;512000;;35,5",  # without a unit: the municipality's
            f"{national_number(1)};1;7174;40;F;2110;V2;512000;499;35,5",
            f"{national_number(3)};3;7174;0;F;2110;V1;512000;699;35,5",
        ],
    )
    asked = ["Enhet", "Enhetskode", "Planlagte svar", "Svar"]
    for year, rows in (
        (2023, [["Velferd", None, 30, 20], ["Solhaug sykehjem", "V1", 10, 8]]),
        (2024, [["Oppvekst", None, 40, 30], ["09 - Velferd", None, 28, 21], ["Ukjent enhet", None, 9, 7]]),
    ):
        write_workbook(
            landing / f"10faktor_{year}.xlsx",
            {
                "Deltakelse": [asked, *rows],
                "Faktorer": [
                    ["Enhet", "Enhetskode", "Antall svar", "Oppgavemotivasjon", "Faktor 10"],
                    ["Oppvekst", None, 30, 4.1, 4.5],
                    ["Velferd", None, 21, 4.2 if year == 2023 else 4.4, 4.6],
                    ["Norge", None, None, 4.3, 4.7],
                ],
            },
        )
    write_lines(
        landing / "sammenligning_2024-01-15.csv",
        "Indikator;Periode;Sammenligningsenhet;Verdi;Kilde",
        [
            "sick_leave_percent;2023;Bergen kommune;0,0;Bergens årsrapport",
            "sick_leave_percent;2023;Oslo kommune;99,0;Oslos årsrapport",
            "sick_leave_percent;2023;Asker kommune;9,0;KS",
            "sick_leave_percent;2023;Lier kommune;99,0;Liers årsrapport",  # 4: as many as 2, which it is no better than
        ],
    )
    dataset = {
        "version": "2.0",
        "class": "dataset",
        "id": ["Region", "ContentsCode", "Tid"],
        "size": [2, 1, 2],
        "role": {"time": ["Tid"], "geo": ["Region"], "metric": ["ContentsCode"]},
        "dimension": {
            "Region": {"category": {"index": ["3201", "3203"], "label": {"3201": "Bærum", "3203": "Asker"}}},
            "ContentsCode": {"category": {"label": {"Sykefr": "Legemeldt sykefravær (prosent)"}}},
            "Tid": {"category": {"index": {"2023K3": 0, "2023K4": 1}, "label": {"2023K3": "2023K3", "2023K4": "2023K4"}}},
        },
        "value": {"0": 5.1, "1": 5.2, "2": 6.1, "3": 6.2},
    }
    (landing / "ssb_12451_2024-01-15.json").write_text(json.dumps(dataset), encoding="utf-8")
    write_lines(
        landing / "maltall_2024-01-01.csv",
        "Indikator;Nivå;Enhet;År;Mål;Vedtak;Vedtatt dato",
        [
            "sick_leave_percent;kommune;Asker kommune;2023;1,8;Handlingsprogram 2023;13.12.2022",
            "sick_leave_percent;kommune;Asker kommune;2023;1,7;Handlingsprogram 2022;14.12.2021",
            "sick_leave_percent;tjenesteområde;Oppvekst;2024;5,0;Handlingsprogram 2024;12.12.2023",
            "sick_leave_percent;kommune;Asker kommune;2030;1,5;Handlingsprogram 2023;13.12.2022",
            # Of something that no table measures, in a year with a survey.
            "apprentices;kommune;Asker kommune;2023;20;Handlingsprogram 2023;13.12.2022",
        ],
    )
    write_lines(
        landing / "piloter_2024-01-01.csv",
        "Enhetskode;Pilot;Startdato;Sluttdato",
        ["V1;Langvakter;10.11.2023;", "O;Skole;10.12.2023;", "V2;Turnus;10.11.2023;31.12.2023"],
    )
    write_lines(
        landing / "publiserte_tall_2024-01-01.csv",
        "figure_id,document,published_on,source,indicator,period,org_level,org_unit,value,unit,decimals",
        [
            'A-1,"Rapport, del 1",2024-01-01,payroll,sick_leave_percent,2023,kommune,Asker kommune,1.8,percent,1',
            "A-2,Rapport,2024-01-01,history,sick_leave_percent,1999,kommune,Asker kommune,7.9,percent,1",
        ],
    )
