"""Contract of the feed organisasjon: one row a unit of the municipality, with its place in the tree."""

import pandera.pandas as pap

from sources.contract import Feed, check, date, date_order, no_cycle, one_of, text, unique_rows

LEVELS = ("kommune", "tjenesteområde", "kommunalsjefområde", "virksomhet", "avdeling")

parent_given = check(
    lambda frame: frame["Overordnet"].notna() | (frame["Nivå"] == LEVELS[0]),
    "parent_given",
    "only the kommune has no Overordnet",
    "fill in the code of the unit above",
    column="Overordnet",
    stage="row",
)

FEED = Feed(
    required=True,
    needs_rows=True,
    key="Enhetskode",
    natural_key=("Enhetskode",),
    schema=pap.DataFrameSchema(
        name="organisasjon",
        description="One row a unit. The parent links at the as-of date apply to all years.",
        columns={
            "Enhetskode": text("unit_code", "The unit's code, unique in the file.", required=True),
            "Enhetsnavn": text("unit_name", "The unit's name as the reports print it.", required=True, is_name=True),
            "Nivå": text("unit_level", "Level in the tree; a branch may skip one.", required=True, checks=[one_of(*LEVELS)]),
            "Overordnet": text(
                "parent_code",
                "Code of the unit above; empty for the kommune alone.",
                required=False,
                references=("organisasjon", "Enhetskode"),
            ),
            "Gruppe": text(
                "group_name",
                "Group that cuts across the tree (Barneskole, SFO …), inherited below.",
                required=False,
                is_name=True,
            ),
            "Gyldig fra": date("valid_from", "First day of the unit.", required=True),
            "Gyldig til": date("valid_to", "Last day of the unit, inclusive; empty while it lasts.", required=False),
        },
        checks=[
            date_order("Gyldig fra", "Gyldig til"),
            parent_given,
            unique_rows("Enhetskode", name="unit_code_unique"),
            no_cycle("Enhetskode", "Overordnet"),
        ],
    ),
)
