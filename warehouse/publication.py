"""What a publication says of itself (id, inputs, settings, code), which one is served, and where one lies.
Not here: how one is written (publish.py), or the list of all (history.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.database import connect, quoted
from warehouse.errors import Damaged, Refused
from warehouse.ledger import PublicationEntry, find_publication, publication_entry, read_ledger
from warehouse.paths import Home
from warehouse.settings import Settings

if TYPE_CHECKING:
    # At run time it would make `arsverk history` wait for Pandera.
    from warehouse.delivery import Delivery

ROOT = Path(__file__).parent.parent
CODE_FOLDERS = ("sources", "warehouse", "dbt_project", "orchestration")
CODE_SUFFIXES = {".py", ".sql", ".yml", ".csv", ".toml", ".j2", ".css", ".js"}


@cache
def code_version() -> str:
    """The commit when the code is a clean checkout, else a hash over the code itself."""
    try:
        commit = _git("rev-parse", "HEAD")
        if commit and not _git("status", "--porcelain", "--untracked-files=no"):
            return f"git:{commit}"
    except (OSError, subprocess.SubprocessError):
        pass
    digest = hashlib.sha256()
    for path in sorted(p for folder in CODE_FOLDERS for p in (ROOT / folder).rglob("*") if p.suffix in CODE_SUFFIXES):
        if "target" not in path.parts:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return f"sha256:{digest.hexdigest()}"


def _git(*arguments: str) -> str:
    # The checkout of a server is root's, and the account of the service reads it.
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()


def current_publication(home: Home) -> str | None:
    """Id of the publication that is served, if any. In a copy that followed links `current` is a folder, which says it."""
    if home.current.is_symlink():
        return home.current.readlink().name
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads((home.current / "manifest.json").read_text(encoding="utf-8"))["publication_id"])
    return None


def served_entry(home: Home) -> PublicationEntry | None:
    """The ledger's entry of the publication that is served, if any."""
    return publication_entry(read_ledger(home), current_publication(home))


def served_publications(home: Home, made: Sequence[PublicationEntry]) -> set[str | None]:
    """Ids of those that were served at some time; a run that broke off may have left entries of others.

    Args:
        made: all publications of the ledger.
    """
    return {current_publication(home), *(entry.previous_publication for entry in made)}


def publication_folder(home: Home, publication_id: str | None) -> Path:
    """The folder of a publication; of the one that is served when none is named.

    Raises:
        UsageError: there is no such publication.
        Refused: nothing is published, the publication was thinned out, or its folder is damaged.
    """
    if publication_id:
        find_publication(home, publication_id)
    elif not (publication_id := current_publication(home)):
        raise Refused("nothing is published here; run `arsverk run` first")
    folder = home.history / publication_id
    if not (folder / "manifest.json").is_file():
        raise Damaged(f"publish/history/{publication_id} is not whole; run `arsverk verify`")
    return folder


def earlier_table(publication: Path | None, table: str) -> str | None:
    """A table of an earlier publication's folder as a relation; None without a publication, or where it has no such table."""
    path = publication / f"{table}.parquet" if publication else None
    return f"read_parquet({quoted(str(path))})" if path and path.exists() else None


def describe(
    home: Home,
    settings: Settings,
    delivery: Delivery,
    dagster_run_id: str,
    *,
    as_of: date | None = None,
    held: str | None = None,
    previous: str | None = None,
    accepted_restatement: str | None = None,
    publication_id: str | None = None,
) -> str:
    """Write the publication's row into the build database; returns the publication's id.

    Args:
        as_of: the date to which is counted; the extract date when left out.
        held: why the build is not to be published, whatever its gates say; None when it is.
        previous: id of the publication that is served until this one is; its figures are what this one may restate.
        accepted_restatement: why a human lets the delivery be published although a gate stops it.
        publication_id: the id of a publication that is made again; else a new one is given.
    """
    inputs_sha256, as_of = delivery.inputs_sha256, as_of or delivery.extract_date
    publication_id = publication_id or f"{as_of}_{datetime.now(UTC):%Y%m%dT%H%M%S%f}_{inputs_sha256[:8]}"
    with connect(home.build_database, settings) as con:
        con.execute(
            """create or replace table raw.publication as select $1 as publication_id, cast($2 as date) as as_of,
               $3 as code_version, $4 as dagster_run_id, $5 as inputs_sha256, $6 as settings,
               cast($7 as varchar) as previous_publication, cast($8 as varchar) as accepted_restatement,
               cast($9 as varchar) as held""",
            [
                publication_id,
                as_of,
                code_version(),
                dagster_run_id,
                inputs_sha256,
                json.dumps(settings.as_dict(), ensure_ascii=False, sort_keys=True),
                previous,
                accepted_restatement,
                held,
            ],
        )
    return publication_id
