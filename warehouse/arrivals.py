"""What humans decide about arrivals: one is withdrawn, a delivery accepted; and what has become of each file that came.
Not here: taking files in (archive.py), the choice of a delivery (delivery.py), or the gates that honour a decision.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from sources import registry
from sources.contract import Feed
from sources.errors import FileRejected
from sources.naming import is_in_future
from sources.validate import validate
from warehouse.archive import all_arrivals, kept_arrivals
from warehouse.database import connect
from warehouse.database import one as one_row
from warehouse.delivery import Choice, Delivery, choose
from warehouse.errors import Refused, UsageError
from warehouse.ledger import (
    Acceptance,
    Arrival,
    ClosedAcceptance,
    PublicationEntry,
    Withdrawal,
    append,
    entered_now,
    of_kind,
    publication_entry,
    purged_files,
    read_ledger,
    withdrawn_files,
)
from warehouse.load import read_file
from warehouse.lock import writer_lock
from warehouse.paths import Home
from warehouse.publication import code_version, current_publication, served_publications
from warehouse.recorded import Recorded
from warehouse.release import Tonight
from warehouse.settings import Settings


def withdraw(home: Home, what: str, reason: str, *, undo: bool = False) -> Withdrawal:
    """Take an arrival out of the choice for good, or give it back.

    Args:
        what: the file's name (the newest arrival that has it) or its SHA-256, whole or the first eight digits or more.

    Raises:
        UsageError: no such file has come, or it is withdrawn already (or, to undo, it is not).
    """
    with writer_lock(home):
        withdrawn = withdrawn_files(read_ledger(home))
        named = [one for one in all_arrivals(home) if one.file_name == what or (len(what) >= 8 and one.sha256.startswith(what))]
        if not named:
            raise UsageError(
                f"no file {what} has been taken in; `arsverk arrivals` lists them (one that only lies in the landing folder"
                " is taken away there)"
            )
        fitting = [one for one in named if ((one.file_name, one.sha256) in withdrawn) == undo]
        if not fitting:
            raise UsageError(f"{what} is {'not withdrawn' if undo else 'withdrawn already'}")
        entry = Withdrawal(
            withdrawn_at=entered_now(),
            file_name=fitting[-1].file_name,
            sha256=fitting[-1].sha256,
            reason=reason,
            undone=undo,
        )
        (written,) = append(home, [entry])
    return written


def accept(home: Home, feeds: Mapping[str, Feed], day: date | None, reason: str, *, not_newer: bool = False) -> Acceptance:
    """Let the next night publish a delivery that a gate stops for a human.

    Args:
        day: its extract date; the newest one when None.
        not_newer: the newest one not newer than `day`, as a night with an as-of date chooses it.

    Raises:
        UsageError: no complete delivery of that date has been taken in.
    """
    with writer_lock(home):
        delivery = choose(kept_arrivals(home), feeds, day).delivery if not_newer else _delivery_of(home, feeds, day)
        entry = Acceptance(
            accepted_at=entered_now(),
            delivery=delivery.extract_date,
            inputs_sha256=delivery.inputs_sha256,
            reason=reason,
        )
        (written,) = append(home, [entry])
    return written


def _delivery_of(home: Home, feeds: Mapping[str, Feed], day: date | None) -> Delivery:
    """The delivery as a night chooses it: of files beside payroll, also newer ones when it is the newest delivery."""
    try:
        newest = choose(kept_arrivals(home), feeds, None).delivery
        if day is None or newest.extract_date == day:
            return newest
        delivery = choose(kept_arrivals(home), feeds, day).delivery
    except Refused as refused:
        raise UsageError(str(refused)) from None
    if delivery.extract_date != day:
        raise UsageError(f"no complete delivery of {day} has been taken in; `arsverk arrivals` lists what has come")
    return delivery


def open_acceptances(home: Home) -> list[Acceptance]:
    """The acceptances, oldest first, that no served publication of their files has used up and no night has closed."""
    entries = read_ledger(home)
    made = of_kind(entries, PublicationEntry)
    served = served_publications(home, made)
    used = {one.inputs_sha256: one.sequence for one in made if one.publication_id in served}
    closed = {one.acceptance for one in of_kind(entries, ClosedAcceptance)}
    return [
        one
        for one in of_kind(entries, Acceptance)
        if one.sequence > used.get(one.inputs_sha256, 0) and one.sequence not in closed
    ]


def open_acceptance(home: Home, delivery: Delivery) -> Acceptance | None:
    """The last open acceptance of exactly these files, under this date: the same bytes of a later date say something else."""
    fitting = [one for one in open_acceptances(home) if _is_of(one, delivery)]
    return fitting[-1] if fitting else None


def _is_of(acceptance: Acceptance, delivery: Delivery) -> bool:
    return (acceptance.delivery, acceptance.inputs_sha256) == (delivery.extract_date, delivery.inputs_sha256)


def acceptance_of_others(home: Home, delivery: Delivery, previous: str | None) -> Acceptance | None:
    """The last open acceptance of other files that was given after the served publication was made."""
    made = publication_entry(read_ledger(home), previous)
    since = made.sequence if made else 0
    given = [one for one in open_acceptances(home) if one.sequence > since and not _is_of(one, delivery)]
    return given[-1] if given else None


def close_acceptances(home: Home, delivery: Delivery, publication_id: str) -> list[str]:
    """End the open acceptances of files of which a publication is served that needs no word; a line for each.

    Left open they would let through a later change, of the code for instance, that nobody has looked at.
    """
    fitting = [one for one in open_acceptances(home) if _is_of(one, delivery)]
    ends = [
        ClosedAcceptance(closed_at=entered_now(), acceptance=one.sequence, publication_id=publication_id) for one in fitting
    ]
    if ends:
        append(home, ends)
    return [
        f"{one.text} (ledger entry {one.sequence}: {one.reason}) had nothing to let through and is closed: {publication_id} of"
        " just these files is served"
        for one in fitting
    ]


@dataclass(frozen=True)
class Accepted:
    """Why a human lets a delivery be published, and the ledger's entry that says so."""

    reason: str
    sequence: int

    def as_text(self) -> str:
        return f"ledger entry {self.sequence}: {self.reason}"


def accepted(home: Home, delivery: Delivery, previous: str | None) -> Accepted | None:
    """The human word by which a delivery may be published although a gate stops it, if there is one.

    Whoever withdraws a file behind the served publication has said that its figures are wrong: what is left without it may
    differ. That word does not hold for files that came after it, or that are newer than the withdrawn one; nor for payroll,
    where the withdrawn file was of a source beside it.
    """
    if acceptance := open_acceptance(home, delivery):
        return Accepted(acceptance.reason, acceptance.sequence)
    withdrawn = withdrawn_behind(home, previous)
    if not withdrawn:
        return None
    inputs = _inputs(home, previous)
    arrived = {(one.file_name, one.sha256): one for one in all_arrivals(home)}
    others = [one for one in delivery.files if (one.file_name, one.sha256) not in inputs]
    # A profile calls payroll's files by other names, and those of no other source.
    beside = {naming.stem for feed in registry.feeds().values() for naming in feed.namings if not naming.of_payroll}
    for file, entry in withdrawn.items():
        day, is_beside = arrived[file].extract_date, arrived[file].feed in beside
        was_there = all(one.sequence < entry.sequence and one.extract_date <= day for one in others)
        if was_there and (not is_beside or all(one.feed in beside for one in others)):
            return Accepted(f"{file[0]} was withdrawn: {entry.reason}", entry.sequence)
    return None


def withdrawn_behind(home: Home, previous: str | None) -> dict[tuple[str, str], Withdrawal]:
    """The withdrawn ones of the files, by name and hash, that the served publication was made of."""
    withdrawn = withdrawn_files(read_ledger(home))
    return {file: withdrawn[file] for file in _inputs(home, previous) if file in withdrawn} if withdrawn else {}


def _inputs(home: Home, previous: str | None) -> set[tuple[str, str]]:
    return set(Recorded(home, previous).inputs()) if previous else set()


@dataclass(frozen=True)
class ArrivalState:
    """One arrival, what has become of it in a word, and why."""

    arrival: Arrival
    state: str
    reason: str


def states_of_arrivals(home: Home, feeds: Mapping[str, Feed]) -> list[ArrivalState]:
    """What has become of each arrival, newest extract first: served, next, left out, waiting, superseded, withdrawn, …"""
    entries = read_ledger(home)
    withdrawn, purged = withdrawn_files(entries), purged_files(entries)
    kept = kept_arrivals(home)
    choice: Choice | None = None
    with contextlib.suppress(Refused):
        choice = choose(kept, feeds, None)
    current = current_publication(home)
    served, left_out = _inputs(home, current), _left_out(home)
    late = unused_older(home, feeds, choice, current) if choice else []
    made = publication_entry(entries, current)
    found = []
    for one in sorted(all_arrivals(home), key=lambda a: (a.extract_date, a.sequence), reverse=True):
        if entry := withdrawn.get((one.file_name, one.sha256)):
            state, reason = "withdrawn", f"{entry.withdrawn_at}: {entry.reason}"
        elif one.sha256 in purged:
            state, reason = "purged", f"{purged[one.sha256].purged_at}, with all person data before {purged[one.sha256].before}"
        elif later := _superseding(one, kept):
            state, reason = "superseded", f"by {later.file_name} of {later.arrived_at}"
            if later.file_name != one.file_name:
                reason += _if_rows_differ(one, later.file_name, feeds)
            if (one.file_name, one.sha256) in served:
                reason += "; still served"
        elif (one.file_name, one.sha256) in served:
            state, reason = "served", f"by {current}"
        elif (one.file_name, one.sha256) in left_out and choice is not None and one in choice.delivery.files:
            state, reason = "left out", f"by the last night that loaded it: {left_out[one.file_name, one.sha256]}"
        elif _is_of_another_profile(one, feeds) and made and one.sequence < made.sequence:
            state, reason = "superseded", f"by {current}; it came by another payroll_profile"
        else:
            state, reason = _unserved(one, choice, feeds, late)
        found.append(ArrivalState(one, state, reason))
    return found


def _left_out(home: Home) -> dict[tuple[str, str], str]:
    """The files of optional feeds, by name and hash, that the last nights could not use, with the first line that says why."""
    found: dict[tuple[str, str], str] = {}
    for database in (home.warehouse_database, home.private_database):
        # A night may be writing it, or it may be damaged: the next night tells.
        with contextlib.suppress(duckdb.Error):
            if database.exists():
                with duckdb.connect(str(database), read_only=True) as con:
                    rows = con.execute("select file_name, file_sha256, reason from raw.left_out order by all").fetchall()
                found |= {(name, sha256): reason.splitlines()[0] for name, sha256, reason in rows}
    return found


def _superseding(arrival: Arrival, kept: list[Arrival]) -> Arrival | None:
    later = [
        one
        for one in kept
        if (one.feed, one.extract_date) == (arrival.feed, arrival.extract_date)
        and one.sequence > arrival.sequence
        and one.sha256 != arrival.sha256
        and (one.file_name == arrival.file_name or not arrival.file_name.startswith("ssb_"))
    ]
    return later[-1] if later else None


def _unserved(arrival: Arrival, choice: Choice | None, feeds: Mapping[str, Feed], late: Collection[Arrival]) -> tuple[str, str]:
    if is_in_future(arrival.extract_date):
        return "not used", "its extract date lies after today; withdraw it and deliver it by its right date"
    if _is_of_another_profile(arrival, feeds):
        return "not used", "the payroll_profile of the settings has no file of this name"
    if choice is None:
        return "waiting", "its delivery is not complete"
    if arrival in choice.delivery.files:
        reason = f"the next night loads it in the delivery of {choice.delivery.extract_date}"
        others = [other.file_name for other, used in choice.doubles if used == arrival]
        return "next", reason + (_if_rows_differ(arrival, ", ".join(others), feeds) if others else "")
    for newer in choice.waiting:
        if arrival in newer.files:
            return "waiting", f"for {', '.join(newer.missing(feeds))}"
    newer_file = _overtaking(arrival, choice.delivery, feeds)
    if newer_file or arrival.extract_date < choice.delivery.extract_date:
        if arrival in late:
            return "not used", older_text(arrival, choice.delivery, feeds)
        # It was the newest when it came.
        return "superseded", f"by {newer_file.file_name if newer_file else f'the delivery of {choice.delivery.extract_date}'}"
    return "not used", "another file holds in its place"


def _is_of_another_profile(arrival: Arrival, feeds: Mapping[str, Feed]) -> bool:
    """Whether a file came when the payroll profile was one that knows its name, as this one does not."""
    return not any(arrival.feed in feed.stems for feed in feeds.values())


def _if_rows_differ(arrival: Arrival, other: str, feeds: Mapping[str, Feed]) -> str:
    """What becomes of two files of one feed and date with different names: a required feed's must hold the same rows."""
    is_required = any(feed.required and arrival.feed in feed.stems for feed in feeds.values())
    return f"; if its rows differ from those of {other} the night stops" if is_required else ""


def older_text(arrival: Arrival, chosen: Delivery, feeds: Mapping[str, Feed]) -> str:
    """Why a file of an older date is not used."""
    if newer := _overtaking(arrival, chosen, feeds):
        return f"{newer.file_name} is of a later date; if this one is to hold, deliver it under a date after that"
    return (
        f"the extract of {arrival.extract_date} came after a newer one;"
        " a correction of a closed month comes with the next full extract"
    )


def _part_beside_payroll(arrival: Arrival, feeds: Mapping[str, Feed]) -> tuple[str, str] | None:
    """Of a source beside payroll, of whose dated files the newest of each part is used: its name and the part."""
    for naming in (naming for feed in feeds.values() for naming in feed.namings):
        if naming.stem == arrival.feed and not naming.of_payroll and (named := naming.read(arrival.file_name)):
            return named.stem, named.part
    return None


def _overtaking(arrival: Arrival, chosen: Delivery, feeds: Mapping[str, Feed]) -> Arrival | None:
    """The chosen file of a later date that holds in place of one beside payroll."""
    part = _part_beside_payroll(arrival, feeds)
    newer = [one for one in chosen.files if one.extract_date > arrival.extract_date]
    return next((one for one in newer if part is not None and _part_beside_payroll(one, feeds) == part), None)


def unused_older(home: Home, feeds: Mapping[str, Feed], choice: Choice, previous: str | None) -> list[Arrival]:
    """Files that came too late: of payroll older than the served delivery, or than the one that is loaded and was there; of
    another source older than its file that is used and was there.

    What was the newest when it came, and has been loaded in private or overtaken by a newer one, is no news.
    """
    made = publication_entry(read_ledger(home), previous)
    if made is None:
        return []
    # Of an optional feed of payroll the loaded delivery may have no file.
    payroll_stems = {naming.stem for feed in feeds.values() for naming in feed.namings if naming.of_payroll}
    complete_since = max(one.sequence for one in choice.delivery.files if one.feed in payroll_stems)
    kept, inputs = kept_arrivals(home), _inputs(home, previous)
    of_payroll = [one for one in kept if one.feed in payroll_stems]
    served_day = max((one.extract_date for one in of_payroll if (one.file_name, one.sha256) in inputs), default=date.min)
    late = [
        one
        for one in of_payroll
        if one.extract_date < choice.delivery.extract_date and (one.sequence > complete_since or one.extract_date < served_day)
    ]
    beside = ((one, _overtaking(one, choice.delivery, feeds)) for one in kept)
    late += [one for one, newer in beside if newer is not None and one.sequence > newer.sequence]
    return [one for one in late if one.sequence > made.sequence and one not in choice.delivery.files]


def is_nothing_new(home: Home, settings: Settings, delivery: Delivery, previous: str | None, tonight: Tonight) -> bool:
    """Whether a night would make again what there is: the publication that is served, or, held, the private database."""
    if tonight.is_release:
        return _is_served_already(home, settings, delivery, previous, tonight.as_of)
    return _is_served_already(home, settings, delivery, previous) or _is_kept_already(home, settings, delivery, previous)


def _is_kept_already(home: Home, settings: Settings, delivery: Delivery, previous: str | None) -> bool:
    """Whether the private database was made of exactly these files, settings and code, beside this publication."""
    if not home.private_database.exists():
        return False
    try:
        with connect(home.private_database, settings, read_only=True) as con:
            *made_of, then = one_row(
                con, "select as_of, inputs_sha256, code_version, previous_publication, settings from raw.publication"
            )
    except duckdb.Error:
        return False
    wanted = [delivery.extract_date, delivery.inputs_sha256, code_version(), previous]
    return made_of == wanted and json.loads(then) == _as_recorded(settings)


def _as_recorded(settings: Settings) -> object:
    return json.loads(json.dumps(settings.as_dict()))


def _is_served_already(
    home: Home, settings: Settings, delivery: Delivery, previous: str | None, as_of: date | None = None
) -> bool:
    """Whether the served publication was made of exactly these files, by these settings and this code, and is whole.

    With an as-of date it must have counted to that one; without, the files must have had the same names, and so dates.
    """
    if previous is None or not home.warehouse_database.exists():
        return False
    entry = publication_entry(read_ledger(home), previous)
    made_of = (delivery.inputs_sha256, code_version())
    if entry is None or (entry.inputs_sha256, entry.code_version) != made_of or as_of not in (None, entry.as_of):
        return False
    recorded = Recorded(home, previous)
    if recorded.damage() or json.loads(recorded.row["settings"]) != _as_recorded(settings):
        return False
    if as_of is None and set(recorded.inputs()) != {(file.file_name, file.sha256) for file in delivery.files}:
        return False
    try:
        with connect(home.warehouse_database, settings, read_only=True) as con:
            return bool(one_row(con, "select publication_id from raw.publication")[0] == previous)
    except duckdb.Error:
        return False


def same_rows(home: Home, feed: Feed, first: Arrival, second: Arrival) -> bool:
    """Whether two files of one feed and date hold the same rows, in whatever form and order."""
    try:
        found = [_rows(home, feed, arrival) for arrival in (first, second)]
    except FileRejected:
        return False
    return found[0] == found[1]


def _rows(home: Home, feed: Feed, arrival: Arrival) -> tuple[int, list[tuple[str, ...]]]:
    validated = validate(feed, read_file(home, feed, arrival), {}, extract_date=arrival.extract_date)
    rows = validated.accepted.drop(columns="row_number").astype(str).itertuples(index=False, name=None)
    return validated.rows_quarantined, sorted(rows)
