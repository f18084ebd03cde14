"""Contract of the feed organisasjon: one row a unit of the municipality, with its place in the tree."""

import pandas as pd
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

one_kommune = check(
    lambda frame: (frame["Nivå"] != LEVELS[0]) | ~frame.duplicated(subset=["Nivå"], keep="first"),
    "one_kommune",
    "the file has one row of level kommune",
    "give the unit its own level and the unit above it; the row is loaded, and each has figures as if it were the municipality",
    column="Nivå",
    severity="warning",
    stage="duplicate",
)


def _not_above_its_parent(frame: pd.DataFrame) -> pd.Series:
    depth = {level: place for place, level in enumerate(LEVELS)}
    own = frame["Nivå"].map(depth)
    return ~(own < frame["Overordnet"].map(dict(zip(frame["Enhetskode"], own, strict=True)))).fillna(False).astype(bool)


level_order = check(
    _not_above_its_parent,
    "level_order",
    "the level is not above that of the unit above",
    "correct the level or the unit above; the row is loaded, and the unit counts where it stands in the tree",
    column="Nivå",
    severity="warning",
    stage="tree",
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
            one_kommune,
            no_cycle("Enhetskode", "Overordnet"),
            level_order,
        ],
    ),
)
