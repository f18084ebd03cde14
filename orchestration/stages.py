"""The night as one list of stages: plain functions with an outcome each. Whoever runs a night or a part of it runs this list.
Not here: what a stage does in detail (warehouse, dbt_project), or Dagster, whose assets are thin wrappers around it (defs).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import duckdb

from orchestration.choosing import Chosen, comparable, newest, tonight_of
from orchestration.dbt import DbtFailed, load_manifest, run_dbt, unproven_tests
from orchestration.loading import FeedLoaded, held_against_the_last, load_feed_of
from orchestration.plan import Plan, log
from warehouse import gates, internal
from warehouse.acceptance import accept_delivery
from warehouse.archive import TakenIn
from warehouse.archive import take_in as archive_new_files
from warehouse.arrivals import (
    acceptance_of_others,
    accepted,
    close_acceptances,
    is_nothing_new,
    withdrawn_behind,
)
from warehouse.build_database import delivery_being_built, delivery_of, start_build
from warehouse.catalogue import Table, tables_of, thresholds
from warehouse.continuity import Gone, what_is_gone
from warehouse.coverage import of_no_position
from warehouse.database import connect, one, remove_spilled
from warehouse.delivery import Delivery
from warehouse.doubts import new_doubts, units_without_absences, unusual_years
from warehouse.errors import Damaged, ProgramFault, Refused, UsageError
from warehouse.mend import mend
from warehouse.outcome import PUBLISHED, Findings
from warehouse.paths import Home
from warehouse.postgresql import copy_publication
from warehouse.pseudonym import WHAT_IS_LOST, key_problem
from warehouse.publication import current_publication, describe
from warehouse.publish import keep_if_held
from warehouse.publish import publish as publish_served
from warehouse.reconciliation import new_mismatches
from warehouse.recorded import Recorded, scratch_home
from warehouse.restatements import WITHOUT_COMPARISON, Restated, restated_figures
from warehouse.restatements import restate as restate_figures
from warehouse.sdc.masking import mask
from warehouse.sdc.protection import Protection, protect
from warehouse.sdc.suppression.decisions import Earlier, decide
from warehouse.settings import Settings

FIGURES_NAMED = 20
# The gates that a human's acceptance lets a delivery through.
FOR_A_HUMAN = ("continuity", "accept_restatement")
# The stages that refuse files for what they are called or hold.
OF_FILES = ("choose", "accept", "continuity")

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Stage(Generic[Outcome]):
    """One step of the night. A gate lets the night go on by returning, and ends it by raising; nothing else ends it.

    `saw` says in words what a gate looked at; `needed_acceptance` whether it would have refused without a human's word.
    """

    work: Callable[[Plan], Outcome]
    is_gate: bool
    saw: Callable[[Any], str] = field(default=lambda outcome: "")
    needed_acceptance: Callable[[Any], bool] = field(default=lambda outcome: False)

    @property
    def name(self) -> str:
        return self.work.__name__

    def __call__(self, plan: Plan) -> Outcome:
        """Run the stage, and record in the build what came of it: `publish` reads these records.

        What later gates have passed is void from the moment an earlier stage runs. A gate that raises, or is cut off, stays
        unpassed until it is run again for the same build and returns.

        Raises:
            Refused: the delivery, a rule or a comparison forbids to go on; or no build has been started.
            ProgramFault: the program contradicts itself.
            DbtFailed: a model or a test of the project failed.
        """
        plan.findings.stage = self.name
        with plan.findings.timing(self.name):
            try:
                return self._work_and_record(plan)
            except Refused as refused:
                lines = [*_why_not_accepted(plan, self.name), *_what_was_changed(plan, self.name)]
                if not lines:
                    raise
                raise type(refused)("\n".join([str(refused), *lines])) from refused

    def _work_and_record(self, plan: Plan) -> Outcome:
        if self.name not in recorded_stages():
            return self.work(plan)
        gates.must_have_begun(plan.home)
        gates.begin(plan.home, plan.settings, self.name, self.later)
        try:
            outcome = self.work(plan)
        except Exception as error:
            # Where even this cannot be written, `begun` stays, which publishes nothing either.
            with contextlib.suppress(duckdb.Error, OSError, Refused):
                gates.record(plan.home, plan.settings, self.name, gates.REFUSED, str(error))
            raise
        accepted_by = _accepted_by(plan) if self.needed_acceptance(outcome) else None
        gates.record(plan.home, plan.settings, self.name, gates.PASSED, self.saw(outcome), accepted_by)
        return outcome

    @property
    def later(self) -> list[str]:
        """The stages after this one: what they have passed is void when it runs again."""
        names = [stage.name for stage in STAGES]
        return names[names.index(self.name) + 1 :]


def stage(work: Callable[[Plan], Outcome]) -> Stage[Outcome]:
    """A step that computes."""
    return Stage(work, is_gate=False)


def gate(
    saw: Callable[[Any], str], needed_acceptance: Callable[[Any], bool] = lambda outcome: False
) -> Callable[[Callable[[Plan], Outcome]], Stage[Outcome]]:
    """A step that decides whether the night may go on; `saw` and `needed_acceptance` say of its outcome what is recorded."""
    return lambda work: Stage(work, is_gate=True, saw=saw, needed_acceptance=needed_acceptance)


def _why_not_accepted(plan: Plan, refused_by: str) -> Iterator[str]:
    """The acceptance of other files that somebody has given since the served publication, and why it does not hold here."""
    if refused_by not in FOR_A_HUMAN:
        return
    delivery = delivery_being_built(plan.home, plan.settings)
    if other := acceptance_of_others(plan.home, delivery, plan.previous):
        came = (
            f"this night loads the delivery of {delivery.extract_date}"
            if other.delivery != delivery.extract_date
            else "other files of it have come since"
        )
        yield (
            f"note: the {other.text} (ledger entry {other.sequence}: {other.reason}) holds for exactly its files, and {came};"
            f" if what is named above is right too: arsverk accept {delivery.extract_date} --reason TEXT"
        )


def _what_was_changed(plan: Plan, refused_by: str) -> Iterator[str]:
    """The payroll profile, where it is another than the served publication's: files are then looked for and read otherwise.

    What restates figures names the settings itself.
    """
    if refused_by not in OF_FILES or plan.previous is None:
        return
    with contextlib.suppress(Refused, duckdb.Error, OSError):
        then = json.loads(Recorded(plan.home, plan.previous).row["settings"]).get("payroll_profile")
        if then not in (None, plan.settings.payroll_profile):
            yield (
                f"note: the setting payroll_profile is {plan.settings.payroll_profile!r}, and was {then!r} in the last"
                " publication; it says what files and columns are called and is the likely cause. If the payroll system is the"
                " same, set it back in arsverk.toml; else have the files made as the new profile says"
            )


def _accepted_by(plan: Plan) -> str | None:
    """The human's word that the build was begun with, with its entry in the ledger."""
    found = accepted(plan.home, delivery_being_built(plan.home, plan.settings), plan.previous)
    if found:
        return found.as_text()
    return _reason_given(plan)


def _reason_given(plan: Plan) -> str | None:
    """Why a human lets the build be published although a gate stops it, as it was begun with."""
    with connect(plan.home.build_database, plan.settings, read_only=True) as con:
        reason: str | None = one(con, "select accepted_restatement from raw.publication")[0]
    return reason


@dataclass(frozen=True)
class Built:
    """Numbers of models built and tests tried."""

    models: int
    tests: int


@dataclass(frozen=True)
class Disclosed:
    """Decisions of each table that can withhold cells: (all, primary, secondary); and figures that newly mismatch, with why."""

    decisions: Mapping[str, tuple[int, int, int]]
    new_mismatches: list[tuple[str, str]]


@dataclass(frozen=True)
class Served:
    """The publication that readers see now; `held` says why it is the last one, when the night was none to publish."""

    publication_id: str | None
    held: str | None = None


def marts() -> list[Table]:
    """The served tables, as the dbt project declares them."""
    return tables_of(load_manifest())


@stage
def take_in(plan: Plan) -> TakenIn:
    """Mend what is damaged and can be made again, and archive what lies in the landing folder."""
    remove_spilled(plan.home)
    mended = mend(plan.home)
    for line in mended:
        plan.findings.warn("mended", line)
    # Loading would find it too, but there may be nothing to load for weeks.
    if problem := key_problem(plan.home):
        plan.findings.warn("key", f"{problem}\n{WHAT_IS_LOST}")
    taken = archive_new_files(plan.home, plan.landing or plan.home.landing, plan.feeds, plan.settling)
    log.info("landing: %d new files, %d seen before", len(taken.new), len(taken.seen))
    for note in taken.notes:
        log.warning("landing: %s", note)
    for warning in taken.warnings:
        plan.findings.add(warning)
    taken.notes[:0] = mended
    return taken


@stage
def choose(plan: Plan) -> Chosen:
    """Choose the delivery and begin a new build database for it."""
    chosen = Chosen(plan.delivery) if plan.delivery else newest(plan)
    delivery = chosen.delivery
    word = accepted(plan.home, delivery, plan.previous)
    reason = plan.accepted_restatement or (word.reason if word else None)
    _, damage = comparable(plan)
    if damage and not reason:
        raise Damaged(f"{damage}; {WITHOUT_COMPARISON}")
    if damage:
        plan.findings.warn("damaged", f"{damage}; this publication is made without comparing with it: {reason}")
    log.info("landing: the delivery of %s is chosen", delivery.extract_date)
    kind = tonight_of(plan, delivery, is_correction=bool(reason or withdrawn_behind(plan.home, plan.previous)))
    if internal.group_of(plan.settings) is None:
        internal.remove(plan.home)
    is_there = internal.is_written(plan.home, plan.settings, delivery)
    if plan.only_new and is_there and is_nothing_new(plan.home, plan.settings, delivery, plan.previous, kind):
        log.info("publication: nothing new has come; %s still holds", plan.previous)
        plan.findings.hold(f"nothing new has come; {kind.held}" if kind.held else "")
        if plan.previous and not kind.held:
            for line in close_acceptances(plan.home, delivery, plan.previous):
                plan.findings.warn("acceptance_closed", line)
        _copy(plan)
        return replace(chosen, held=plan.previous)
    if kind.held:
        log.info("publication: %s; this night is private, to %s", kind.held, kind.as_of)
    elif kind.as_of != delivery.extract_date:
        log.info("publication: this night is a release, with the figures to %s", kind.as_of)
    start_build(plan.home, plan.settings, plan.feeds, delivery, kind.as_of)
    describe(
        plan.home,
        plan.settings,
        delivery,
        plan.dagster_run_id,
        as_of=kind.as_of,
        held=kind.held,
        previous=plan.previous,
        accepted_restatement=reason,
        publication_id=plan.publication_id,
    )
    return chosen


@stage
def load(plan: Plan) -> dict[str, FeedLoaded]:
    """Load every feed; one that others refer to comes before them."""
    return _load(plan, plan.feeds)


def load_one(plan: Plan, name: str) -> FeedLoaded:
    """Validate and load one feed of the chosen delivery. A bad file stops nothing here; the gate `accept` judges it."""
    plan.findings.stage = load.name
    with plan.findings.timing(load.name):
        return _load(plan, [name])[name]


def _load(plan: Plan, names: Iterable[str]) -> dict[str, FeedLoaded]:
    gates.must_have_begun(plan.home)
    with connect(plan.home.build_database, plan.settings) as con:
        gates.outdate(con, load.later, because=load.name)
        delivery = delivery_of(con)
        loaded = {name: load_feed_of(plan, con, name, delivery) for name in names}
    return {name: held_against_the_last(plan, name, feed) for name, feed in loaded.items()}


@gate(saw=lambda delivery: f"the delivery of {delivery.extract_date}, {len(delivery.files)} files")
def accept(plan: Plan) -> Delivery:
    """Whether what arrived may be computed from: passed whole, or the night stops."""
    delivery = delivery_being_built(plan.home, plan.settings)
    accept_delivery(plan.home, plan.settings, plan.feeds, delivery)
    return delivery


@gate(
    saw=lambda gone: f"{len(gone.to_accept)} losses to accept, {len(gone.to_tell) + len(gone.changed)} to tell",
    needed_acceptance=lambda gone: bool(gone.to_accept),
)
def continuity(plan: Plan) -> Gone:
    """Whether the delivery lost nothing that a full extract keeps, or a human has accepted what is gone."""
    delivery = delivery_being_built(plan.home, plan.settings)
    gone = what_is_gone(plan.home, plan.settings, plan.feeds, delivery, plan.previous)
    for line in gone.to_tell:
        plan.findings.warn("loss", line)
    for line in gone.changed:
        plan.findings.warn("changed", line)
    if not gone.to_accept:
        return gone
    if not (reason := _reason_given(plan)):
        raise Refused(
            "\n".join(
                [
                    f"the delivery of {delivery.extract_date} has lost what a full extract keeps",
                    *(f"  {line}" for line in gone.to_accept),
                    "have the extract made again; or if it is right:"
                    f" arsverk accept {delivery.extract_date} --reason TEXT, and run the night again",
                ]
            )
        )
    for line in gone.to_accept:
        plan.findings.warn("loss_accepted", f"{line}; accepted: {reason}")
    return gone


@gate(saw=lambda built: f"{built.models} models, {built.tests} tests")
def build(plan: Plan) -> Built:
    """Build every model by dbt and try every test."""
    counts = {"LogModelResult": 0, "LogTestResult": 0}

    def on_event(event: dict[str, Any]) -> None:
        kind = event["info"]["name"]
        if kind in counts:
            counts[kind] += 1
        if kind == "LogModelResult":
            node = event["data"]["node_info"]
            log.info("models: %s %s", node["node_name"], node["node_status"])
        plan.on_dbt_event(event)

    run_dbt(
        ["build", "--exclude-resource-type", "unit_test"],
        database=plan.home.build_database,
        target=_dbt_target(plan),
        memory_limit=plan.settings.memory_limit,
        on_event=on_event,
    )
    with connect(plan.home.build_database, plan.settings, read_only=True) as con:
        for line in of_no_position(con, plan.settings.max_quarantine_share):
            plan.findings.warn("outside", line)
    return Built(counts["LogModelResult"], counts["LogTestResult"])


def row_counts(home: Home, settings: Settings) -> dict[tuple[str, ...], int]:
    """Rows of each table that has been built, by schema and name."""
    with connect(home.build_database, settings, read_only=True) as con:
        found = con.execute("select schema_name, table_name, estimated_size from duckdb_tables()").fetchall()
    return {(schema, name): rows for schema, name, rows in found}


@stage
def disclose(plan: Plan) -> Disclosed:
    """Empty every cell that must be withheld (metrics.md 10): the marts become the served tables."""
    with connect(plan.home.build_database, plan.settings) as con:
        compared, _ = comparable(plan)
        previous = plan.home.history / compared if compared else None
        earlier = Earlier(previous, plan.home.warehouse_database) if previous else None
        open_to_all = [name for name, limit in thresholds(marts(), plan.settings).items() if not limit]
        decisions = decide(con, marts(), plan.settings, earlier)
        mask(con, marts())
        mismatches = new_mismatches(con, previous)
        for line in new_doubts(con, previous):
            plan.findings.warn("doubtful", line)
        for line in (*unusual_years(con, previous), *units_without_absences(con, previous)):
            plan.findings.warn("unusual", line)
    if open_to_all:
        plan.findings.warn(
            "open_threshold",
            f"the threshold is 0, so that every group is served, however small: {', '.join(open_to_all)}",
            count=len(open_to_all),
        )
    if mismatches:
        figures = ", ".join(figure_id for figure_id, _ in mismatches[:FIGURES_NAMED])
        more = f" and {len(mismatches) - FIGURES_NAMED} more" if len(mismatches) > FIGURES_NAMED else ""
        one = len(mismatches) == 1
        count_of_mismatches = "1 printed figure mismatches" if one else f"{len(mismatches)} printed figures mismatch"
        plan.findings.warn(
            "mismatches",
            f"{count_of_mismatches} that did not before: {figures}{more}",
            count=len(mismatches),
        )
    for name, (cells, primary, secondary) in decisions.items():
        log.info("disclosure: %s: %d primary and %d secondary of %d decisions withhold", name, primary, secondary, cells)
    return Disclosed(decisions, mismatches)


@gate(saw=lambda made: f"{sum(table.withheld for table in made.report.tables.values())} withheld cells")
def attack(plan: Plan) -> Protection:
    """Try to compute what is withheld from what is about to be served (docs/attack.md); what is found is withheld as well."""
    protection = protect(plan.home, plan.settings, marts(), comparable(plan)[0])
    withheld = sum(table.withheld for table in protection.report.tables.values())
    log.info("disclosure: %d withheld cells attacked, none falls", withheld)
    if protection.cells:
        plan.findings.warn(
            "further_withheld",
            f"{protection.cells} further cells withheld for what the attack found:"
            f" {'; '.join(islice(protection.lines(), FIGURES_NAMED))}",
            count=protection.cells,
        )
    return protection


@stage
def restate(plan: Plan) -> Restated:
    """Find the figures of closed periods that this publication changes."""
    with connect(plan.home.build_database, plan.settings) as con:
        restated = restate_figures(con, plan.home, plan.settings, marts())
    for line in restated.no_longer_served:
        plan.findings.warn("emptied", line)
    return restated


@gate(
    saw=lambda restated: f"{restated.figures} figures changed, {len(restated.to_accept)} above the thresholds",
    needed_acceptance=lambda restated: bool(restated.to_accept),
)
def accept_restatement(plan: Plan) -> Restated:
    """Whether those changes are small, or a human has accepted them."""
    with connect(plan.home.build_database, plan.settings, read_only=True) as con:
        restated = restated_figures(con)
    restated.stop_unless_accepted(delivery_being_built(plan.home, plan.settings).extract_date)
    if restated.figures:
        log.info(
            "restatements: %d figures of closed periods change, %d of them by more than the thresholds%s",
            restated.figures,
            len(restated.to_accept),
            f", accepted: {restated.accepted_reason}" if restated.accepted_reason else "",
        )
    return restated


@stage
def publish(plan: Plan) -> Served:
    """Serve the build whole, once it has a record of having passed every stage before: whoever asks for it, and however.

    A build that was begun when no release was due is kept in private instead; it has passed the same gates.

    Raises:
        Refused: a record is missing or no pass; the message names the gate.
    """
    gates.stop_unless_passed(plan.home, plan.settings, recorded_stages(), current_publication(plan.home))
    if untried := unproven_tests(_dbt_target(plan)):
        raise ProgramFault(f"dbt tests {', '.join(untried)} left no passing result")
    delivery = delivery_being_built(plan.home, plan.settings)
    if held := keep_if_held(plan.home, plan.settings):
        log.info("publication: every gate is passed, in private; %s", held)
        plan.findings.hold(f"{held}; this night has passed every gate in private")
        _write_internal(plan, delivery, plan.home.private_database)
        _copy(plan)
        return Served(current_publication(plan.home), held)
    publication_id = publish_served(plan.home, plan.settings, marts(), lambda text: plan.findings.warn("papers", text))
    plan.findings.result = PUBLISHED
    log.info("publication: %s is served", publication_id)
    _write_internal(plan, delivery, plan.home.warehouse_database)
    _copy(plan)
    return Served(publication_id)


def _copy(plan: Plan) -> None:
    """Copy what is served to where the settings ask for, unless it is there: what failed last night is tried again by one that
    holds. Its failure is a warning: the publication stands.
    """
    if plan.settings.copy_to.postgresql is None:
        return
    try:
        copied = copy_publication(plan.home, plan.settings.copy_to.postgresql, only_new=True)
    except (Refused, UsageError, ProgramFault, OSError) as error:
        plan.findings.warn("copy", str(error))
        return
    if copied:
        log.info("copy: %d tables are in PostgreSQL, %d rows, %.1f s", copied.tables, copied.rows, copied.seconds)


def _write_internal(plan: Plan, delivery: Delivery, database: Path) -> None:
    """Write the internal publication where one is asked for, from a build to the extract date. Its failure is a warning: what
    everybody reads stands.
    """
    if plan.settings.internal.group is None:
        return
    try:
        with connect(database, plan.settings, read_only=True) as con:
            as_of = one(con, "select as_of from raw.publication")[0]
        if as_of == delivery.extract_date:
            internal.write(plan.home, plan.settings, marts(), database)
        else:
            _build_internal(plan, delivery)
        log.info("publication: internal/ is written, to %s", delivery.extract_date)
    except (Refused, UsageError, ProgramFault, DbtFailed, duckdb.Error, OSError) as error:
        plan.findings.warn("internal", f"the internal publication is not written: {error}")


def _build_internal(plan: Plan, delivery: Delivery) -> None:
    """Build a delivery that was released to the month end once more, to its extract date, beside everything else."""
    with scratch_home(plan.home, plan.home.root / "internal_build") as scratch:
        scratch.warehouse_database.symlink_to(plan.home.warehouse_database)
        again = replace(
            plan,
            home=scratch,
            previous=current_publication(plan.home),
            delivery=delivery,
            counted_to=delivery.extract_date,
            only_new=False,
            findings=Findings(),
        )
        run_stages(again, without={"take_in", "continuity", "restate", "accept_restatement", "publish"})
        internal.write(plan.home, plan.settings, marts(), scratch.build_database)


def _dbt_target(plan: Plan) -> Path:
    return plan.home.build / "dbt"


STAGES: tuple[Stage[Any], ...] = (
    take_in,
    choose,
    load,
    accept,
    continuity,
    build,
    disclose,
    attack,
    restate,
    accept_restatement,
    publish,
)


def recorded_stages() -> list[str]:
    """The stages whose passing a build must have on record to be published: every gate, and what is computed between them."""
    names = [stage.name for stage in STAGES]
    return names[names.index("accept") : names.index("publish")]


def run_stages(plan: Plan, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Run the stages in their order; returns each one's outcome by its name. It stops after `choose` when nothing new has come.

    Args:
        without: names of stages to leave out.

    Raises:
        As a stage does. What the stages before it have built stays.
    """
    unknown = set(without) - {stage.name for stage in STAGES}
    if unknown:
        raise ValueError(f"there are no stages {', '.join(sorted(unknown))}")
    outcomes: dict[str, Any] = {}
    for one_stage in STAGES:
        if one_stage.name not in without:
            outcomes[one_stage.name] = outcome = one_stage(plan)
            if isinstance(outcome, Chosen) and outcome.held:
                break
    return outcomes
