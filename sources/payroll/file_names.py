"""What each payroll profile calls the files of a delivery, for texts that must be quick.
Not here: reading of the profiles (profile.py) or of the files.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

PROFILES = Path(__file__).parent / "profiles"
IN_THE_DIALECT = [f"{feed}_<date>.csv" for feed in ("organisasjon", "ansatte", "stillinger", "fravaer", "permisjoner")]


def names_by_profile() -> dict[str, list[str]]:
    """Profile → the forms of its files' names; a profile without files of its own has those of the dialect."""
    found = {}
    for path in sorted(PROFILES.glob("*.toml")):
        try:
            files = tomllib.loads(path.read_text(encoding="utf-8")).get("files", {})
            found[path.stem] = [file["name"] for file in files.values()] or IN_THE_DIALECT
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a night with that profile says what is wrong with it
    return found
