"""Entries of the ledger by hand, for tests of what the program reads in it. Not here: tests."""

from __future__ import annotations

from datetime import date

from warehouse.ledger import PublicationEntry


def publication_made(
    publication_id: str, as_of: date, published_at: str, *, previous: str | None = None, accepted: str | None = None
) -> PublicationEntry:
    """The entry of a publication whose files and code are no matter."""
    return PublicationEntry(
        publication_id=publication_id,
        published_at=published_at,
        as_of=as_of,
        code_version="git:0",
        inputs_sha256="0" * 64,
        manifest_sha256="0" * 64,
        previous_publication=previous,
        accepted_restatement=accepted,
    )
