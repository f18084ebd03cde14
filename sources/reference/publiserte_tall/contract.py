"""Contract of the feed publiserte_tall: figures that documents have printed, one row a figure in a document."""

import pandera.pandas as pap

from sources.contract import Feed, between, date, integer, number, text, unique_rows
from sources.naming import Naming
from sources.reference.publiserte_tall.printed_figures import read_printed_figures

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
            "case_no": text("case_no", "Number of the political case.", required=False),
            "published_on": date("published_on", "Date of publication.", required=True),
            "place": text("place", "Where in the document.", required=False),
            "source": text("source_name", "Which feed must give it; history lies before any delivery.", required=True),
            "indicator": text("indicator", "Column name of the measure, as in the marts.", required=True),
            "period": text("period", "Period as the marts write it.", required=True),
            "org_level": text("org_level", "Level of the unit.", required=False),
            "org_unit": text("org_unit", "The unit's name as printed.", required=False),
            "sex": text("sex", "kvinne or mann.", required=False),
            "age_group": text("age_group", "Age band.", required=False),
            "job_title": text("job_title", "Title of the job code.", required=False),
            "pay_group": text("pay_group", "KS pay group, 0 for the total.", required=False),
            "leave_coverage": text("leave_coverage", "80 or 100.", required=False),
            "leader_level": text("leader_level", "Leader level.", required=False),
            "factor_no": integer("factor_no", "Factor of 10-FAKTOR.", required=False, checks=[between(1, 10)]),
            "peer": text("peer", "Whom a benchmark figure is about.", required=False),
            "value": number("value", "The figure as printed.", required=True),
            "unit": text("unit", "percent, count, days, weeks, nok or score.", required=True),
            "decimals": integer("decimals", "Decimals it was printed with.", required=True, checks=[between(0, 6)]),
            "note": text("note", "What to know when reading it.", required=False),
        },
        checks=[unique_rows("figure_id", name="figure_id_unique")],
    ),
)
