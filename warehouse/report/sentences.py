"""What rules, reasons and roles say, in Norwegian: sentences of data_quality, reconciliation and trace for those who read the
report and the evidence sheet. Not here: the sentences themselves (contracts, dbt_project, trace), or what columns are called
(warehouse/norwegian.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from warehouse.report.numbers import number

# A pattern and what it says; `\1` is the first part in brackets. The first that fits the whole sentence counts.
Said = Sequence[tuple[str, str]]

RULES: Said = (
    # Of the delivery.
    (r"The optional feed was not delivered; its marts are served empty", "Leveransen er kommet. Uten den er tabellene tomme"),
    (
        r"The newest file of the optional feed is good enough; left out: (.+)",
        r"Den nyeste filen er god nok. Ikke brukt: \1",
    ),
    (r"All columns are known; ignored: (.+)", r"Alle kolonner er kjent. Ikke brukt: \1"),
    (
        r"No two files of the feed hold the same, .+; the same: (.+)",
        r"Filene holder ikke det samme (som når en har feil år i navnet). De samme: \1",
    ),
    (r"Some cell of the table is used; no cell is of: (.+)", r"Noe i tabellen er brukt. Ikke noe i: \1"),
    (
        r"Sick absence lies within the validity of the position; days outside it count for nothing",
        "Sykefraværet ligger innenfor stillingens gyldighet. Dager utenfor teller ikke",
    ),
    (
        r"The person holds a position on some day of the leave, .+; others count for nothing",
        "Personen har en stilling en dag i permisjonen (den som er oppgitt). Andre permisjoner teller ikke",
    ),
    (
        r"A self-certified absence lasts 31 days at most, another sick absence 18 months; longer ones are counted",
        "Egenmeldt fravær varer høyst 31 dager, og annet sykefravær 18 måneder. Lengre fravær telles likevel",
    ),
    (
        r"No position is held in a unit after its last day; the unit and its positions count all the same",
        "Ingen har en stilling i en enhet etter enhetens siste dag. Enheten og stillingene teller likevel",
    ),
    (
        r"The month has begun by the extract date; hours of later months count for nothing",
        "Måneden har begynt ved uttrekket. Timer i senere måneder teller ikke",
    ),
    (
        r"The unit is one of organisasjon, by code or by name, once; others are served under the level ukjent",
        "Enheten er én i organisasjon, etter kode eller navn. Andre står på nivået ukjent",
    ),
    (
        r"The unit is one of organisasjon, by code or by name, once; others have no actual figure",
        "Enheten er én i organisasjon, etter kode eller navn. Mål for andre har ikke noe faktisk tall ved siden av seg",
    ),
    (
        r"The employee number is not that of another person in ansatte than Fødselsnummer; .+",
        "Ansattnummeret er ikke en annen persons i ansatte enn fødselsnummeret. Den som fødselsnummeret sier, telles",
    ),
    (
        r"The unit is one of organisasjon, by code; other positions count in the municipality alone",
        "Enheten står i organisasjon. Andre stillinger teller bare i kommunen",
    ),
    (
        r"The name of the unit is not that of another unit than the code says; the code is taken",
        "Navnet er ikke en annen enhets enn koden sier. Koden er brukt",
    ),
    (
        r"The indicator is a measure of a table; others stand beside no figure of the municipality: (.+)",
        r"Indikatoren er et mål i en tabell. Uten kommunens eget tall ved siden av seg: \1",
    ),
    (
        r"A peer has one figure of an indicator and period, .+; each of several is ranked",
        "En sammenligning har ett tall for en indikator og periode, hvordan den enn er skrevet. Hvert av flere får en plass",
    ),
    (
        r"A decision sets a target once, .+; of several the last row is taken",
        "Et vedtak setter et mål én gang, med enhetens kode eller navn. Av flere er den siste raden brukt",
    ),
    (
        r"The decision is not dated after the file; .+",
        "Vedtaket har ikke en dato etter filens. Det seneste vedtaket gjelder, så et feil år står foran alle riktige",
    ),
    (
        r"The job code is in the list of job codes .+; others are counted all the same",
        "Stillingskoden står i listen over stillingskoder den dagen. Andre telles likevel",
    ),
    (
        r"The pay group is that of the job code in the list of job codes; the delivered one is counted",
        "Lønnsgruppen er den som listen over stillingskoder har for koden. Den leverte er brukt",
    ),
    (
        r"The unit of an alias .+ is one of organisasjon; without effect: (.+)",
        r"Enheten bak et annet navn (enhetsalias.csv) står i organisasjon. Uten virkning: \1",
    ),
    (
        r"The indicator is a measure of a table by unit; others have no actual figure: (.+)",
        r"Indikatoren er et mål i en tabell etter enhet. Uten faktisk tall: \1",
    ),
    (
        r"No later decision has set the same target; superseded targets are kept and say by which",
        "Ingen senere vedtak har satt det samme målet. Mål som er avløst, er tatt vare på",
    ),
    (
        r"The peer is not the municipality itself; its own figure is computed",
        "Sammenligningen er ikke kommunen selv. Kommunens eget tall beregnes",
    ),
    # Of one cell.
    (r"(.+) is filled in", r"\1 er fylt ut"),
    (r"(.+) is a date dd\.mm\.yyyy", r"\1 er en dato, dd.mm.åååå"),
    (r"(.+) is a number with decimal comma", r"\1 er et tall med desimalkomma"),
    (r"(.+) is an amount with decimal comma", r"\1 er et beløp med desimalkomma"),
    (r"(.+) is a whole number", r"\1 er et helt tall"),
    (r"(.+) is between (.+) and (.+)", r"\1 er fra \2 til \3"),
    (r"(.+) is one of (.+)", r"\1 er en av: \2"),
    (r"(.+) is (\d+) or (\d+)", r"\1 er \2 eller \3"),
    (r"(.+) is in the list (.+)", r"\1 står i listen \2"),
    (r"(.+) is not 0", r"\1 er ikke 0"),
    (r"(.+) is yyyy-mm", r"\1 er en måned, åååå-mm"),
    (r"(Tid) is a year, quarter or month \((.+)\)", r"\1 er et år, et kvartal eller en måned (\2)"),
    (r"(Periode) is (.+), (.+) or (.+)", r"\1 er som \2, \3 eller \4"),
    (r"(.+) has three digits", r"\1 har tre siffer"),
    (r"(.+) has four digits", r"\1 har fire siffer"),
    (r"(.+) has eleven digits with valid check digits", r"\1 har elleve siffer med gyldige kontrollsiffer"),
    (r"(.+) has eleven digits, none of them masked", r"\1 har elleve siffer, og ingen av dem er skjult"),
    (r"(.+) is a name of one of the ten factors", r"\1 er navnet på en av de ti faktorene"),
    (r"(.+) is not the name of another factor than Faktor says", r"\1 er ikke navnet på en annen faktor enn Faktor sier"),
    (r"a name has no signs of a wrong encoding \((.+) for (.+), lost letters\)", r"Navn er lest riktig (ikke \1 for \2)"),
    (
        r"a text column holds no date, error value, formula without a value or word for none \(NULL\)",
        "Tekst er ikke dato, feilverdi, tom formel eller et ord for ingenting (NULL)",
    ),
    (r"a quote \(\"\) that the row opens is closed in it", "Anførselstegn som åpnes i en rad, lukkes i den"),
    (r"(.+) is at most a year after the extract", r"\1 er høyst et år etter uttrekket"),
    (r"(.+) is above 1, or 0", r"\1 er over 1, eller 0"),
    (r"(.+) is at least 100000", r"\1 er minst 100 000"),
    (r"(.+) is at least (\d+)", r"\1 er minst \2"),
    # Of a row.
    (r"Fødselsdato is the date in Fødselsnummer", "Fødselsdato er datoen i fødselsnummeret"),
    (r"Kjønn is that in Fødselsnummer, .+", "Kjønn er det i fødselsnummeret (når det ikke er syntetisk)"),
    (r"the row has as many fields as the header", "Raden har like mange felter som overskriften"),
    (r"(.+) is not before the year the person turns (\d+)", r"\1 er ikke før året personen fyller \2"),
    (
        r"(.+) is not after 1 December of the year in the name of the file",
        r"\1 er ikke etter 1. desember i året i filens navn",
    ),
    (
        r"some (.+) of the file that is a percent is above 1, and none above (\d+)",
        r"Noe i filens \1 som er prosent, er over 1, og ikke noe over \2",
    ),
    (r"an absence without Stillingsnr is not there again with one", "Fravær uten stillingsnummer står ikke også med et"),
    (r"(.+) is not before (.+)", r"\1 er ikke før \2"),
    (r"(.+) makes the person (\d+) to (\d+) years old at the extract", r"\1 gjør personen \2 til \3 år ved uttrekket"),
    (r"the file has one row of level kommune", "Filen har én rad på nivået kommune"),
    (r"the level is not above that of the unit above", "Nivået er ikke over nivået til enheten over"),
    (r"(.+) is not above (.+)", r"\1 er ikke over \2"),
    (r"(.+) is filled where (.+) is (.+)", r"\1 er fylt ut der \2 er \3"),
    # Of the file and of others.
    (r"(.+) is not the same in all of (\d+) or more rows", r"\1 er ikke det samme i alle rader når de er \2 eller flere"),
    (
        r"absences begin on Mondays more than on Sundays or Tuesdays",
        "Fravær begynner oftere på en mandag enn på en søndag eller tirsdag",
    ),
    (r"sick absences are self-certified and doctor-certified ones", "Sykefravær er både egenmeldt og legemeldt"),
    (
        r"some absence of a file with many is of more than (\d+) %, and few are of 1 %",
        r"Noe fravær er over \1 % når det er mange, og lite er på 1 %",
    ),
    (
        r"positions begin on the first of a month .+",
        "Stillinger begynner oftere den første i måneden enn dagen ved siden av eller de første dagene i januar",
    ),
    (
        r"some absences of a file with many are of a single day, and few have no end after more than a year",
        "Noe fravær varer én dag når det er mange, og lite er uten slutt etter mer enn et år",
    ),
    (
        r"few positions are between 0 and 1 %, and few persons hold more than (\d+) %",
        r"Få stillinger er mellom 0 og 1 %, og få personer har mer enn \1 % til sammen",
    ),
    (
        r"more rows are of hours worked than of hours taken back",
        "Flere rader er timer som er arbeidet enn timer som er trukket",
    ),
    (
        r"positions of half or less have about the Årslønn of full ones",
        "Stillinger på 50 % eller mindre har omtrent samme årslønn (for 100 %) som hele stillinger",
    ),
    (r"positions end on the last of a month .+", "Stillinger slutter oftere den siste i måneden enn dagen ved siden av"),
    (
        r"of the permanent positions more are full than of 0 %, some position is above (\d+) %, and few are between 0 and 1 %",
        r"Flere faste stillinger er hele enn på 0 %, noen stilling er over \1 %, og få er mellom 0 og 1 %",
    ),
    (
        r"(.+) is not already in the file, or the position is of 0 %",
        r"\1 står ikke i filen fra før, når stillingen er større enn 0 %",
    ),
    (r"(.+) is not already in the file", r"\1 står ikke i filen fra før"),
    (r"(.+) exists in (\w+) \((.+)\)", r"\1 finnes i \2 (\3)"),
    (
        r"the period does not overlap an earlier-starting one of the same (.+)",
        r"Perioden overlapper ingen tidligere med samme \1",
    ),
    (r"following (\S+) never leads back to the same (.+)", r"\1 leder aldri tilbake til samme \2"),
    (r"only the kommune has no (\S+)", r"Bare kommunen er uten \1"),
    (r"a national number has one employee number", "Et fødselsnummer har bare ett ansattnummer"),
    (
        r"Fødselsnummer is no masked number \((.+) or (.+) at its end\) of several employee numbers",
        r"Fødselsnummer er ikke et skjult nummer (\1 eller \2 til slutt) for flere ansatte",
    ),
)
# Of figures that differ. What is computed stands in a column of its own.
DIFFERENCES: Said = (
    (r"The warehouse computes a change of .+, where a rise is printed\.", "Trykt som en økning"),
    (r"The warehouse computes a change of .+, where a fall is printed\.", "Trykt som en nedgang"),
    (r"The warehouse computes .+, which is not above .+", "Trykt som en nedre grense: «over»"),
    (r"The warehouse computes .+, which is not below .+", "Trykt som en øvre grense: «under»"),
    (r"The warehouse computes .+, which is not at least .+", "Trykt som en nedre grense: «minst»"),
    (r"The warehouse computes .+, which is not at most .+", "Trykt som en øvre grense: «høyst»"),
    (r"The warehouse computes .+, which is not about .+", "Trykt som et omtrentlig tall"),
    (r"The warehouse computes .+ (?:more|less) than is printed\.", ""),
    (
        r"The same document's figures of the single pay groups give (\S+) for this cell",
        r"Dokumentets egne tall for lønnsgruppene gir \1",
    ),
    (r"(\S+) is published for the same cell in (\S+) \((.+)\)", r"\1 er trykt for det samme i \2 (\3)"),
    (r"The same target is published for (\d+) in (\S+) \((.+)\)", r"Det samme målet er trykt for \1 i \2 (\3)"),
    (r"(\S+) is set for the same cell by a later decision \((.+)\)", r"\1 er satt av et senere vedtak (\2)"),
)
# What a row is in a figure.
ROLES: Said = (
    (r"person", "person"),
    (r"position", "stilling"),
    (r"position of the other sex", "stilling, det andre kjønnet"),
    (r"position in PAI", "stilling i PAI"),
    (r"position without which the delivery would be refused", "stilling, som leveransen må ha minst én av"),
    (r"latest-starting position of the job code, which gives the title", "stilling som gir stillingskoden navn"),
    (r"person whose sex PAI does not have", "person, for kjønnet som PAI ikke har"),
    (r"leader", "leder"),
    (r"leader of the other sex", "leder, det andre kjønnet"),
    (r"sick absence", "sykefravær"),
    (r"sick absence that makes the spell long-term", "sykefravær som gjør tilfellet langt"),
    (r"first sick absence, which begins the series", "det første sykefraværet, som tallrekken begynner med"),
    (r"leave", "permisjon"),
    (r"leave of a position that does not count on the date", "permisjon fra en stilling som ikke teller den dagen"),
    (r"hours", "timer"),
    (r"hours without which the month has no figures", "timer, som måneden må ha minst én rad av"),
    (r"position that says how many hours a full week is", "stilling som sier hvor mange timer en full uke er"),
    (r"position in PAI without which the year is not compared", "stilling i PAI, som året må ha minst én av"),
    (r"unit and the units above it", "enheten og enhetene over den"),
    (r"unit in the pilot", "enhet i piloten"),
    (r"row of the unit", "enhetens rad"),
    (r"row of the unit in the round before", "enhetens rad i forrige runde"),
    (r"row of the national score", "raden med tallet for Norge"),
    (r"row that the unit is matched to instead", "rad som enheten er knyttet til i stedet"),
    (r"decision", "vedtak"),
    (r"decision that supersedes it", "vedtak som avløser det"),
    (r"year of the same plan", "år i den samme planen"),
    (r"figure", "tall"),
    (r"better figure", "bedre tall"),
    (r"peer without whom there is no comparison", "noen å sammenligne med"),
    (r"printed figure", "trykt tall"),
    (r"figure of another document for the same cell", "tall for det samme i et annet dokument"),
    (r"row of the file", "rad i filen"),
    (r"row of the file, quarantined", "rad i filen, med feil"),
    (r"row that breaks the rule", "rad som ikke følger regelen"),
    (r"further day of the same period", "enda en dag i den samme perioden"),
)
FIGURES_OF = {"sick leave": "sykefravær", "full time": "heltid", "equality": "likestilling"}
# Why a row does not count.
LEFT_OUT: Said = (
    (r"(.+) is no sick leave", r"\1 er ikke sykefravær"),
    (r"(.+) is no parental leave", r"\1 er ikke foreldrepermisjon"),
    *((rf"form of employment (.+) does not count in {of}", rf"\1 teller ikke i {what}") for of, what in FIGURES_OF.items()),
    (r"hours of the kind (.+) count nowhere", r"timer av slaget \1 teller ikke"),
    (r"position percent is 0", "stillingsprosenten er 0"),
    (r"the municipal director", "kommunedirektøren"),
    (r"no (Årslønn|Lønnsgruppe)", r"uten \1"),
    (r"on leave of 100 % on the date", "i 100 % permisjon den dagen"),
    (r"on full leave on every working day of the period", "i 100 % permisjon alle arbeidsdagene i perioden"),
    (r"no working day of the period", "ingen arbeidsdag i perioden"),
    (r"of a spell of another length", "tilfellet har en annen lengde"),
    (r"of another Dekningsgrad", "en annen dekningsgrad"),
    (r"superseded by a later decision", "avløst av et senere vedtak"),
    (r"in the name of the municipality itself, whose figure is computed", "kommunens eget tall, som beregnes"),
    (r"changes nothing in the number", "endrer ikke tallet"),
    (r"changes nothing in the number: another position of the person counts", "endrer ikke tallet: en annen stilling teller"),
    (r"changes nothing in the number: of the other sex", "endrer ikke tallet: det andre kjønnet"),
    (r"changes nothing in the pilot's units, start or end", "endrer ikke pilotens enheter, start eller slutt"),
    (r"changes nothing: its days are covered by other leave", "endrer ikke tallet: dagene er dekket av annen permisjon"),
    (
        r"changes nothing: on days off, outside the position or covered by other leave",
        "endrer ikke tallet: fridager, utenfor stillingen eller dekket av annen permisjon",
    ),
    (
        r"changes nothing: on days off, outside the position, in full leave or covered by other absence",
        "endrer ikke tallet: fridager, utenfor stillingen, i full permisjon eller dekket av annet fravær",
    ),
)
QUARANTINED = re.compile(r"quarantined: breaks \S+ \((.+)\)")
# Why a figure is not shown.
WITHHELD = {
    "primary": "gruppen er for liten",
    "secondary": "en for liten gruppes tall kunne regnes ut av det",
    "running": "lønn vises først når året er omme",
    "follows a withheld cell": "det bygger på et tall som ikke vises",
}


def role(name: str) -> str | None:
    """What a row is in a figure, in Norwegian; None where the role is not known here."""
    return _said(name, ROLES)


def left_out(reason: str) -> str | None:
    """Why a row does not count, in Norwegian; None where the reason is of no form that is known."""
    broken = QUARANTINED.fullmatch(reason)
    if not broken:
        return _said(reason, LEFT_OUT)
    # The rule of a cell says no column there: its words come after it.
    asked = next(filter(None, (rule(text) for text in (broken[1], f"Verdien {broken[1]}"))), None)
    return f"raden har en feil. Regelen: {asked}" if asked else None


def rule(sentence: str) -> str | None:
    """What a rule asks for, in Norwegian; None where the sentence is of no form that is known."""
    return _said(sentence, RULES)


def difference(reason: str) -> str | None:
    """Why a printed figure does not match, in Norwegian; None where the reason is of no form that is known."""
    contradictions = re.sub(r"\.( The warehouse computes \S+\.)?$", "", reason)
    found = [_said(part, DIFFERENCES) for part in (reason, *contradictions.split("; "))]
    if found[0] is not None:
        return found[0]
    return None if None in found[1:] else "; ".join(filter(None, found[1:]))


def _said(sentence: str, said: Said) -> str | None:
    for pattern, words in said:
        if found := re.fullmatch(pattern, sentence):
            return re.sub(r"^-?\d+(\.\d+)?(?= er )|(?<= gir )-?\d+(\.\d+)?$", _as_written, found.expand(words))
    return None


def _as_written(found: re.Match[str]) -> str:
    """A number of a sentence as the report writes numbers: it stands beside them."""
    return number(Decimal(found[0]), len((found[1] or found[2] or ".")[1:]))
