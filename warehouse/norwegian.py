"""What columns and values are called in Norwegian, for the workbook and for Superset.
Not here: measures, whose names metric_definitions has.
"""

HEADINGS = {
    "age_group": "Aldersgruppe",
    "age_group_sort": "Aldersgruppe, rekkefølge",
    "aldersgruppe": "Aldersgruppe",
    "area": "Tjenesteområde",
    "basis": "Grunnlag",
    "days_per_fte": "Dagsverk per årsverk",
    "decided_on": "Vedtatt",
    "decision": "Vedtak",
    "depth": "Dybde",
    "employment_form": "Ansettelsesform",
    "factor_name": "Faktor",
    "factor_no": "Faktornummer",
    "indicator": "Indikator",
    "is_leaf": "Nederst",
    "is_nested": "Inne i eget nivå",
    "is_partial": "Foreløpig",
    "is_remainder": "Øvrige",
    "job_code": "Stillingskode",
    "job_title": "Stilling",
    "leader_level": "Ledernivå",
    "leave_coverage": "Dekningsgrad",
    "length_band": "Lengde i dager",
    "length_band_sort": "Lengde i dager, rekkefølge",
    "level_1": "Kommune",
    "level_2": "Tjenesteområde",
    "level_3": "Kommunalsjefområde",
    "level_4": "Virksomhet",
    "level_5": "Avdeling",
    "measure": "Mål",
    "month": "Måned",
    "on_track": "I rute",
    "org_level": "Nivå",
    "org_level_sort": "Nivå, rekkefølge",
    "org_unit_code": "Enhetskode",
    "org_unit_name": "Enhet",
    "parent_code": "Overordnet enhet",
    "path": "Sti",
    "pay_group": "Lønnsgruppe",
    "pay_group_name": "Lønnsgruppens navn",
    "peer": "Sammenlignet med",
    "period": "Periode",
    "period_end": "Periodens siste dag",
    "period_start": "Periodens første dag",
    "period_type": "Periodetype",
    "reference_date": "Dato",
    "sex": "Kjønn",
    "sort_order": "Rekkefølge i treet",
    "source": "Kilde",
    "superseded_by": "Avløst av",
    "withheld": "Skjult",
    "year": "År",
}
PERIOD_TYPES = {
    "month": "måned",
    "quarter": "kvartal",
    "half_year": "halvår",
    "year": "år",
    "year_to_date": "hittil i år",
    "rolling_12": "tolv måneder",
}
BASES = {"employer": "arbeidsgiver", "sector": "sektor", "residents": "bosatte"}
SOURCES = {"payroll": "lønn", "pai": "PAI"}
# Of printed figures in `reconciliation`.
STATUSES = {
    "match": "lik",
    "mismatch": "ulik",
    "contradicted": "trykt ulikt",
    "withheld": "vises ikke",
    "not_covered": "ingen data",
}
# Units of printed figures that say it themselves; the others are measured as what they are of.
PRINTED_UNITS = {
    "percent": "prosent",
    "percentage_points": "prosentpoeng",
    "percent_change": "prosent",
    "million_nok": "millioner kroner",
}
# Units of counts, where there is one.
OF_ONE = {
    "kalenderdager": "kalenderdag",
    "kroner": "krone",
    "permisjoner": "permisjon",
    "personer": "person",
    "rader": "rad",
    "stillinger": "stilling",
    "tilfeller": "tilfelle",
    "timer": "time",
    "uker": "uke",
}


def with_unit(shown: str, unit: str) -> str:
    """A number as it is shown, with its unit as a Norwegian reader expects it: `1 person`, `2 personer`, `2. plass`.

    Of a figure that is measured as another one ("som indikatoren") nothing is known, when it is not known which.
    """
    if unit == "plass":
        return f"{shown}. {unit}"
    if unit.startswith("som "):
        return shown
    return f"{shown} {OF_ONE.get(unit, unit) if shown in ('1', '-1') else unit}"
