"""Hand-made municipalities: a small valid delivery of every required feed, a few units and positions as lines of text, and
`Municipality`, which collects rows and fills in what is not said. Not here: anything random (random_rows.py), expected figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.municipalities.files import PAYROLL, Delivery, header_line, headers, write_lines

# No other row refers to the last one of a feed, and all its columns are filled: a test may break any cell of it.
SMALL_DELIVERY = {
    "organisasjon": """
1000;Asker kommune;kommune;;;01.01.2020;
1100;Oppvekst;tjenesteområde;1000;;01.01.2020;
1110;Østre barneskole;virksomhet;1100;Barneskole;01.01.2020;
1111;Østre SFO;avdeling;1110;SFO;01.01.2020;
1120;Åsen barneskole;virksomhet;1100;Barneskole;01.01.2020;31.12.2029
""",
    "ansatte": """
700411;01818048439;Prøvine Prøvestad;K;01.01.1980
700412;03879107732;Testulf Skisseli;M;03.07.1991
700413;30830270201;Eksempla Testemoen;K;30.03.2002
700414;11906533385;Mønstrid Fiktivøy;M;11.10.1965
""",
    "stillinger": """
700411;1;1110;0951;Rektor;Fast;;100;01.01.2020;31.07.2023;812500;;;
700411;1;1110;0951;Rektor;Fast;37,5;80,5;01.08.2023;;1034567,89;10;Virksomhetsleder;Nei
700412;1;1111;6572;Assistent;Vikar;;33,3333;15.03.2022;;;;;
700413;2;1000;7174;Sykepleier;Midlertidig;35,5;50;01.01.2024;30.06.2025;498000,5;3;Avdelingsleder;Ja
""",
    "fravaer": """
700411;;Egenmelding;04.03.2024;05.03.2024;100
700412;;Sykmelding;01.09.2024;;66,7
700413;2;Sykt barn;12.02.2024;12.02.2024;50
""",
    "permisjoner": """
700412;;Ulønnet permisjon;01.05.2024;;20;
700413;2;Foreldrepermisjon;01.04.2024;30.06.2024;100;80
""",
}
UNITS = [
    "K;Asker kommune;kommune;;;01.01.2020;",
    "O;Oppvekst;tjenesteområde;K;;01.01.2020;",
    "V;Velferd;tjenesteområde;K;;01.01.2020;",
    "V1;Solhaug sykehjem;virksomhet;V;;01.01.2020;",
    "V2;Bråset sykehjem;virksomhet;V;;01.01.2020;",
]
# PAI as most of the tests deliver it; a file may leave out what the contract does not require.
PAI_HEADER = header_line(
    "pai",
    without=(*("PAI-år", "Faste tillegg", "Variable tillegg", "Overtid", "Utdanningskode", "Lønnsansiennitetsdato"),),
)
PAI_WITH_EDUCATION = header_line(
    "pai", without=("PAI-år", "Faste tillegg", "Variable tillegg", "Overtid", "Lønnsansiennitetsdato")
)


def small_delivery() -> Delivery:
    """A fresh copy of a valid delivery of the five required feeds."""
    return {
        feed: [dict(zip(headers(feed), line.split(";"), strict=True)) for line in text.strip().splitlines()]
        for feed, text in SMALL_DELIVERY.items()
    }


def write_payroll(landing: Path, day: str, **feeds: Sequence[str]) -> None:
    """The five required files of one extract date, from lines in the contracts' order; units default to UNITS.

    Lines may leave out their last cells. Persons are made from the positions: number n is a woman born in 1980
    when n is odd, else a man.
    """
    positions = feeds.get("stillinger", ["1;1;V1;7174;Sykepleier;Fast;100;01.01.2020;"])
    numbers = sorted({int(line.split(";")[0]) for line in positions})
    persons = [f"{n};{national_number(n)};Navn {n};{'KM'[n % 2 == 0]};01.02.1980" for n in numbers]
    content: dict[str, Sequence[str]] = {"organisasjon": UNITS, "ansatte": persons, "fravaer": [], "permisjoner": [], **feeds}
    content["stillinger"] = positions
    for name in PAYROLL:
        header = header_line(name)
        padded = [line + ";" * (header.count(";") - line.count(";")) for line in content[name]]
        write_lines(landing / f"{name}_{day}.csv", header, padded)


def national_number(n: int) -> str:
    """The n-th synthetic number (month +80) born 1 February 1980 whose check digits exist."""
    found = 0
    for individual in range(1000):
        digits = [int(digit) for digit in f"018280{individual:03d}"]
        first = 11 - sum(w * d for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), digits, strict=True)) % 11
        first = 0 if first == 11 else first
        second = 11 - sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), [*digits, first], strict=True)) % 11
        second = 0 if second == 11 else second
        if first < 10 and second < 10:
            found += 1
            if found == n:
                return "".join(map(str, [*digits, first, second]))
    raise ValueError(f"there are not {n} such numbers")


@dataclass
class Municipality:
    """Collects rows in the text of the dialect. A person is made when first named by a position."""

    rows: dict[str, list[str]] = field(default_factory=lambda: {feed: [] for feed in PAYROLL})
    persons: set[str] = field(default_factory=set)
    pai_rows: dict[int, list[str]] = field(default_factory=dict)

    def unit(self, code: str, level: str, parent: str = "", group: str = "", name: str = "") -> None:
        self.rows["organisasjon"].append(f"{code};{name or code};{level};{parent};{group};01.01.2000;")

    def person(self, number: str, sex: str = "K", born: str = "01.01.1985") -> None:
        self.persons.add(number)
        # Check digits of invented numbers do not matter: a failing one is a warning.
        self.rows["ansatte"].append(f"{number};{born[:2]}81{born[8:]}00000;;{sex};{born}")

    def position(
        self,
        person: str,
        unit: str,
        percent: str = "100",
        first: str = "01.01.2023",
        last: str = "",
        *,
        number: str = "1",
        form: str = "Fast",
        code: str = "7174",
        title: str = "Sykepleier",
        rest: str = ";;;",
    ) -> None:
        if person not in self.persons:
            self.person(person)
        self.rows["stillinger"].append(f"{person};{number};{unit};{code};{title};{form};{percent};{first};{last};{rest}")

    def absence(self, person: str, kind: str, first: str, last: str, percent: str = "100", position: str = "") -> None:
        self.rows["fravaer"].append(f"{person};{position};{kind};{first};{last};{percent}")

    def leave(
        self,
        person: str,
        first: str,
        last: str,
        percent: str = "100",
        kind: str = "Ulønnet permisjon",
        *,
        position: str = "",
        coverage: str = "",
    ) -> None:
        self.rows["permisjoner"].append(f"{person};{position};{kind};{first};{last};{percent};{coverage}")

    def pai(
        self,
        year: int,
        person: int,
        percent: str,
        unit: str = "",
        *,
        form: str = "F",
        code: str = "7174",
        education: str = "",
    ) -> None:
        """A position in PAI, of a person whom payroll need not know."""
        row = f"018185{person:05};{person};{code};{percent};{form};2530;{unit};500000;{education};35,5"
        self.pai_rows.setdefault(year, []).append(row)

    def deliver(self, landing: Path, extract_date: date) -> None:
        """Write the files as UTF-8 CSV."""
        for feed, rows in self.rows.items():
            text = "\n".join([header_line(feed), *rows]) + "\n"
            (landing / f"{feed}_{extract_date}.csv").write_text(text, encoding="utf-8")
        for year, rows in self.pai_rows.items():
            (landing / f"pai_{year}.csv").write_text("\n".join([PAI_WITH_EDUCATION, *rows]) + "\n", encoding="utf-8")
