"""How a night ended: what it found on its way, the one text about it, and the file of all nights (nights.jsonl).
Not here: what a stage looks for (orchestration/stages.py), or how the text reaches people (orchestration/notify.py).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sources.naming import OSLO, today
from warehouse.errors import Damaged, ProgramFault, Refused, UsageError
from warehouse.paths import PRIVATE_FILE, Home
from warehouse.processes import identity_of, is_running
from warehouse.publication import served_entry

PAYROLL, DATA_TEAM = "payroll office", "data team"
PUBLISHED, HELD, REFUSED = "published", "held", "refused"
BROKEN_OFF, RUNNING = "broken off", "running"
FILES_NAMED, LINES_NAMED = 10, 10

log = logging.getLogger("arsverk")


@dataclass(frozen=True)
class Kind:
    """A kind of warning: the part of the night it comes from, what it is called, who does something about it, and what."""

    area: str
    title: str
    who: str
    to_do: str


# In the order in which the text has them.
KINDS = {
    "broken_off": Kind("night", "the night before did not end", DATA_TEAM, "look why it was killed: memory, power, full disk"),
    "mended": Kind("mended", "damage that was mended", DATA_TEAM, "look at the disk; nothing else is to be done"),
    "key": Kind(
        "night",
        "the pseudonym key cannot be used",
        DATA_TEAM,
        "put the key back from where it is kept apart from the data; until then no new delivery can be loaded",
    ),
    "damaged": Kind("publication", "made without a comparison", DATA_TEAM, "restore the damaged publication from backup"),
    "stale": Kind("landing", "stale figures", PAYROLL, "deliver a new full extract, or say why none comes"),
    "waiting": Kind("landing", "delivery missing or waiting", PAYROLL, "deliver the files that are missing"),
    "unused": Kind(
        "landing",
        "files that are not used",
        DATA_TEAM,
        "correct name or date, or take the file out of the landing folder; one that is taken in already (arsverk arrivals) is"
        " named until the next publication, or until `arsverk withdraw`",
    ),
    "left_out": Kind("feeds", "optional files left out", DATA_TEAM, "have the file corrected and delivered again"),
    "unknown_columns": Kind("feeds", "new unknown columns", DATA_TEAM, "see whether the export has changed"),
    "columns_gone": Kind(
        "feeds", "columns gone", PAYROLL, "look whether the export was changed; deliver with the column again"
    ),
    "quarantined": Kind(
        "feeds",
        "rows in quarantine",
        PAYROLL,
        "correct them where they are kept; quarantine/<date>.csv lists them",
    ),
    "rows_gone": Kind(
        "feeds",
        "rows gone since the last publication",
        PAYROLL,
        "look up the named rows; if they should be there, deliver again",
    ),
    "outside": Kind(
        "models",
        "absences or leaves of no position",
        PAYROLL,
        "see whether `Stillingsnr` is written as in stillinger; `arsverk trace data_quality feed=… rule=…` names the rows",
    ),
    "doubtful": Kind(
        "feeds",
        "what data_quality newly warns of",
        DATA_TEAM,
        "correct the files, or leave them so; `arsverk trace data_quality feed=… rule=…` names the rows",
    ),
    "unusual": Kind(
        "feeds",
        "figures that no municipality has",
        PAYROLL,
        "see whether the absences have their last day and percent, and all of them are in the extract",
    ),
    "loss": Kind("continuity", "less than the last extract had", PAYROLL, "see whether the named months were corrected"),
    "changed": Kind(
        "continuity",
        "persons or units that are not what they were",
        PAYROLL,
        "see whether this is meant; if a column was moved or the extract is another one, have it made again",
    ),
    "loss_accepted": Kind("continuity", "losses that were accepted", DATA_TEAM, "nothing, if the acceptance still holds"),
    "acceptance_closed": Kind(
        "publication",
        "acceptances that were closed",
        DATA_TEAM,
        "nothing, if these figures are meant; `arsverk arrivals` says of each file what has become of it",
    ),
    "mismatches": Kind(
        "reconciliation", "printed figures that newly mismatch", DATA_TEAM, "read `reason` in marts.reconciliation"
    ),
    "open_threshold": Kind("disclosure", "thresholds of 0", DATA_TEAM, "raise them in arsverk.toml, if this is not meant"),
    "emptied": Kind(
        "publication",
        "what is not served any more",
        DATA_TEAM,
        "see whether a file beside payroll is missing, whether a setting was meant to take it away, or whether all of it is"
        " withheld (`withheld` of the table's rows)",
    ),
    "internal": Kind(
        "publication", "internal publication not written", DATA_TEAM, "do what the message says; the last one is still there"
    ),
    "papers": Kind(
        "publication",
        "workbook or report not made",
        DATA_TEAM,
        "report this text; the tables are served, and the next release tries",
    ),
    "copy": Kind(
        "copy",
        "copy to PostgreSQL not made",
        DATA_TEAM,
        "do what the message says; the last copy stands, and every night tries",
    ),
    "further_withheld": Kind(
        "disclosure", "cells withheld for what the attack found", DATA_TEAM, "nothing; many are worth a look at what was moved"
    ),
}

# What stays true from the night that finds it until the next publication, or until somebody does what it asks: a night that
# publishes nothing makes no news of finding it again. Missing files, stale figures and bad rows are told until they are mended.
TOLD_ONCE = {
    "unused",
    "left_out",
    "unknown_columns",
    "columns_gone",
    "rows_gone",
    "outside",
    "doubtful",
    "unusual",
    "loss",
    "changed",
    "mismatches",
    "open_threshold",
    "emptied",
    "further_withheld",
}

AS_IT_SAYS = (DATA_TEAM, "do what the message says and run again")
# Who does what when a stage refuses.
TO_DO = {
    "start": AS_IT_SAYS,
    "take_in": (DATA_TEAM, "give the night access to the files that are named, and run again"),
    "choose": (PAYROLL, "deliver the files that are named, corrected or for the first time, as the message says"),
    # A bad file is `accept`'s matter; here the key cannot be used, or the archive is damaged.
    "load": AS_IT_SAYS,
    "accept": (PAYROLL, "have the named files corrected or made again, and deliver them under the same names"),
    "continuity": (PAYROLL, "have the extract made again; or if it is right, the data team accepts it: arsverk accept"),
    "build": (DATA_TEAM, "a figure breaks a rule of the house: look at the named test in build/warehouse.duckdb"),
    "accept_restatement": (
        DATA_TEAM,
        "see whether the change is meant (of rows and units the payroll office knows): arsverk accept, or a corrected file or"
        " setting",
    ),
    "publish": (DATA_TEAM, "run the whole night"),
}
OF_MACHINE = (DATA_TEAM, "mend the machine (disk, memory, rights) and run again: arsverk run")
# How Python, DuckDB and SQLite say that nothing more can be written.
FULL_DISK = ("No space left on device", "Disk quota exceeded", "disk is full")
FREE_SPACE = (
    "free space on the disk of the home folder, or of /tmp (`df -h` says which is full, `arsverk status` what takes it;"
    " `arsverk purge` removes old files of the archive, `keep_publications_days` old publications)"
)
OF_FULL_DISK = (DATA_TEAM, f"{FREE_SPACE}, and run again: arsverk run")
# How DuckDB says that it needs more than it may use, and its advice, which is for who writes SQL.
OUT_OF_MEMORY = "Out of Memory Error"
ADVICE = re.compile(r"\s*Possible solutions:.*?See also \S+", re.DOTALL)
OF_MEMORY = (DATA_TEAM, "raise memory_limit of arsverk.toml, on a machine that has as much (docs/scaling.md): arsverk run")
OF_SETTINGS = (DATA_TEAM, "correct the settings as the message says, and run again: arsverk run")
OF_PROGRAM = (DATA_TEAM, "report this text with the run's log")


@dataclass(frozen=True)
class NightWarning:
    """Something that did not stop the night and that somebody should know. `count` counts what the kind is about.

    `was_told`: it is TOLD_ONCE, and a night before this one has said the same beside the publication that is still served.
    """

    kind: str
    text: str
    count: int = 1
    files: tuple[str, ...] = ()
    was_told: bool = False


@dataclass(frozen=True)
class FeedRows:
    """Rows of one feed's files: as delivered, loaded, and bad."""

    delivered: int
    loaded: int
    quarantined: int


@dataclass
class Findings:
    """What a night has found so far. Every stage of one run writes into the same.

    `is_whole`: it is to end by publishing, by holding, or refused; a part of a night is not. `seconds` by stage,
    `rows` by feed.
    """

    warnings: list[NightWarning] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    who: str = ""
    to_do: str = ""
    stage: str = "start"
    result: str | None = None
    is_whole: bool = True
    held: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    rows: dict[str, FeedRows] = field(default_factory=dict)

    def hold(self, why: str) -> None:
        """Keep that the night publishes nothing although nothing is wrong, and why."""
        self.result, self.held = HELD, why

    def warn(self, kind: str, text: str, *, count: int = 1, files: Iterable[str] = ()) -> None:
        """Keep a warning and log it. A step that is tried again finds the same one again."""
        if is_of_full_disk(text):
            text += f"; {FREE_SPACE}"
        log.warning("%s: %s", KINDS[kind].area, text)
        self.add(NightWarning(kind, text, count, tuple(files)))

    def add(self, warning: NightWarning) -> None:
        """Keep a warning that has been logged."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    @contextlib.contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the time within to the seconds of a stage."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0) + time.monotonic() - began

    def refuse(self, error: BaseException, reason: str | None = None) -> None:
        """Keep why the night ends, and say who does what: by what was raised, and by the stage that raised it."""
        reason = ADVICE.sub("", reason or (error.as_text() if isinstance(error, ProgramFault) else str(error)))
        if reason not in self.reasons:
            self.reasons.append(reason)
        if len(self.reasons) > 1:
            return
        if is_of_full_disk(reason):
            self.who, self.to_do = OF_FULL_DISK
        elif OUT_OF_MEMORY in reason:
            self.who, self.to_do = OF_MEMORY
        elif isinstance(error, ProgramFault):
            self.who, self.to_do = OF_PROGRAM
        elif isinstance(error, Damaged):
            self.who, self.to_do = AS_IT_SAYS
        elif isinstance(error, UsageError):
            self.who, self.to_do = OF_SETTINGS
        elif isinstance(error, Refused) or self.stage == "build":
            self.who, self.to_do = TO_DO.get(self.stage, OF_PROGRAM)
        else:
            self.who, self.to_do = OF_MACHINE


@dataclass(frozen=True)
class Night:
    """One night, as nights.jsonl has it: two lines, one when it begins and one when it ends.

    `publication_id`, `as_of` and `published_at` (UTC) are of the publication that was served when it ended, if there was one.
    """

    run_id: str
    began_at: str
    result: str
    ended_at: str = ""
    publication_id: str | None = None
    as_of: str | None = None
    published_at: str | None = None
    reason: str = ""
    who: str = ""
    to_do: str = ""
    warnings: tuple[NightWarning, ...] = ()

    @property
    def outcome(self) -> str:
        """The result in words: refused, published or held, with warnings that are news or without."""
        is_news = any(not warning.was_told for warning in self.warnings)
        return f"{self.result} with warnings" if is_news and self.result in (PUBLISHED, HELD) else self.result

    @property
    def word_of_notify_on(self) -> str:
        """The word that the setting `notify_on` must hold for somebody to be told of it."""
        return "warnings" if self.outcome.endswith("with warnings") else self.result

    def as_text(self) -> str:
        """What happened, what is served now and how old, what to do and who; as one text, whoever reads it where."""
        first = {
            PUBLISHED: f"{self.outcome.capitalize()}: {self.publication_id}",
            HELD: f"{self.outcome.capitalize()}: {self.reason or 'nothing new has come; the last publication holds'}",
            REFUSED: f"Refused: nothing was published\n{self.reason}",
        }.get(self.result, self.result.capitalize())
        lines = [first, self.served_text()]
        if self.who:
            lines.append(f"To do ({self.who}): {self.to_do}")
        return "\n".join([*lines, *self.warning_lines()])

    def served_text(self) -> str:
        """Which publication is served, to which date its figures count, and how old both are."""
        if not self.publication_id or not self.as_of or not self.published_at:
            return "Served now: nothing; there has been no publication yet"
        published = datetime.fromisoformat(self.published_at).replace(tzinfo=UTC).astimezone(OSLO)
        age = days_since(date.fromisoformat(self.as_of))
        return (
            f"Served now: {self.publication_id}, with the figures to {self.as_of} ({age} days ago),"
            f" published {published:%Y-%m-%d %H:%M}"
        )

    def warning_lines(self) -> Iterator[str]:
        """The warnings by kind, each with its count, its files, and who does what; those that were told before come last."""
        yield from _lines_of("Warnings:", [one for one in self.warnings if not one.was_told])
        yield from _lines_of("As the nights before have told:", [one for one in self.warnings if one.was_told])


def _lines_of(heading: str, warnings: Sequence[NightWarning]) -> Iterator[str]:
    if warnings:
        yield heading
    for name, kind in KINDS.items():
        found = [warning for warning in warnings if warning.kind == name]
        if not found:
            continue
        unsaid = [warning for warning in found if not warning.text.startswith(warning.files)]
        files = list(dict.fromkeys(file for warning in unsaid for file in warning.files))
        more = f" and {len(files) - FILES_NAMED} more" if len(files) > FILES_NAMED else ""
        named = f": {', '.join(files[:FILES_NAMED])}{more}" if files else ""
        yield f"- {kind.title} ({sum(warning.count for warning in found)}){named}"
        yield from (f"    {line}" for warning in found[:LINES_NAMED] for line in warning.text.splitlines())
        if len(found) > LINES_NAMED:
            yield f"    and {len(found) - LINES_NAMED} more"
        yield f"    To do ({kind.who}): {kind.to_do}"


def is_of_full_disk(text: str) -> bool:
    """Whether an error's text says that the disk is full, whoever raised it."""
    return any(words in text for words in FULL_DISK)


def stale_text(as_of: date, max_age_days: int) -> str:
    """Why what is served is stale."""
    return f"the served figures count to a date {days_since(as_of)} days ago; more than {max_age_days} are too many"


def days_since(day: date) -> int:
    """Days from a date to today in Norway."""
    return (today() - day).days


def begin(home: Home, run_id: str, findings: Findings) -> str:
    """Note that a night begins, by the process that holds the writer's lock; returns when. One that did not end is told."""
    before = nights(home)
    if before and before[-1].result == BROKEN_OFF:
        findings.warn("broken_off", f"the night that began {local(before[-1].began_at)} was broken off and did not end")
    began_at = now()
    _append(home, {"run_id": run_id, "began_at": began_at, "process": identity_of(os.getpid())})
    return began_at


def end(home: Home, run_id: str, began_at: str, findings: Findings, *, max_age_days: int | None) -> Night | None:
    """Note how a night ends; None for a part of a night that neither publishes nor fails, which is no news.

    `max_age_days`: how far back the as-of date of what is served may lie; None where a human has asked for just that one.
    """
    result = findings.result or (REFUSED if findings.reasons else BROKEN_OFF)
    if result == BROKEN_OFF and not findings.is_whole:
        return None
    try:
        served = served_entry(home)
    except (OSError, ValueError, Refused):
        served = None  # what cannot be read has been said, and `arsverk verify` says more
    if served and max_age_days is not None and result in (PUBLISHED, HELD) and days_since(served.as_of) > max_age_days:
        findings.warn("stale", stale_text(served.as_of, max_age_days))
    night = Night(
        run_id,
        began_at,
        result,
        ended_at=now(),
        publication_id=served.publication_id if served else None,
        as_of=str(served.as_of) if served else None,
        published_at=served.published_at if served else None,
        reason="\n".join(findings.reasons) if result == REFUSED else findings.held if result == HELD else "",
        who=findings.who if result == REFUSED else "",
        to_do=findings.to_do if result == REFUSED else "",
        warnings=tuple(_as_told(home, result, findings.warnings, served.publication_id if served else None)),
    )
    _append(home, asdict(night))
    return night


def _as_told(home: Home, result: str, warnings: Sequence[NightWarning], served: str | None) -> Iterator[NightWarning]:
    """The warnings; of a night that publishes nothing with a mark at those that a night has told, word for word, since the
    served publication was made.
    """
    before = nights(home) if result == HELD and served else []
    told = {(one.kind, one.text) for night in before if night.publication_id == served for one in night.warnings}
    for one in warnings:
        yield replace(one, was_told=one.kind in TOLD_ONCE and (one.kind, one.text) in told)


def nights(home: Home) -> list[Night]:
    """All nights, in the order in which they began. One without an end is running, or was broken off."""
    if not home.nights.exists():
        return []
    found: dict[str, Night] = {}
    for line in home.nights.read_text(encoding="utf-8", errors="replace").splitlines():
        # A line that a crash has cut off, or that somebody has changed, is no line.
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            night = _night(json.loads(line))
            found[night.run_id] = night
    return list(found.values())


def _night(line: dict[str, Any]) -> Night:
    if "result" in line:
        warnings = [NightWarning(**{**one, "files": tuple(one["files"])}) for one in line.pop("warnings")]
        return Night(**line, warnings=tuple(one for one in warnings if one.kind in KINDS))
    return Night(line["run_id"], line["began_at"], RUNNING if is_running(line["process"]) else BROKEN_OFF)


def last_night(home: Home, since: str = "") -> Night | None:
    """The last night that has ended, if it ended after `since` (as `now` says it)."""
    ended = [night for night in nights(home) if night.ended_at > since]
    return max(ended, key=lambda night: night.ended_at) if ended else None


def local(moment: str) -> str:
    """A recorded time as a clock in Norway shows it."""
    return f"{datetime.fromisoformat(moment).astimezone(OSLO):%Y-%m-%d %H:%M}"


def now() -> str:
    """The time as it is recorded, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _append(home: Home, record: dict[str, Any]) -> None:
    """Add a line at once, so that two processes do not mix theirs; after a line that was cut off on a new one."""
    text = json.dumps(record, ensure_ascii=True)
    descriptor = os.open(home.nights, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        size = os.fstat(descriptor).st_size
        cut_off = size and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (("\n" if cut_off else "") + text + "\n").encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
