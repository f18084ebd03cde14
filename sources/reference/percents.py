"""The rule that percents in files of reference are of the scale to 100, which they share. Not here: their other rules."""

import pandas as pd
import pandera.pandas as pap

from sources.contract import check

# Women's pay and positions in percent may be above 100, and never twice as much.
MOST = 200


def no_fractions(value: str) -> pap.Check:
    """Of the figures that are a percent by their Indikator one at least is above 1, and none above MOST; a change in percent
    is none of them.

    Small percents there are. But where all are, 0,096 is meant for 9,6, and of peers such a one is the best.
    """

    def of_scale(frame: pd.DataFrame) -> pd.Series:
        is_percent = frame["Indikator"].str.endswith("_percent").fillna(False).astype(bool)
        if "Type" in frame:
            is_percent &= ~(frame["Type"] == "relativ prosent").fillna(False).astype(bool)
        sizes = frame[value].where(is_percent).astype(float).abs()
        return (~(is_percent & (sizes > 0)) | bool((sizes > 1).any())) & ~(sizes > MOST)

    return check(
        of_scale,
        "percents_of_scale",
        f"some {value} of the file that is a percent is above 1, and none above {MOST}",
        "write percents as numbers from 0 to 100; the row is loaded",
        column=value,
        severity="warning",
        stage="row",
    )
