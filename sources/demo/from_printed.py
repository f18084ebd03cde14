"""The feeds made from what documents print about the real municipality: surveys, benchmarks and targets.
Every figure in printed_figures.csv is as printed; what is invented beside them says so here.
"""

import json

import pandas as pd

from sources.tenfactor.workbook import factor_names

# Invented: of the round of 2021 only scores and percents were printed, not how many were asked; areas as printed, in order.
ASKED_2021 = (227, 2908, 2442, 458, 124, 391, 17)
# Invented: units of the round of 2021 with a code; answers asked and given, the last below the floor of the house.
WARDS_2021 = (("310202", "Bråset avd 1", 41, 27), ("310203", "Bråset avd 2", 48, 36), ("310209", "Bråset fagteam", 9, 4))
# Invented: doctor-certified percents of a table of Statistics Norway, first quarter to last; None is not printed.
SSB_REGIONS = {
    "3201": ("Bærum", (6.3, 5.4, 4.6, 6.0)),
    "3203": ("Asker", (8.4, 7.4, 6.1, None)),
    "3301": ("Drammen", (7.1, 6.2, 5.3, 6.8)),
    "4601": ("Bergen", (8.7, 7.8, 6.6, 8.3)),
}
SSB_QUARTERS = ("2023K1", "2023K2", "2023K3", "2023K4")
SSB_SEXES = {"0": ("Begge kjønn", 1.0), "1": ("Menn", 0.65), "2": ("Kvinner", 1.11)}


def sammenligning(printed: pd.DataFrame) -> pd.DataFrame:
    """All benchmark figures; the source is named in the peer where the document quotes another."""
    found = _values(printed, "benchmark")
    quoted = found["peer"].str.extract(r"\((\w+)\)$", expand=False)
    return pd.DataFrame(
        {
            "Indikator": found["indicator"],
            "Periode": found["period"],
            "Sammenligningsenhet": found["peer"],
            "Verdi": found["value"],
            "Kilde": quoted.fillna(found["document"]),
        }
    )


def maltall(printed: pd.DataFrame) -> pd.DataFrame:
    """The targets of all decisions that name a unit, also those a later one supersedes."""
    found = _values(printed, "target", "document")
    found = found[found["org_unit"] != ""]
    return pd.DataFrame(
        {
            "Indikator": found["indicator"],
            "Nivå": found["org_level"],
            "Enhet": found["org_unit"],
            "År": found["period"],
            "Mål": found["value"],
            "Vedtak": found["document"],
            "Vedtatt dato": found["published_on"],
        }
    )


def survey_2023(printed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The round of 2023 as printed, in long form and under the first set of factor names."""
    taking_part = _taking_part(printed)
    scores = _scores(printed, "2023")
    norway = scores[scores["peer"] == "Norge"].set_index("factor_no")["value"]
    scores = scores[scores["peer"] == ""]
    factors = pd.DataFrame(
        {
            "Enhet": scores["org_unit"],
            "Faktor": scores["factor_no"],
            "Navn": [factor_names()[factor][0] for factor in scores["factor_no"]],
            "Snitt": scores["value"],
            "Antall svar": scores["org_unit"].map(taking_part["Svar"]),
            "Norge": scores["factor_no"].map(norway),
        }
    )
    return {"Deltakelse": taking_part.reset_index(), "Faktorer": factors}


def survey_2021(printed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The round of 2021 with the printed scores and percents, in wide form and under the other set of factor names."""
    percents = _tenfactor(printed, "response_percent", "2021").astype(int)
    asked = pd.Series([sum(ASKED_2021), *ASKED_2021], index=percents.index)
    answers = (asked * percents / 100).round().astype(int)
    answers.iloc[0] = answers.iloc[1:].sum()
    wards = pd.DataFrame(WARDS_2021, columns=["Enhetskode", "Enhet", "Planlagte svar", "Svar"]).set_index("Enhet")
    taking_part = pd.concat([pd.DataFrame({"Enhetskode": "", "Planlagte svar": asked, "Svar": answers}), wards])
    scores = _scores(printed, "2021").pivot_table(index="org_unit", columns="factor_no", values="value", sort=False)
    for place, ward in enumerate(wards.index):
        scores.loc[ward] = (scores.loc["03 - Velferd"] + 0.1 * (place - 1)).round(1)
    # The national scores of 2021 were not printed; those of 2023 stand in.
    now = _scores(printed, "2023")
    scores.loc["Norge"] = now[now["peer"] == "Norge"].set_index("factor_no")["value"]
    wide = scores.sort_index(axis=1).rename(columns={factor: names[-1] for factor, names in factor_names().items()})
    wide.insert(0, "Antall svar", taking_part["Svar"])
    wide.insert(0, "Enhetskode", taking_part["Enhetskode"])
    return {"Deltakelse": taking_part.reset_index(names="Enhet"), "Faktorer": wide.reset_index(names="Enhet")}


def ssb_12451() -> str:
    """A small JSON-stat2 dataset; `value` is the sparse form, and a cell without a value has a status."""
    values, statuses = {}, {}
    cells = ((percent, factor) for _, row in SSB_REGIONS.values() for _, factor in SSB_SEXES.values() for percent in row)
    for place, (percent, factor) in enumerate(cells):
        if percent is None:
            statuses[str(place)] = ".."
        else:
            values[str(place)] = round(percent * factor, 1)
    labels = {
        "Region": {code: name for code, (name, _) in SSB_REGIONS.items()},
        "Kjonn": {code: name for code, (name, _) in SSB_SEXES.items()},
        "ContentsCode": {"SykefravProsent": "Legemeldt sykefravær (prosent)"},
        "Tid": {quarter: quarter for quarter in SSB_QUARTERS},
    }
    dataset = {
        "version": "2.0",
        "class": "dataset",
        "label": "12451: Legemeldt sykefravær, etter region, kjønn, statistikkvariabel og kvartal (oppdiktede tall)",
        "source": "arsverk demo",
        "id": list(labels),
        "size": [len(label) for label in labels.values()],
        "role": {"time": ["Tid"], "geo": ["Region"], "metric": ["ContentsCode"]},
        "dimension": {
            name: {"label": name.lower(), "category": {"index": list(label), "label": label}} for name, label in labels.items()
        },
        "value": values,
        "status": statuses,
    }
    return json.dumps(dataset, ensure_ascii=False, indent=1)


def _values(printed: pd.DataFrame, source: str, *beside: str) -> pd.DataFrame:
    """The values that a feed gives: no changes, directions or bounds, and of a cell that is printed again the first alone.

    Args:
        beside: columns that make it another cell, as the decision does of a target.
    """
    found = printed[(printed["source"] == source) & (printed["kind"] == "figure")]
    columns = list(found.columns)
    cell = columns[columns.index("indicator") : columns.index("value")]
    return found[found["period"].str.match(r"\d{4}(-Q[1-4]|-\d{2})?$")].drop_duplicates([*cell, *beside])


def _tenfactor(printed: pd.DataFrame, indicator: str, year: str) -> pd.Series:
    """The figures of a round by the unit's printed name."""
    found = _values(printed, "tenfactor")
    return found[(found["indicator"] == indicator) & (found["period"] == year)].set_index("org_unit")["value"]


def _taking_part(printed: pd.DataFrame) -> pd.DataFrame:
    counts = {
        header: _tenfactor(printed, indicator, "2023").astype(int)
        for header, indicator in (("Planlagte svar", "planned_responses"), ("Svar", "responses"))
    }
    return pd.DataFrame(counts).rename_axis("Enhet")


def _scores(printed: pd.DataFrame, year: str) -> pd.DataFrame:
    found = _values(printed, "tenfactor")
    found = found[(found["indicator"] == "score") & (found["period"] == year)]
    return found.assign(value=found["value"].str.replace(",", ".")).astype({"factor_no": int, "value": float})
