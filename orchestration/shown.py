"""What Dagster's pages show of an asset beside its data: whose it is, and where its code stands.
Not here: its description, columns and checks, which come from contracts and yml.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

PAYROLL_OFFICE = "team:payroll_office"
HR = "team:hr"
DATA_TEAM = "team:data_team"
# By the folder of sources/ that a feed lies in: who delivers it.
OF_SYSTEM = {"payroll": PAYROLL_OFFICE, "pai": HR, "tenfactor": HR, "reference": DATA_TEAM}


def code_at(path: Path, line: int = 1) -> dict[str, Any]:
    """Metadata by which the page of an asset names a place in the code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(file_path=str(path), line_number=line, label=path.name)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def code_of(work: Callable[..., Any]) -> dict[str, Any]:
    """The same, of a function."""
    return code_at(Path(inspect.getsourcefile(work) or ""), inspect.getsourcelines(work)[1])
