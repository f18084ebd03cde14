"""Contract of the feed stillinger: one row a position and validity period."""

import pandas as pd
import pandera.pandas as pap

from sources.contract import (
    MANY_ROWS,
    Feed,
    amount,
    between,
    check,
    date,
    date_order,
    integer,
    matches,
    no_overlap,
    of_file,
    one_of,
    percent,
    text,
    unique_rows,
    varies,
)
from sources.signs import (
    HOURS,
    are_fractions,
    are_percents,
    begin_as_positions_do,
    end_as_positions_do,
    is_pay_of_own_percent,
    outnumbered,
)

EMPLOYMENT_FORMS = (
    "Fast",
    "Vikar",
    "Midlertidig",
    "Lærling",
    "Timelønnet",
    "Tilkallingsvikar",
    "Oppdragstaker",
    "Folkevalgt",
)
LEADER_LEVELS = ("Avdelingsleder", "Virksomhetsleder", "Kommunalsjef", "Direktør", "Kommunedirektør")

known_leader_level = one_of(
    *LEADER_LEVELS, remedy="correct the leader level; the row is loaded, but counts at no leader level", severity="warning"
)

# No position has so little at 100 %: a month's pay, or thousands of kroner.
LEAST_SALARY = 100_000
of_one_year = check(
    lambda salaries: (salaries < 0) | (salaries >= LEAST_SALARY),
    "of_a_year",
    f"is at least {LEAST_SALARY}",
    "deliver the pay of a year at 100 %, in kroner; the row is loaded",
    severity="warning",
)
# No full position has a week so short: the hours of a day, or those of this position.
SHORTEST_WEEK = 30
of_full_position = check(
    lambda hours: hours >= SHORTEST_WEEK,
    "of_full_position",
    f"is at least {SHORTEST_WEEK}",
    "deliver the weekly hours of a full position, not those of a day or of this position; the row is loaded",
    severity="warning",
)
no_fraction = check(
    lambda percents: (percents <= 0) | (percents > 1),
    "no_fraction",
    "is above 1, or 0",
    "see whether it is a fraction, 0,8 for 80 %; the row is loaded",
    severity="warning",
)
starts_as_usual = of_file(
    lambda frame: begin_as_positions_do(frame["Gyldig fra"]),
    "starts_as_usual",
    "positions begin on the first of a month more than on the day beside it, or than in the first days of January",
    "see whether the export moves dates by a day (time zone, 1904) or exchanges month and day",
    column="Gyldig fra",
)
ends_as_usual = of_file(
    lambda frame: end_as_positions_do(frame["Gyldig til"]),
    "ends_as_usual",
    "positions end on the last of a month more than on the day beside it",
    "see whether the export gives the first day after the period, or moves dates by a day; Gyldig til is inclusive",
    column="Gyldig til",
)


def _sizes_as_usual(frame: pd.DataFrame) -> pd.Series:
    sizes, is_permanent = frame["Stillingsprosent"], frame["Ansettelsesform"] == "Fast"
    nothing = outnumbered(is_permanent & (sizes == 0), is_permanent & (sizes == 100))
    return ~nothing & ~are_fractions(sizes) & are_percents(sizes, fewest=MANY_ROWS)


sizes_as_usual = of_file(
    _sizes_as_usual,
    "sizes_as_usual",
    f"of the permanent positions more are full than of 0 %, some position is above {HOURS} %, and few are between 0 and 1 %",
    "see whether another column was exported as Stillingsprosent, as the rest to 100 or the hours of a week, or fractions",
    column="Stillingsprosent",
)
pay_as_usual = of_file(
    lambda frame: ~is_pay_of_own_percent(frame["Stillingsprosent"], frame["Årslønn"]),
    "pay_as_usual",
    "positions of half or less have about the Årslønn of full ones",
    "see whether the export gives the pay of the position's own percent; Årslønn is at 100 %",
    column="Årslønn",
)
# A person may be called in by several positions of 0 % in one unit, and be a substitute there beside the own position.
ALIKE = ["Ansattnr", "Enhetskode", "Stillingskode", "Ansettelsesform", "Stillingsprosent", "Gyldig fra", "Gyldig til"]
told_once = check(
    lambda frame: ~(frame.duplicated(subset=ALIKE, keep="first") & (frame["Stillingsprosent"] > 0)),
    "told_once",
    f"{' + '.join(ALIKE)} is not already in the file, or the position is of 0 %",
    "see whether the export has each position twice, by another Stillingsnr; both are loaded and counted",
    column="Ansattnr",
    severity="warning",
    stage="duplicate",
)

FEED = Feed(
    required=True,
    needs_rows=True,
    natural_key=("Ansattnr", "Stillingsnr", "Gyldig fra"),
    schema=pap.DataFrameSchema(
        name="stillinger",
        description="One row a position and validity period; a change of percent, unit or pay starts a new row.",
        columns={
            "Ansattnr": text("employee_no", "The holder.", required=True, personal=True, references=("ansatte", "Ansattnr")),
            "Stillingsnr": text("position_no", "The position's number within the person.", required=True),
            "Enhetskode": text(
                "unit_code", "The unit the position belongs to.", required=True, references=("organisasjon", "Enhetskode")
            ),
            "Stillingskode": text(
                "job_code",
                "KS' job code, four digits.",
                required=True,
                digits=4,
                checks=[matches(r"\d{4}", "four_digits", "has four digits", "use the four-digit job code")],
            ),
            "Stillingstittel": text("job_title", "The position's title.", required=True, is_name=True),
            "Ansettelsesform": text(
                "employment_form",
                "Form of employment; decides which populations the position counts in (metrics.md 3).",
                required=True,
                checks=[one_of(*EMPLOYMENT_FORMS)],
            ),
            "Timer per uke": percent(
                "weekly_hours",
                "Weekly hours of a full position; empty or left out where it is 37,5.",
                required=False,
                optional=True,
                checks=[between(1, 50), of_full_position],
            ),
            "Stillingsprosent": percent(
                "position_percent",
                "Percent of a full position; 0 does not count.",
                required=True,
                checks=[between(0, 100), no_fraction],
                of_scale=True,
            ),
            "Gyldig fra": date(
                "valid_from", "First day of the period.", required=True, after_birth_of=("ansatte", "Ansattnr"), in_view=True
            ),
            "Gyldig til": date("valid_to", "Last day of the period, inclusive; empty while it lasts.", required=False),
            "Årslønn": amount(
                "annual_salary",
                "Annual salary in kroner at 100 %; 0 is read as empty.",
                required=False,
                checks=[between(0, 5_000_000), of_one_year],
                zero_is_empty=True,
            ),
            "Lønnsgruppe": integer("pay_group", "KS pay group.", required=False, checks=[between(1, 10)]),
            "Ledernivå": text("leader_level", "Leader level, for leaders alone.", required=False, checks=[known_leader_level]),
            "Ønsker større stilling": text(
                "wants_larger_position",
                "Whether a part-timer wants more: Ja, Nei, or empty when not asked.",
                required=False,
                checks=[one_of("Ja", "Nei")],
            ),
        },
        checks=[
            date_order("Gyldig fra", "Gyldig til"),
            unique_rows("Ansattnr", "Stillingsnr", "Gyldig fra", name="period_unique"),
            told_once,
            no_overlap("Ansattnr", "Stillingsnr", first="Gyldig fra", last="Gyldig til"),
            starts_as_usual,
            ends_as_usual,
            sizes_as_usual,
            pay_as_usual,
            varies("Stillingsprosent", "position_percent_varies"),
            varies("Enhetskode", "unit_code_varies"),
            varies("Stillingskode", "job_code_varies"),
            varies("Ansettelsesform", "employment_form_varies"),
        ],
    ),
)
