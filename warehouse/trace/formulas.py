"""How each measure is divided: its numerator and denominator, as expressions on a row of its mart.
Not here: the formulas in words, which are published with the figures (dbt_project/seeds/metric_texts.csv).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """A measure that is `factor` × numerator / denominator: SQL on the mart's row, called `cell`, and what each is."""

    numerator: str
    of: str
    denominator: str
    by: str
    factor: int = 1


def _percent(numerator: str, of: str, denominator: str, by: str) -> Ratio:
    return Ratio(numerator, of, denominator, by, 100)


SICK_LEAVE = {
    "fte": Ratio(
        "possible_days",
        "mulige dagsverk",
        """(select any_value(possible_days_per_fte * cast(working_days_in_period as double) / working_days_in_year)
            from intermediate.int_periods as p where p.period_type = cell.period_type and p.period = cell.period)""",
        "dagsverk i periodens ene årsverk",
    ),
} | {
    f"{part}_percent": _percent(days, f"{words} dagsverk", "possible_days", "mulige dagsverk")
    for part, days, words in (
        ("sick_leave", "lost_days", "tapte"),
        ("self_certified", "self_certified_days", "egenmeldte"),
        ("doctor_certified", "doctor_certified_days", "legemeldte"),
        ("short_term", "short_term_days", "korttids"),
        ("long_term", "long_term_days", "langtids"),
    )
}
FULL_TIME = {
    "fte": Ratio("round(fte * 100, 4)", "sum personprosent", "100", "prosent i et årsverk"),
    "average_position_percent": Ratio("round(fte * 100, 4)", "sum personprosent", "headcount", "personer"),
    "full_time_100_percent": _percent("persons_100", "personer med 100 % og mer", "headcount", "personer"),
    "full_time_80_percent": _percent(
        "round(full_time_80_percent * headcount / 100)", "personer fra full_time_threshold", "headcount", "personer"
    ),
    "involuntary_percent": _percent(
        "involuntary_part_time", "ufrivillig deltid", "part_time_answered", "deltidsansatte som har svart"
    ),
}
_BOTH_SEXES = """(select sum({}) from marts.equality_gender_balance as b where b.year = cell.year
    and b.org_level = cell.org_level and b.org_unit_code = cell.org_unit_code)"""
GENDER_BALANCE = {
    "fte": FULL_TIME["fte"],
    "employees_percent": _percent("employees", "ansatte av kjønnet", _BOTH_SEXES.format("employees"), "ansatte"),
    "fte_percent": _percent("fte", "årsverk av kjønnet", _BOTH_SEXES.format("fte"), "årsverk"),
}
LEADERS = {
    "leader_percent": _percent(
        "leaders",
        "ledere av kjønnet",
        """(select sum(leaders) from marts.equality_leaders as b where b.year = cell.year
            and b.leader_level = cell.leader_level)""",
        "ledere på nivået",
    ),
}
PARENTAL_LEAVE = {
    "parental_leave_mean_days": Ratio("parental_leave_days", "dager", "parental_leave_takers", "uttakere"),
    "parental_leave_mean_weeks": Ratio("parental_leave_days", "dager", "7 * parental_leave_takers", "7 × uttakere"),
}
PAY = {
    "women_percent": _percent("women", "kvinners stillinger", "positions", "stillinger"),
    "mean_women": Ratio("round(mean_women * women, 2)", "sum årslønn", "women", "kvinners stillinger"),
    "mean_men": Ratio("round(mean_men * men, 2)", "sum årslønn", "men", "menns stillinger"),
    "mean_all": Ratio("round(mean_all * positions, 2)", "sum årslønn", "positions", "stillinger"),
    "pay_gap_percent": _percent("pay_gap_nok", "lønnsforskjell", "mean_women", "kvinners gjennomsnittslønn"),
    "women_pay_percent": _percent("mean_women", "kvinners gjennomsnittslønn", "mean_men", "menns gjennomsnittslønn"),
}
_POSITIONS_FTE = """(select sum(m.position_percent) / 100 from intermediate.int_substitute_months as m
    where m.worked_month = cell.month and m.unit_code in (
        select unit_code from intermediate.int_unit_ancestry as a
        where a.org_level = cell.org_level and a.org_unit_code = cell.org_unit_code))"""
SUBSTITUTES = {
    "variable_fte": Ratio("round(variable_fte * 1950 / 12, 6)", "timer", "1950.0 / 12", "timer i en måned av 1950 i året"),
    "substitute_percent": _percent(
        "substitute_fte", "vikarårsverk", f"{_POSITIONS_FTE} + variable_fte", "årsverk og variable årsverk"
    ),
}
SURVEY_RESPONSE = {
    "response_percent": _percent("responses", "svar", "planned_responses", "planlagte svar"),
    "previous_response_percent": _percent(
        *(
            part
            for column, words in (("responses", "svar i runden før"), ("planned_responses", "planlagte svar i runden før"))
            for part in (
                f"""(select p.{column} from marts.survey_response as p where p.year = cell.previous_year
                     and p.org_level = cell.org_level and p.org_unit_code = cell.org_unit_code)""",
                words,
            )
        )
    ),
}
PILOTS = {"change_percent": _percent("change_points", "endring i prosentpoeng", "start_value", "verdi ved start")}

RATIOS: Mapping[str, Mapping[str, Ratio]] = {
    **dict.fromkeys(("sick_leave_by_unit", "sick_leave_by_sex", "sick_leave_by_age", "sick_leave_by_job_code"), SICK_LEAVE),
    **dict.fromkeys(("full_time_by_unit", "full_time_by_job_code"), FULL_TIME),
    "equality_gender_balance": GENDER_BALANCE,
    "equality_leaders": LEADERS,
    "equality_parental_leave": PARENTAL_LEAVE,
    "equality_pay": PAY,
    "substitutes_by_unit": SUBSTITUTES,
    "survey_response": SURVEY_RESPONSE,
    "pilots": PILOTS,
}
