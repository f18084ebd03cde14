"""Random municipalities of 60 to 1 500 employees that change from night to night, for disclosure control.
Not here: what must hold of their publications (test_nights.py).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

from tests.municipalities.by_hand import Municipality

AS_OF = date(2024, 9, 30)
FIRST = date(2023, 1, 1)
JOBS = ("7174", "6572", "7962", "6014", "8451")
GROUPS = ("Barneskole", "SFO")
HOURS = "Ansattnr;Enhetskode;Måned;Lønnsart;Timer;Beløp"
TARGETS = "Indikator;Nivå;Enhet;År;Mål;Vedtak;Vedtatt dato"
# Feeds that a town may deliver beside the required ones.
OPTIONAL = ("variable_timer", "pai", "maltall")


@dataclass
class Person:
    """An employee with one position."""

    number: int
    sex: str
    born: int
    unit: str
    job: str
    percent: int
    form: str
    first: date
    last: date | None = None


@dataclass
class Town:
    """A municipality: units as code → (level, parent, group, name), people, and their absences as text rows."""

    draw: Random
    units: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    absences: list[tuple[int, str, date, date, int]] = field(default_factory=list)
    as_of: date = AS_OF
    next_number: int = 1000
    # Whether units moved or merged in the last change.
    is_reorganised: bool = False

    @staticmethod
    def random(seed: int, employees: int) -> Town:
        """A town of its own for each seed."""
        draw = Random(seed)
        town = Town(draw)
        with_groups, with_leaders, nested = draw.random() < 0.6, draw.random() < 0.6, draw.random() < 0.4
        town.units["1"] = ("kommune", "", "", "Asker kommune")
        areas = [f"1{n}" for n in range(1, draw.randint(2, 4))]
        for area in areas:
            town.units[area] = ("tjenesteområde", "1", "", f"Område {area}")
        count = max(3, round(employees / draw.choice((8, 15, 25, 40))))
        for n in range(count):
            code = f"2{n:03}"
            group = draw.choice((*GROUPS, "", "")) if with_groups else ""
            town.units[code] = ("virksomhet", draw.choice(areas), group, f"Virksomhet {code}")
            for k in range(draw.choice((0, 0, 2, 3))):
                town.units[f"{code}{k}"] = ("avdeling", code, "", f"Avdeling {code}{k}")
            if nested and draw.random() < 0.2:
                town.units[f"{code}9"] = ("virksomhet", code, "", f"Virksomhet {code}9")
        bottom = town.bottom()
        weights = [draw.uniform(0.1, 1) ** 2 for _ in bottom]
        for _ in range(employees):
            town.hire(draw.choices(bottom, weights)[0], FIRST - timedelta(draw.randrange(2000)))
        if with_leaders:
            for code in town.units:
                if code not in bottom and draw.random() < 0.7:
                    town.hire(code, FIRST - timedelta(100), job="8451")
        for person in town.people:
            for _ in range(draw.choice((0, 0, 1, 2, 4))):
                first = FIRST + timedelta(draw.randrange((AS_OF - FIRST).days - 20))
                kind = draw.choice(("Egenmelding", "Sykmelding"))
                last = first + timedelta(draw.choice((0, 1, 2, 6, 20, 60)))
                town.absences.append((person.number, kind, first, min(last, AS_OF), draw.choice((100, 100, 50))))
        return town

    def bottom(self) -> list[str]:
        """Units with no others below them."""
        above = {parent for _, parent, _, _ in self.units.values()}
        return [code for code in self.units if code not in above]

    def hire(self, unit: str, first: date, job: str | None = None) -> None:
        """One more employee."""
        draw = self.draw
        self.people.append(
            Person(
                self.next_number,
                draw.choice("KKKM"),
                draw.randint(1956, 2004),
                unit,
                job or draw.choice(JOBS[:4]),
                draw.choice((100, 100, 80, 50, 20)),
                draw.choice(("Fast", "Fast", "Fast", "Vikar", "Midlertidig")),
                first,
                None if draw.random() < 0.85 else first + timedelta(draw.randrange(200, 2500)),
            )
        )
        self.next_number += 1

    def change(self) -> None:
        """What may happen between two extracts."""
        draw = self.draw
        self.as_of += timedelta(1)
        self.is_reorganised = False
        for _ in range(draw.randint(1, 4)):
            what = draw.choice(("vanish", "appear", "move", "merge", "rename", "absence"))
            if what == "vanish" and len(self.people) > 20:
                gone = self.people.pop(draw.randrange(len(self.people)))
                self.absences = [row for row in self.absences if row[0] != gone.number]
            elif what == "appear":
                self.hire(draw.choice(self.bottom()), draw.choice((FIRST, self.as_of - timedelta(5))))
            elif what == "absence":
                person = draw.choice(self.people)
                first = FIRST + timedelta(draw.randrange(500))
                self.absences.append((person.number, "Sykmelding", first, first + timedelta(9), 100))
            else:
                self._reorganise(what)
                self.is_reorganised |= what != "rename"

    def _reorganise(self, what: str) -> None:
        draw = self.draw
        units = [code for code, (level, *_) in self.units.items() if level == "virksomhet" and len(code) == 4]
        code = draw.choice(units)
        level, parent, group, name = self.units[code]
        if what == "rename":
            self.units[code] = (level, parent, group, name + " ny")
        elif what == "move":
            areas = [unit for unit, (of_level, *_) in self.units.items() if of_level == "tjenesteområde"]
            self.units[code] = (level, draw.choice(areas), group, name)
        elif code in self.bottom() and len(units) > 3:
            others = [unit for unit in self.bottom() if unit != code]
            into = draw.choice(others)
            del self.units[code]
            for person in self.people:
                if person.unit == code:
                    person.unit = into

    def deliver(self, landing: Path, optional: Collection[str] = ()) -> None:
        """Write the extract of the day, with these optional feeds."""
        made = Municipality()
        for code, (level, parent, group, name) in self.units.items():
            made.unit(code, level, parent, group, name)
        for person in self.people:
            number = str(person.number)
            made.rows["ansatte"].append(
                f"{number};0181{person.born % 100:02}{person.number:05};;{person.sex};01.01.{person.born}"
            )
            made.persons.add(number)
            last = f"{person.last:%d.%m.%Y}" if person.last else ""
            made.position(
                number,
                person.unit,
                str(person.percent),
                f"{person.first:%d.%m.%Y}",
                last,
                form=person.form,
                code=person.job,
                title="Stilling " + person.job,
                rest=f"{400000 + 1000 * (person.number % 90)};{1 + person.number % 3};;",
            )
        for number_of, kind, first, end, percent in self.absences:
            made.absence(str(number_of), kind, f"{first:%d.%m.%Y}", f"{end:%d.%m.%Y}", str(percent))
        if "pai" in optional:
            for person in self.people:
                made.pai(2023, person.number, str(person.percent), person.unit, code=person.job)
        made.deliver(landing, self.as_of)
        if "maltall" in optional:
            units = list(self.units.items())
            rows = [
                f"{indicator};{level};{code};{year};6,5;Vedtak 1/22;15.12.2022"
                for code, (level, *_) in [*units[:3], *units[-2:]]
                for year in (2023, 2024)
                for indicator in ("sick_leave_percent", "full_time_100_percent")
            ]
            path = landing / f"maltall_{self.as_of}.csv"
            path.write_text("\n".join([TARGETS, *rows]) + "\n", encoding="utf-8")
        if "variable_timer" in optional:
            rows = [
                f"{person.number};{person.unit};{year}-{month:02};Ekstravakt;{5 + person.number % 40};"
                for person in self.people[::7]
                for year, month in ((2022, 11), (2023, 3), (2024, 5))
            ]
            path = landing / f"variable_timer_{self.as_of}.csv"
            path.write_text("\n".join([HOURS, *rows]) + "\n", encoding="utf-8")
