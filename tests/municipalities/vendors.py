"""Writes a municipality's rows of the dialect in the shapes of the payroll profiles beside the default.
Not here: tests, or which rows a municipality has (random_municipality.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.municipalities.files import Row, csv_text
from tests.municipalities.random_rows import Feeds, from_dmy


def iso(text: str, open_end: str = "") -> str:
    return from_dmy(text).isoformat() if text else open_end


def plain(text: str) -> str:
    """A number with decimal point."""
    return text.replace(" ", "").replace(",", ".")


def write_rows(path: Path, rows: list[Row]) -> None:
    path.write_bytes(csv_text(list(rows[0]), rows).encode("cp1252"))


def days_of(row: Row, as_of: date) -> list[date]:
    """The days of an absence; one that lasts is delivered up to the extract date."""
    first = from_dmy(row["Fra dato"])
    last = from_dmy(row["Til dato"]) if row["Til dato"] else max(first, as_of)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def visma_code(row: Row, length: int) -> str:
    if kind := row.get("Fraværstype"):
        codes = {"Egenmelding": "EM", "Sykmelding": "SU" if length < 17 else "SO", "Sykt barn": "BPU", "Velferd": "VF"}
        return codes[kind]
    codes = {"Foreldrepermisjon": "FP1" if row["Dekningsgrad"] == "100" else "FP8", "Utdanningspermisjon": "PS"}
    return codes.get(row["Permisjonstype"], "PU")


def visma_days(delivered: Feeds, as_of: date) -> list[Row]:
    """A row a person and day; of every third absence with a copy of each row for a smaller position."""
    rows = []
    for number, row in enumerate([*delivered["fravaer"], *delivered["permisjoner"]]):
        days = days_of(row, as_of)
        code = visma_code(row, len(days))
        for day in days:
            one = {
                "FraværId": str(number),
                "AnsattId": row["Ansattnr"],
                "StillingId": row["Stillingsnr"],
                "Fraværskode": f"xxx{code}" if number % 5 == 0 else code,
                "Dato": day.isoformat(),
                "Fraværsprosent": plain(row.get("Fraværsprosent") or row["Permisjonsprosent"]),
                "Stillingsprosent": "80.0",
            }
            smaller = one | {"StillingId": "99", "Fraværsprosent": "1", "Stillingsprosent": "9.5"}
            rows += [one] if number % 3 else [one, smaller] if number % 2 else [smaller, one]
    return rows


def write_visma(folder: Path, delivered: Feeds, as_of: date) -> None:
    def write(name: str, rows: list[Row]) -> None:
        write_rows(folder / f"{name}_{as_of:%Y%m%d}.csv", rows)

    def ends(row: Row) -> Row:
        return {"FraDato": iso(row["Gyldig fra"]), "TilDato": iso(row["Gyldig til"], "9999-12-31")}

    unit_names = {"Enhetskode": "EnhetId", "Enhetsnavn": "Navn", "Nivå": "Type", "Overordnet": "OverordnetId"}
    units = [{new: row[old] for old, new in unit_names.items()} | ends(row) for row in delivered["organisasjon"]]
    write("Enheter", [new | {"Gruppe": row["Gruppe"]} for new, row in zip(units, delivered["organisasjon"], strict=True)])
    write(
        "Personer",
        [
            {
                "AnsattId": row["Ansattnr"],
                "Personnummer": row["Fødselsnummer"],
                "Navn": row["Navn"],
                "Kjønn": {"K": "F", "M": "M"}[row["Kjønn"]],
                "Født": iso(row["Fødselsdato"]),
            }
            for row in delivered["ansatte"]
        ],
    )
    kept = ("Stillingskode", "Ansettelsesform", "Lønnsgruppe", "Ledernivå")
    write(
        "Stillinger",
        [
            {"AnsattId": row["Ansattnr"], "StillingId": row["Stillingsnr"], "EnhetId": row["Enhetskode"]}
            | {"Tittel": row["Stillingstittel"], "Prosent": plain(row["Stillingsprosent"]), "Årslønn": plain(row["Årslønn"])}
            | {name: row[name] for name in kept}
            | {"ØnskerMer": {"Ja": "1", "Nei": "0", "": ""}[row["Ønsker større stilling"]]}
            | ends(row)
            for row in delivered["stillinger"]
        ],
    )
    write("Turnus_fravær", visma_days(delivered, as_of))


def unit4_resources(delivered: Feeds) -> list[Row]:
    """Unit, person and position on every row; units and persons without a position have a row of their own."""
    open_end = "31.12.2099"

    def unit(row: Row) -> Row:
        names = {"Enhetskode": "Koststed", "Enhetsnavn": "Koststednavn", "Nivå": "Koststednivå"}
        names |= {"Overordnet": "Overordnet koststed", "Gruppe": "Koststedgruppe", "Gyldig fra": "Koststed fra"}
        return {new: row[old] for old, new in names.items()} | {"Koststed til": row["Gyldig til"] or open_end}

    def person(row: Row) -> Row:
        cells = {"Ressursnr": row["Ansattnr"], "Fødselsnr": row["Fødselsnummer"], "Navn": row["Navn"]}
        return cells | {"Kjønn": {"K": "Kvinne", "M": "Mann"}[row["Kjønn"]], "Fødselsdato": row["Fødselsdato"]}

    types = ("Fast", "Vikar", "Midlertidig", "Lærling", "Timelønnet", "Tilkallingsvikar", "Oppdragstaker", "Folkevalgt")
    units = {row["Enhetskode"]: unit(row) for row in delivered["organisasjon"]}
    persons = {row["Ansattnr"]: person(row) for row in delivered["ansatte"]}
    rows = []
    for row in delivered["stillinger"]:
        names = {"Stillingsnr": "Stillingsløpenr", "Stillingskode": "Stillingskode", "Stillingstittel": "Stilling"}
        names |= {"Stillingsprosent": "Stillingsprosent", "Gyldig fra": "Dato fra", "Årslønn": "Årslønn"}
        names |= {"Lønnsgruppe": "Lønnsgruppe", "Ledernivå": "Ledernivå"}
        rows.append(
            {**units[row["Enhetskode"]], **persons[row["Ansattnr"]], **{new: row[old] for old, new in names.items()}}
            | {"Dato til": row["Gyldig til"] or open_end, "Ønsker mer": row["Ønsker større stilling"][:1]}
            | {"Ressurstype": str(types.index(row["Ansettelsesform"]) + 1), "Arbeidstid": "33,6"}
        )
    alone = [*units.values(), *persons.values()]
    return [dict.fromkeys(rows[0], "") | row for row in [*rows, *alone]]


def write_unit4(folder: Path, delivered: Feeds, as_of: date) -> None:
    write_rows(folder / f"ressurser_{as_of}.csv", unit4_resources(delivered))
    codes = {"Egenmelding": "10,1", "Sykmelding": "10,2", "Sykt barn": "20", "Velferd": "30"}
    for name, feed, kind, percent in (
        ("fravaersposter", "fravaer", "Fraværstype", "Fraværsprosent"),
        ("permisjonsposter", "permisjoner", "Permisjonstype", "Permisjonsprosent"),
    ):
        rows = [
            {"Ressursnr": row["Ansattnr"], "Stillingsløpenr": row["Stillingsnr"], "Prosent": row[percent]}
            | {"Dato fra": row["Fra dato"], "Dato til": row["Til dato"] or "31.12.2099"}
            | (
                {"Fraværskode": codes[row[kind]]}
                if feed == "fravaer"
                else {kind: row[kind], "Dekningsgrad": row["Dekningsgrad"]}
            )
            for row in delivered[feed]
        ]
        write_rows(folder / f"{name}_{as_of}.csv", rows)


def midnight(text: str, open_end: str | None = None) -> str | None:
    return f"{iso(text)}T00:00:00Z" if text else open_end


def hundredths(text: str) -> int | None:
    return int(Decimal(plain(text)) * 100) if text else None


def identifier(text: str) -> dict[str, str]:
    return {"identifikatorverdi": text}


def write_entries(path: Path, entries: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"_embedded": {"_entries": entries}, "total_items": len(entries)}), encoding="utf-8")


def write_fint(folder: Path, delivered: Feeds, as_of: date) -> None:
    def period(row: Row, first: str, last: str) -> dict[str, Any]:
        found = {"start": midnight(row[first]), "slutt": midnight(row[last])}
        return {name: value for name, value in found.items() if value}  # FINT leaves out what is empty

    def employment(row: Row) -> dict[str, Any]:
        return {
            "stillingsnummer": row["Stillingsnr"],
            "arbeidssted": identifier(row["Enhetskode"]),
            "stillingskode": {"kode": row["Stillingskode"]},
            "stillingstittel": row["Stillingstittel"],
            "arbeidsforholdstype": row["Ansettelsesform"],
            "ansettelsesprosent": hundredths(row["Stillingsprosent"]),
            "arslonn": hundredths(row["Årslønn"]),
            "lonnsgruppe": row["Lønnsgruppe"] or None,
            "lederniva": row["Ledernivå"] or None,
            "onskerMer": {"Ja": True, "Nei": False, "": None}[row["Ønsker større stilling"]],
            "gyldighetsperiode": {
                "start": midnight(row["Gyldig fra"]),
                "slutt": midnight(row["Gyldig til"], "9999-12-31T00:00:00Z"),
            },
        }

    def person(row: Row) -> dict[str, Any]:
        own = [employment(job) for job in delivered["stillinger"] if job["Ansattnr"] == row["Ansattnr"]]
        whole = {
            "ansattnummer": identifier(row["Ansattnr"]),
            "person": {
                "fodselsnummer": identifier(row["Fødselsnummer"]),
                "navn": row["Navn"],
                "kjonn": {"K": "2", "M": "1"}[row["Kjønn"]],
                "fodselsdato": midnight(row["Fødselsdato"]),
            },
            "_links": {"self": [{"href": "https://fint.example/a"}, {"href": "https://fint.example/b"}]},
        }
        return whole | ({"arbeidsforhold": own if len(own) > 1 else own[0]} if own else {})

    units = [
        {
            "organisasjonsId": identifier(row["Enhetskode"]),
            "navn": row["Enhetsnavn"],
            "organisasjonstype": row["Nivå"],
            "overordnet": identifier(row["Overordnet"]) if row["Overordnet"] else None,
            "gruppe": row["Gruppe"],
            "gyldighetsperiode": period(row, "Gyldig fra", "Gyldig til"),
        }
        for row in delivered["organisasjon"]
    ]
    codes = {"Egenmelding": "EM", "Sykmelding": "SM", "Sykt barn": "SB", "Velferd": "VE"}
    shared = [
        {"ansattnummer": identifier(row["Ansattnr"]), "stillingsnummer": row["Stillingsnr"] or None}
        | {"periode": period(row, "Fra dato", "Til dato")}
        | {"prosent": hundredths(row.get("Fraværsprosent") or row["Permisjonsprosent"])}
        | (
            {"fravarstype": {"kode": codes[row["Fraværstype"]]}}
            if "Fraværstype" in row
            else {"permisjonstype": row["Permisjonstype"], "dekningsgrad": hundredths(row["Dekningsgrad"])}
        )
        for row in [*delivered["fravaer"], *delivered["permisjoner"]]
    ]
    write_entries(folder / f"organisasjonselement_{as_of}.json", units)
    write_entries(folder / f"personalressurs_{as_of}.json", [person(row) for row in delivered["ansatte"]])
    write_entries(folder / f"fravar_{as_of}.json", shared[: len(delivered["fravaer"])])
    write_entries(folder / f"permisjon_{as_of}.json", shared[len(delivered["fravaer"]) :])


WRITERS: dict[str, Callable[[Path, Feeds, date], None]] = {"visma": write_visma, "unit4": write_unit4, "fint": write_fint}
