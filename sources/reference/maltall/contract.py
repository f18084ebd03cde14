"""Contract of the feed maltall: adopted targets, one row an indicator, unit, year and decision."""

import pandera.pandas as pap

from sources.contract import Feed, between, check, date, integer, number, one_of, text, unique_rows
from sources.naming import Naming
from sources.payroll.organisasjon.contract import LEVELS
from sources.reference.percents import no_fractions

base_year_given = check(
    lambda frame: (frame["Type"] != "relativ prosent").fillna(True) | frame["Utgangsår"].notna(),
    "base_year_given",
    "Utgangsår is filled where Type is relativ prosent",
    "fill in the year that the target is measured from; the row is loaded, and its target is empty",
    column="Utgangsår",
    severity="warning",
    stage="row",
)

FEED = Feed(
    required=False,
    needs_rows=False,
    files=Naming("maltall"),
    schema=pap.DataFrameSchema(
        name="maltall",
        description="One row a target. Of two decisions on the same target the later holds.",
        columns={
            "Indikator": text("indicator", "Column name of the measure, as in the marts.", required=True),
            "Nivå": text("unit_level", "Level of the unit, or gruppe.", required=True, checks=[one_of(*LEVELS, "gruppe")]),
            "Enhet": text("unit", "The unit's name or code.", required=True, is_name=True),
            "År": integer("target_year", "Year the target is for.", required=True, checks=[between(1990, 2100)]),
            "Mål": number("target", "The target.", required=True),
            "Vedtak": text("decision", "The decision that set it.", required=True),
            "Vedtatt dato": date("decided_on", "Date of the decision.", required=True),
            "Type": text(
                "target_kind",
                "absolutt, or relativ prosent: Mål is then the change in percent from Utgangsår (−10 is a tenth less).",
                required=False,
                optional=True,
                checks=[one_of("absolutt", "relativ prosent")],
            ),
            "Utgangsår": integer(
                "base_year",
                "Year a relative target is measured from.",
                required=False,
                optional=True,
                checks=[between(1990, 2100)],
            ),
        },
        checks=[
            base_year_given,
            no_fractions("Mål"),
            unique_rows("Indikator", "Nivå", "Enhet", "År", "Vedtatt dato", name="target_unique"),
        ],
    ),
)
