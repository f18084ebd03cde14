"""A small random municipality as delivered text rows: valid by feeds.md, nasty by design, fixed by its seed.

Here belongs: making rows (and nothing about what they should add up to). Every recipe below aims at a rule of
metrics.md 1-4 where a calculation easily goes wrong. All people, names and numbers are invented; the national
identity numbers are synthetic (month + 80).
"""

from datetime import date, timedelta
from pathlib import Path
from random import Random

from tests.municipalities.files import Delivery, Row, write_delivery

Feeds = Delivery

EASTER = {
    2020: date(2020, 4, 12),
    2021: date(2021, 4, 4),
    2022: date(2022, 4, 17),
    2023: date(2023, 4, 9),
    2024: date(2024, 3, 31),
    2025: date(2025, 4, 20),
    2026: date(2026, 4, 5),
}
FORMS = (
    "Fast",
    "Vikar",
    "Midlertidig",
    "Lærling",
    "Timelønnet",
    "Tilkallingsvikar",
    "Oppdragstaker",
    "Folkevalgt",
)
PERCENTS = ("100", "100", "100", "80", "75", "60", "50", "35,5", "33,33", "20", "12,75", "0")
JOBS = {"7174": "Sykepleier", "6572": "Assistent", "7962": "Lærer", "8451": "Leder", "6014": "Renholder"}
GROUPS = ("Barneskole", "Ungdomsskole", "SFO", "Spesialavdeling")
FIRST_NAMES = ("Prøvine", "Eksempla", "Testulf", "Modellina", "Skissar", "Utkastine", "Mønstrid", "Fiktivar")
LAST_NAMES = ("Prøvestad", "Eksempelvik", "Testemoen", "Modellhaug", "Skisseli", "Utkastnes", "Fiktivøy")


def days(number: int) -> timedelta:
    return timedelta(days=number)


def dmy(day: date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else ""


def from_dmy(text: str) -> date:
    day, month, year = text.split(".")
    return date(int(year), int(month), int(day))


def identity_number(rng: Random, born: date, sex: str) -> str:
    """Synthetic fødselsnummer: month + 80, the century's number range, a sex digit, ordinary check digits."""
    while True:
        individual = rng.randrange(250) * 2 + (sex == "M") + (500 if born.year >= 2000 else 0)
        text = f"{born.day:02}{born.month + 80:02}{born.year % 100:02}{individual:03}"
        for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)):
            check = -sum(weight * int(digit) for weight, digit in zip(weights, text, strict=False)) % 11
            text += "X" if check == 10 else str(check)
            if check == 10:
                break  # no such number: draw again
        if "X" not in text:
            return text


# --- organisation ------------------------------------------------------------------------------------------


def units(rng: Random, start: date) -> list[Row]:
    """Five levels, branches that skip some, groups at different heights (one overridden below itself)."""
    rows: list[Row] = []

    def add(level: str, parent: str, group: str = "") -> str:
        code = str(1000 + 10 * len(rows))
        rows.append(
            {
                "Enhetskode": code,
                "Enhetsnavn": f"{level.capitalize()} {code}",
                "Nivå": level,
                "Overordnet": parent,
                "Gruppe": group,
                "Gyldig fra": dmy(start - days(rng.randrange(1000, 3000))),
                "Gyldig til": "",
            }
        )
        return code

    groups = rng.sample(GROUPS, 4)
    top = add("kommune", "")
    school = add("tjenesteområde", top, rng.choice(("", groups[3])))
    care = add("tjenesteområde", top)
    chief = add("kommunalsjefområde", school)
    first = add("virksomhet", chief, groups[0])
    add("avdeling", first)
    add("avdeling", first, groups[1])  # overrides the group above it
    skipping = add("virksomhet", care)  # no kommunalsjefområde between
    for _ in range(rng.randrange(4)):
        add("avdeling", skipping, rng.choice(("", groups[0], groups[2])))
    extras = (("avdeling", care), ("avdeling", top), ("virksomhet", chief), ("virksomhet", top))
    for level, parent in rng.sample(extras, rng.randrange(4)):
        add(level, parent, rng.choice(("", groups[2])))
    return rows


# --- people and positions ----------------------------------------------------------------------------------


def people(rng: Random, as_of: date) -> list[Row]:
    """Birth years crowd around the borders of the age bands; some birthdays are 1 January and 31 December.

    The youngest were over 13 on the first day of the earliest position.
    """
    rows: list[Row] = []
    taken: set[str] = set()
    for number in range(rng.randrange(25, 46)):
        age = rng.choice((23, 23, 24, 25, 26, 34, 35, 36, 44, 45, 50, 54, 55, 57, 64, 65, 66, 67))
        year = as_of.year - age
        born = rng.choice((date(year, 1, 1), date(year, 1, 1) + days(rng.randrange(365)), date(year, 12, 31)))
        sex = rng.choice("KKM")
        identity = identity_number(rng, born, sex)
        while identity in taken:
            identity = identity_number(rng, born, sex)
        taken.add(identity)
        rows.append(
            {
                "Ansattnr": str(501 + 3 * number),
                "Fødselsnummer": identity,
                "Navn": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
                "Kjønn": sex,
                "Fødselsdato": dmy(born),
            }
        )
    return rows


def positions(rng: Random, persons: list[Row], codes: list[str], start: date, as_of: date) -> list[Row]:
    """About 60 validity rows. The last person has none; position numbers repeat from person to person."""
    rows: list[Row] = []
    main_job = rng.choice(list(JOBS))
    dense = rng.random() < 0.3  # mostly full positions of one job: the only way over 30 årsverk of a job code
    percents = (*PERCENTS, *(["100"] * 60 if dense else []))
    limited = 0.15 if dense else 0.3
    used_numbers: dict[str, int] = {}

    def add(person: str) -> None:
        used_numbers[person] = used_numbers.get(person, 0) + 1
        valid_from = start - days(rng.randrange(1, 2500))
        if rng.random() < limited:
            valid_from = start + days(rng.randrange((as_of - start).days + 60))  # some start after the as-of date
        valid_to = None
        if rng.random() < limited:
            valid_to = valid_from + days(rng.choice((0, 40, 200, 700, 2600)))
        job = main_job if rng.random() < (0.95 if dense else 0.7) else rng.choice(list(JOBS))
        form = FORMS[len(rows)] if len(rows) < len(FORMS) else rng.choice((*FORMS[:1] * 14, *FORMS))
        rows.append(
            {
                "Ansattnr": person,
                "Stillingsnr": str(used_numbers[person]),
                "Enhetskode": rng.choice(codes),
                "Stillingskode": job,
                "Stillingstittel": JOBS[job],
                "Ansettelsesform": form,
                "Stillingsprosent": rng.choice(percents),
                "Gyldig fra": dmy(valid_from),
                "Gyldig til": dmy(valid_to),
                "Årslønn": rng.choice(("", "512 000", "604350,50", "478000")),
                "Lønnsgruppe": rng.choice(("", *map(str, range(1, 11)))),
                "Ledernivå": rng.choice(("",) * 9 + ("Avdelingsleder",)),
                "Ønsker større stilling": rng.choice(("", "Ja", "Nei")),
            }
        )

    def split() -> None:
        """A change of percent, unit, form or job within a month, sometimes after a gap."""
        row = rng.choice(rows)
        first = from_dmy(row["Gyldig fra"])
        last = from_dmy(row["Gyldig til"]) if row["Gyldig til"] else as_of + days(20)
        change = max(first, start) + days(rng.randrange(1, (as_of - start).days))
        gap = rng.choice((0, 0, 0, 1, 9))
        if not first < change < last - days(gap):
            return
        later = row | {"Gyldig fra": dmy(change + days(gap))}
        row["Gyldig til"] = dmy(change - days(1))
        later["Stillingsprosent"] = rng.choice(percents)
        if rng.random() < 0.5:
            later["Enhetskode"] = rng.choice(codes)
        if rng.random() < limited:
            later["Ansettelsesform"] = rng.choice(FORMS[:5])
        if rng.random() < limited:
            later["Stillingskode"] = rng.choice(list(JOBS))
            later["Stillingstittel"] = JOBS[later["Stillingskode"]]
        rows.append(later)

    for person in persons[:-1]:
        add(person["Ansattnr"])
    several = [rng.choice(persons[:-1])["Ansattnr"] for _ in range(8)]
    for person_number in several:
        add(person_number)  # simultaneous positions
    wanted = rng.randrange(58, 66)
    while len(rows) < wanted:
        split()
    rng.shuffle(rows)
    return rows


# --- absences and leaves -----------------------------------------------------------------------------------


def weekday_between(rng: Random, first: date, last: date, weekday: int) -> date:
    day = first + days(rng.randrange((last - first).days - 7))
    return day + days((weekday - day.weekday()) % 7)


def absences(rng: Random, persons: list[Row], jobs: list[Row], start: date, as_of: date) -> list[Row]:
    rows: dict[tuple[str, ...], Row] = {}  # no exact copies
    numbers: dict[str, list[str]] = {person["Ansattnr"]: [] for person in persons}
    for job in jobs:
        numbers[job["Ansattnr"]] = sorted({*numbers[job["Ansattnr"]], job["Stillingsnr"]})
    several = [person for person, own in numbers.items() if len(own) > 1]
    span = (as_of - start).days
    person = ""

    def add(first: date, last: date | None, kind: str = "", percent: str = "", position: str | None = None) -> None:
        if position is None:
            position = rng.choice(("", "", rng.choice(numbers[person] or [""])))
        row = {
            "Ansattnr": person,
            "Stillingsnr": position,
            "Fraværstype": kind or rng.choice(("Egenmelding", "Sykmelding")),
            "Fra dato": dmy(first),
            "Til dato": dmy(last),
            "Fraværsprosent": percent or rng.choice(("100", "100", "100", "80", "50", "40", "20", "62,5", "1")),
        }
        rows[tuple(row.values())] = row

    def any_day() -> date:
        return start + days(rng.randrange(span))

    def plain() -> None:
        first = any_day()
        add(first, first + days(rng.choice((0, 1, 2, 4, 7, 20, 60, 200))))

    def border_length() -> None:
        first = any_day()
        add(first, first + days(rng.choice((14, 15, 16))))  # 15, 16, 17 days

    def over_weekend() -> None:
        """Friday to Monday is one spell, to Tuesday two; together 15, 16 or 17 days long."""
        monday = weekday_between(rng, start + days(14), as_of, 0)
        first = monday - days(rng.choice((5, 7, 9)))
        add(first, monday - days(rng.choice((1, 2, 3))))
        add(monday + days(rng.choice((0, 0, 0, 1))), first + days(rng.choice((14, 15, 16))))

    def over_easter() -> None:
        sunday = rng.choice([day for day in EASTER.values() if start < day < as_of])
        add(sunday - days(rng.choice((6, 9, 12))), sunday - days(rng.choice((4, 4, 5))))  # to Wednesday or Tuesday
        add(sunday + days(rng.choice((1, 2, 2, 3))), sunday + days(rng.choice((4, 8, 9))))  # Tuesday works

    def over_christmas() -> None:
        year = rng.randrange(start.year, as_of.year)
        add(date(year, 12, rng.choice((13, 18))), date(year, 12, rng.choice((23, 24))))
        add(date(year, 12, rng.choice((27, 28))), date(year, 12, rng.choice((28, 29, 30))))

    def over_new_year() -> None:
        year = rng.randrange(start.year, as_of.year)
        add(date(year, 12, rng.choice((20, 31))), date(year + 1, 1, rng.choice((1, 2, 4, 5, 20))))

    def overlapping_kinds() -> None:
        first = any_day()
        add(first, first + days(rng.choice((5, 7))), "Egenmelding", rng.choice(("100", "60", "50")), "")
        add(
            first + days(2),
            first + days(rng.choice((8, 15, 16))),
            "Sykmelding",
            rng.choice(("100", "50", "70,5")),
        )

    def graded_over_100() -> None:
        first = any_day()
        kind = rng.choice(("Egenmelding", "Sykmelding"))
        add(first, first + days(12), kind, "60", "")
        add(first + days(3), first + days(20), kind, rng.choice(("50", "70,5")), "")

    def nested() -> None:
        """A long one, a short one inside it, one just after the long one: the latest end so far decides."""
        first = any_day()
        add(first, first + days(13), "Sykmelding", "40")
        add(first + days(1), first + days(3))
        add(first + days(14), first + days(rng.choice((14, 15, 16))))

    def across_positions() -> None:
        """Absences of different positions chained into one spell of the person."""
        nonlocal person
        person = rng.choice(several)
        own = rng.sample(numbers[person], 2)
        first = any_day()
        add(first, first + days(9), position=own[0])
        add(first + days(rng.choice((4, 10))), first + days(rng.choice((15, 16, 18))), position=own[1])

    def outside_validity() -> None:
        nonlocal person
        borders = [(job, from_dmy(job[end])) for job in jobs for end in ("Gyldig fra", "Gyldig til") if job[end]]
        job, border = rng.choice([(job, day) for job, day in borders if start < day < as_of])
        person = job["Ansattnr"]
        add(
            max(start, border - days(rng.choice((0, 5, 25)))),
            border + days(rng.choice((0, 4, 30))),
            position="",
        )
        add(max(start, border + days(rng.choice((-20, 1)))), border + days(40), position=job["Stillingsnr"])

    def before_the_first_day() -> None:
        """An absence before the person's first position, continued in it: no days lost, yet in the spell."""
        nonlocal person
        begun: dict[str, date] = {}
        for job in jobs:
            first = from_dmy(job["Gyldig fra"])
            begun[job["Ansattnr"]] = min(first, begun.get(job["Ansattnr"], first))
        late = [one for one, day in begun.items() if start + days(20) < day < as_of - days(10)]
        person = rng.choice(late or list(begun))
        first = max(begun[person], start + days(20))
        add(first - days(10), first - days(1), position="")
        add(first, first + days(rng.choice((4, 5, 6, 7))), position="")

    def to_the_end() -> None:
        first = as_of - days(rng.choice((0, 3, 14, 15, 16, 90)))
        add(first, rng.choice((None, as_of, as_of + days(10))))

    def after_the_end() -> None:
        """One that ends at the as-of date, or the Friday before, and its sequel, which is still unknown."""
        weekday = as_of.weekday()
        end = as_of - days(max(0, weekday - 4))
        add(end - days(rng.choice((14, 15, 15, 16))), end, position="")
        next_workday = 7 - weekday if weekday >= 4 else 1
        first = as_of + days(rng.choice((next_workday, next_workday, 20)))
        add(first, rng.choice((None, first + days(5))))

    def other_kinds() -> None:
        first = rng.choice((any_day(), start - days(rng.randrange(400))))  # early ones must not set first_year
        add(first, first + days(rng.randrange(4)), rng.choice(("Sykt barn", "Velferd")), "100")

    recipes = (
        *(plain, plain, border_length, over_weekend, over_easter, over_christmas, over_new_year),
        *(
            overlapping_kinds,
            graded_over_100,
            nested,
            across_positions,
            outside_validity,
            before_the_first_day,
        ),
        *(to_the_end, after_the_end, after_the_end, other_kinds, other_kinds),
    )
    wanted = rng.randrange(112, 128)
    turn = 0
    while len(rows) < wanted:
        person = rng.choice(persons)["Ansattnr"]
        recipes[turn % len(recipes)]()
        turn += 1
    result = list(rows.values())
    rng.shuffle(result)
    return result


def leaves(rng: Random, persons: list[Row], jobs: list[Row], sick: list[Row], start: date, as_of: date) -> list[Row]:
    """Half of them lie over a sick absence; some add up to more than 100."""
    rows: dict[tuple[str, ...], Row] = {}
    wanted = rng.randrange(23, 29)
    while len(rows) < wanted:
        person = rng.choice(persons)["Ansattnr"]
        first = start - days(60) + days(rng.randrange((as_of - start).days + 90))
        if rng.random() < 0.5:
            absence = rng.choice(sick)
            person = absence["Ansattnr"]
            first = from_dmy(absence["Fra dato"]) + days(rng.randrange(-10, 5))
        kind = rng.choice(("Foreldrepermisjon", "Ulønnet permisjon", "Utdanningspermisjon"))
        own = sorted({job["Stillingsnr"] for job in jobs if job["Ansattnr"] == person})
        last = first + days(rng.choice((0, 6, 30, 120, 250)))
        for percent in rng.choice((("100",), ("100",), ("50",), ("20",), ("33,33",), ("80",), ("60", "70"), ("1", "40"))):
            row = {
                "Ansattnr": person,
                "Stillingsnr": rng.choice(("", "", *own[:2])),
                "Permisjonstype": kind,
                "Fra dato": dmy(first),
                "Til dato": dmy(last) if rng.random() < 0.85 else "",
                "Permisjonsprosent": percent,
                "Dekningsgrad": rng.choice(("80", "100")) if kind == "Foreldrepermisjon" else "",
            }
            rows[tuple(row.values())] = row
    return list(rows.values())


def random_feeds(seed: int) -> tuple[Feeds, date]:
    """The five required payroll feeds and their as-of date: mid-month, about 2.5 years after the start."""
    rng = Random(seed)
    as_of = date(min(rng.randrange(2023, 2027), 2025), rng.randrange(1, 13), rng.randrange(10, 21))
    start = as_of - days(rng.randrange(850, 970))
    organisation = units(rng, start)
    persons = people(rng, as_of)
    jobs = positions(rng, persons, [row["Enhetskode"] for row in organisation], start, as_of)
    sick = absences(rng, persons, jobs, start, as_of)
    return {
        "organisasjon": organisation,
        "ansatte": persons,
        "stillinger": jobs,
        "fravaer": sick,
        "permisjoner": leaves(rng, persons, jobs, sick, start, as_of),
    }, as_of


def write_random(landing: Path, seed: int) -> tuple[Feeds, date]:
    """Write the random feeds of a seed as delivered files; returns them and their as-of date."""
    feeds, as_of = random_feeds(seed)
    write_delivery(landing, feeds, extract_date=as_of)
    return feeds, as_of
