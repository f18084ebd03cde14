"""Contract of the feed publiserte_tall: figures that documents have printed, one row a figure in a document."""

import pandera.pandas as pap

from sources.contract import Feed, between, date, integer, number, one_of, text, unique_rows
from sources.naming import Naming
from sources.reference.publiserte_tall.printed_figures import read_printed_figures

# A value; a change in points; a relative change; a rise or fall without a number; "over 10" and the like.
KINDS = ("figure", "change_points", "change_percent", "direction", "bound")

FEED = Feed(
    required=False,
    needs_rows=False,
    files=Naming("publiserte_tall"),
    read=read_printed_figures,
    schema=pap.DataFrameSchema(
        name="publiserte_tall",
        description="One row a figure as it was printed; empty dimensions mean all.",
        columns={
            "figure_id": text("figure_id", "Name of the figure in the ledger, unique.", required=True),
            "document": text("document", "Document that printed it.", required=True),
            "case_no": text("case_no", "Number of the political case.", required=False, optional=True),
            "published_on": date("published_on", "Date of publication.", required=True),
            "place": text("place", "Where in the document.", required=False, optional=True),
            "source": text("source_name", "Which feed must give it; history lies before any delivery.", required=True),
            "indicator": text("indicator", "Column name of the measure, as in the marts.", required=True),
            "period": text("period", "Period as the marts write it.", required=True),
            "org_level": text("org_level", "Level of the unit.", required=False, optional=True),
            "org_unit": text("org_unit", "The unit's name as printed.", required=False, optional=True),
            "sex": text("sex", "kvinne or mann.", required=False, optional=True),
            "age_group": text("age_group", "Age band.", required=False, optional=True),
            "job_title": text("job_title", "Title of the job code.", required=False, optional=True),
            "pay_group": text("pay_group", "KS pay group, 0 for the total.", required=False, optional=True),
            "leave_coverage": text("leave_coverage", "80 or 100.", required=False, optional=True),
            "leader_level": text("leader_level", "Leader level.", required=False, optional=True),
            "factor_no": integer("factor_no", "Factor of 10-FAKTOR.", required=False, optional=True, checks=[between(1, 10)]),
            "peer": text("peer", "Whom a benchmark figure is about.", required=False, optional=True),
            "value": number("value", "The figure as printed.", required=True),
            "unit": text(
                "unit", "percent, percentage_points, percent_change, count, days, weeks, nok, score, direction …", required=True
            ),
            "decimals": integer("decimals", "Decimals it was printed with.", required=True, checks=[between(0, 6)]),
            "counted_to": date("counted_to", "Last day the figure counts.", required=False, optional=True),
            "compared_with": text("compared_with", "Of a change: the period compared with.", required=False, optional=True),
            "kind": text(
                "kind", "What is printed; empty means figure.", required=False, optional=True, checks=[one_of(*KINDS)]
            ),
            "note": text("note", "What to know when reading it.", required=False, optional=True),
        },
        checks=[unique_rows("figure_id", name="figure_id_unique")],
    ),
)
