"""Arrivals: what is taken in, recognised, superseded or left alone, which delivery is chosen, and what verification finds.
Not here: publications (their own tests), or whether the files are any good.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest

from sources.payroll.profile import feeds_by
from sources.registry import feeds
from tests.ledgers import publication_made
from tests.municipalities.files import EXTRACT_DATE, Delivery, write_delivery, write_feed, write_feed_xlsx
from warehouse import archive, arrivals
from warehouse.archive import TakenIn, all_arrivals, archived_file, kept_arrivals, sha256_of, take_in
from warehouse.arrivals import withdraw
from warehouse.delivery import choose
from warehouse.errors import Refused
from warehouse.ledger import FIRST_PREVIOUS, Arrival, Purge, append
from warehouse.paths import Home
from warehouse.verify import verify

REQUIRED = ("organisasjon", "ansatte", "stillinger", "fravaer", "permisjoner")
AUGUST, SEPTEMBER, OCTOBER = date(2024, 8, 31), date(2024, 9, 30), date(2024, 10, 31)


def drop(home: Home, name: str, content: str = "innhold") -> Path:
    path = home.landing / name
    path.write_text(content, encoding="utf-8")
    return path


def look(home: Home) -> TakenIn:
    return take_in(home, home.landing, feeds())


def names(arrivals: list[Arrival]) -> list[str]:
    return [arrival.file_name for arrival in arrivals]


# --- taking in -----------------------------------------------------------------------------------------------


def test_every_new_file_is_copied_and_entered_in_the_ledger(home: Home, small: Delivery) -> None:
    paths = write_delivery(home.landing, small)
    taken = look(home)
    assert sorted(names(taken.new)) == sorted(path.name for path in paths)
    assert (taken.seen, taken.notes) == ([], [])
    for arrival in taken.new:
        original = home.landing / arrival.file_name
        assert archived_file(home, arrival.sha256).read_bytes() == original.read_bytes()
        assert (arrival.sha256, arrival.size) == (sha256_of(original), original.stat().st_size)
        assert (arrival.feed, arrival.extract_date) == (arrival.file_name.partition("_")[0], EXTRACT_DATE)
        # Units stay when persons' data are purged.
        assert arrival.is_personal == (arrival.feed != "organisasjon")
    assert all_arrivals(home) == taken.new


def test_arrivals_are_in_the_order_of_the_files_times(home: Home) -> None:
    for age, feed in enumerate(REQUIRED):
        os.utime(drop(home, f"{feed}_2024-09-30.csv", feed), (1_700_000_000 - age, 1_700_000_000 - age))
    assert [arrival.feed for arrival in look(home).new] == list(REQUIRED[::-1])


def test_a_time_in_the_future_does_not_keep_a_file_waiting(home: Home) -> None:
    os.utime(drop(home, "ansatte_2024-09-30.csv"), (time.time() + 3600,) * 2)
    assert len(look(home).new) == 1


def test_a_file_that_changes_while_it_is_copied_waits(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy_of_a_growing_file(source: BinaryIO, target: BinaryIO) -> None:
        path.write_text("innhold og mer", encoding="utf-8")
        target.write(b"innhold og")

    path = drop(home, "ansatte_2024-09-30.csv")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", copy_of_a_growing_file)
        taken = look(home)
    assert (taken.new, taken.notes) == ([], ["ansatte_2024-09-30.csv is still being written and waits for the next run"])
    assert [file for file in home.archive.rglob("*") if file.is_file()] == []
    (arrival,) = look(home).new
    assert archived_file(home, arrival.sha256).read_bytes() == path.read_bytes()


def test_a_file_seen_before_is_recognised(home: Home) -> None:
    drop(home, "ansatte_2024-09-30.csv")
    first = look(home)
    ledger = home.ledger.read_bytes()
    again = look(home)
    assert (again.new, again.seen, again.notes) == ([], first.new, [])
    assert home.ledger.read_bytes() == ledger


def test_what_a_purge_took_comes_again_only_in_a_later_extract(home: Home) -> None:
    drop(home, "permisjoner_2024-08-31.csv")
    (first,) = look(home).new
    append(home, [Purge(purged_at="", before=SEPTEMBER, files=(first.sha256,))])
    taken = look(home)
    assert (taken.new, [warning.text for warning in taken.warnings]) == (
        [],
        ["permisjoner_2024-08-31.csv was purged  and is not taken in; remove it from the landing folder"],
    )
    assert not archived_file(home, first.sha256).exists()
    # A month without leaves is a file with the same header alone.
    drop(home, "permisjoner_2024-09-30.csv")
    (again,) = look(home).new
    assert again.sha256 == first.sha256 and again in kept_arrivals(home)
    assert archived_file(home, first.sha256).exists() and look(home).seen[-1] == again


def test_the_withdrawal_of_a_file_beside_payroll_is_no_word_for_payroll(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for feed in REQUIRED:
        drop(home, f"{feed}_2024-09-30.csv", feed)
    drop(home, "maltall_2024-11-01.csv")
    served = {(one.file_name, one.sha256) for one in look(home).new}
    monkeypatch.setattr(arrivals, "_inputs", lambda *_: served)
    drop(home, "maltall_2024-10-01.csv", "andre")
    look(home)
    withdraw(home, "maltall_2024-11-01.csv", "feil fil")
    assert arrivals.accepted(home, choose(kept_arrivals(home), feeds(), None).delivery, "september")
    # Nor for a file that came after it, which takes the place of the withdrawn one.
    drop(home, "maltall_2024-10-15.csv", "enda andre")
    look(home)
    assert arrivals.accepted(home, choose(kept_arrivals(home), feeds(), None).delivery, "september") is None
    withdraw(home, "maltall_2024-11-01.csv", "likevel riktig", undo=True)

    for feed in REQUIRED:
        drop(home, f"{feed}_2024-10-31.csv", f"{feed} med feil")
    look(home)
    withdraw(home, "maltall_2024-11-01.csv", "feil fil")
    assert arrivals.accepted(home, choose(kept_arrivals(home), feeds(), None).delivery, "september") is None
    # What is wrong with payroll is what a word for payroll is about.
    withdraw(home, "fravaer_2024-09-30.csv", "feil fil")
    assert arrivals.accepted(home, choose(kept_arrivals(home), feeds(), OCTOBER).delivery, "september") is None


def test_changed_content_under_the_same_name_is_a_new_arrival_that_supersedes(home: Home) -> None:
    contents = ["første", "andre", "første"]
    for content in contents:
        drop(home, "ansatte_2024-09-30.csv", content)
        taken = look(home)
        (arrival,) = taken.new
        assert archived_file(home, arrival.sha256).read_text(encoding="utf-8") == content and taken.notes == []
    ledger = all_arrivals(home)
    assert names(ledger) == ["ansatte_2024-09-30.csv"] * 3
    assert ledger[0].sha256 == ledger[2].sha256 != ledger[1].sha256
    assert look(home).seen == [ledger[2]]


def test_the_same_content_under_another_name_is_noted(home: Home) -> None:
    drop(home, "ansatte_2024-09-30.csv")
    (first,) = look(home).new
    drop(home, "ansatte_2024-10-31.csv")
    taken = look(home)
    assert names(taken.new) == ["ansatte_2024-10-31.csv"]
    assert taken.notes == [
        f"ansatte_2024-10-31.csv has the same content as ansatte_2024-09-30.csv, which arrived {first.arrived_at}"
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ansatte.csv", "ansatte_<date>.csv"),
        ("ansatte_2024-09-30.txt", "ansatte_<date>.csv"),
        ("ansatte_2024-09-30.csv.gz", "ansatte_<date>.csv"),
        ("ansatte_2024-02-30.csv", "ansatte_<date>.csv"),
        ("ansatte_30.09.2024.csv", "ansatte_<date>.csv"),
        ("ansatte 2024-09-30.csv", "ansatte_<date>.csv"),
        ("kopi av ansatte_2024-09-30.csv", "ansatte_<date>.csv"),
        ("kopi_ansatte_2024-09-30.csv", "ansatte_<date>.csv"),
        ("StillingER2_2024-09-30.csv", "stillinger_<date>.csv"),
        ("fravær_2024-09-30.csv", "fravaer_<date>.csv"),
        ("pai.csv", "pai_<year>.csv"),
        ("ssb_2024-09-30.json", "ssb_<table>_<date>.json"),
        ("lonn_2024-09-30.csv", None),
        ("lesmeg.txt", None),
    ],
)
def test_a_file_of_another_name_is_noted_and_left_alone(home: Home, name: str, meant: str | None) -> None:
    drop(home, name)
    taken = look(home)
    assert (taken.new, taken.seen) == ([], [])
    note, names = taken.notes
    hint = f"; if it is meant to be one, call it {meant} (a date as 2024-09-30)" if meant else ""
    assert note == f"{name} is not a delivery file and is left alone{hint}"
    assert "ansatte_<date>.csv" in names and "ssb_<table>_<date>.json" in names
    assert list(home.archive.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ansatte_2024-09-30.csv.filepart", "waiting"), ("~$ansatte_2024-09-30.xlsx", None), ("Thumbs.db", None)],
)
def test_what_a_program_leaves_beside_a_file_is_no_file_of_another_name(home: Home, name: str, kind: str | None) -> None:
    drop(home, name)
    taken = look(home)
    assert (taken.new, [warning.kind for warning in taken.warnings]) == ([], [kind] if kind else [])
    assert [name in note for note in taken.notes] == [True]


def test_what_is_called_like_a_file_and_is_none_is_told(home: Home) -> None:
    (home.landing / "ansatte_2024-09-30.csv").mkdir()
    (home.landing / "fravaer_2024-09-30.csv").symlink_to(home.landing / "borte.csv")
    os.mkfifo(home.landing / "stillinger_2024-09-30.csv")
    drop(home, ".permisjoner_2024-09-30.csv")
    drop(home, ".DS_Store")
    taken = look(home)
    assert not taken.new
    assert [(warning.kind, warning.text.split(" and is left alone")[0]) for warning in taken.warnings] == [
        ("unused", ".permisjoner_2024-09-30.csv is hidden"),
        ("unused", "ansatte_2024-09-30.csv is a folder"),
        ("unused", "fravaer_2024-09-30.csv is a link that leads nowhere"),
        ("unused", "stillinger_2024-09-30.csv is no file"),
    ]


def of_account(found: os.stat_result, account: int) -> os.stat_result:
    return os.stat_result((*found[:4], account, *found[5:]))


def test_a_link_to_what_its_maker_does_not_own_is_left_alone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may only deliver reads nothing through the night. Links of root and of the night's own account are trusted."""
    night, deliverer = os.geteuid(), 4711
    key = tmp_path / "pseudonym.key"
    key.write_text("a key that nobody may see", encoding="utf-8")
    (home.landing / "fravaer_2024-09-30.csv").symlink_to(key)
    owner = {"link": deliverer, "key": night}
    # Only root could make files of other accounts.
    monkeypatch.setattr(Path, "lstat", lambda path: of_account(os.lstat(path), owner["link"]))
    monkeypatch.setattr(os, "fstat", lambda number, fstat=os.fstat: of_account(fstat(number), owner["key"]))
    taken = look(home)
    assert not taken.new
    assert [warning.text for warning in taken.warnings] == [
        "fravaer_2024-09-30.csv is a link to a file of another account and is left alone; put the file itself there"
    ]
    owner["key"] = deliverer
    assert [arrival.file_name for arrival in look(home).new] == ["fravaer_2024-09-30.csv"]
    for trusted in (night, 0):
        owner |= {"link": trusted, "key": night + 1}
        assert [arrival.file_name for arrival in look(home).seen] == ["fravaer_2024-09-30.csv"]


def test_files_in_a_folder_below_are_told_until_they_have_come_in(home: Home) -> None:
    folder = home.landing / "2024-09"
    folder.mkdir()
    for name in ("ansatte_2024-09-30.csv", "stillinger_2024-09-30.csv", "notat.txt"):
        (folder / name).write_text("innhold", encoding="utf-8")
    told = "2024-09 is a folder and is not looked into; what it has (ansatte_2024-09-30.csv and 1 more) has to lie beside it"
    assert [(warning.kind, warning.text) for warning in look(home).warnings] == [("unused", told)]
    for path in folder.iterdir():
        shutil.copy(path, home.landing)
    (home.landing / "notat.txt").unlink()
    assert [len(taken.warnings) for taken in (look(home), look(home))] == [0, 0]


@pytest.mark.parametrize(
    ("denied", "told"), [("", "the landing folder {}"), ("/ansatte_2024-09-30.csv", "ansatte_2024-09-30.csv"), (None, None)]
)
def test_a_landing_folder_that_cannot_be_read_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch, denied: str | None, told: str | None
) -> None:
    """What else cannot be reached, as the archive, is another matter."""
    where = str(home.archive) if denied is None else f"{home.landing}{denied}"

    def refuse(landing: Path, taken: TakenIn) -> list[Path]:
        raise PermissionError(13, "Permission denied", where)

    monkeypatch.setattr(archive, "_by_time", refuse)
    with pytest.raises(Refused if told else PermissionError) as found:
        look(home)
    if told:
        assert str(found.value).startswith(f"{told.format(home.landing)} cannot be read")


def test_a_file_of_two_profiles_comes_in_by_each(home: Home) -> None:
    """As in a first night, before anybody has set the profile."""
    drop(home, "Stillinger_2024-09-30.csv")
    stems = [[one.feed for one in take_in(home, home.landing, by).new] for by in (feeds(), feeds_by("visma"), feeds())]
    assert stems == [["stillinger"], ["visma_stillinger"], []]


def test_files_of_another_profile_say_why_they_are_not_used(
    home: Home, small: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_delivery(home.landing, small)
    look(home)
    told = {(one.state, one.reason) for one in arrivals.states_of_arrivals(home, feeds_by("visma"))}
    assert told == {("not used", "the payroll_profile of the settings has no file of this name")}
    # Once there are publications since then, they are history.
    made = publication_made("p1", date(2024, 9, 30), "2024-10-01T02:04:12")
    append(home, [made])
    monkeypatch.setattr(arrivals, "current_publication", lambda home: "p1")
    monkeypatch.setattr(arrivals, "_inputs", lambda home, previous: set())
    told = {(one.state, one.reason) for one in arrivals.states_of_arrivals(home, feeds_by("visma"))}
    assert told == {("superseded", "by p1; it came by another payroll_profile")}


def test_files_that_came_before_the_payroll_system_was_changed_are_no_warning(home: Home, small: Delivery) -> None:
    """They stay in the landing folder for years. One that changes there is told: somebody still exports from the old system."""
    write_delivery(home.landing, small)
    look(home)
    taken = take_in(home, home.landing, feeds_by("unit4"))
    assert taken.warnings == []
    assert "ansatte_2024-09-30.csv came as ansatte of another payroll_profile and is left alone" in taken.notes
    drop(home, "ansatte_2024-09-30.csv")
    (warning,) = take_in(home, home.landing, feeds_by("unit4")).warnings
    assert (warning.kind, warning.files) == ("unused", ("ansatte_2024-09-30.csv",))


def test_a_file_that_was_the_newest_and_is_overtaken_is_superseded(home: Home, small: Delivery) -> None:
    write_delivery(home.landing, small, extract_date=date(2024, 8, 31))
    look(home)
    write_delivery(home.landing, small)
    look(home)
    told = {(one.arrival.extract_date, one.state, one.reason) for one in arrivals.states_of_arrivals(home, feeds())}
    assert told == {
        (date(2024, 9, 30), "next", "the next night loads it in the delivery of 2024-09-30"),
        (date(2024, 8, 31), "superseded", "by the delivery of 2024-09-30"),
    }


@pytest.mark.parametrize("name", ["Ansatte_2024-09-30.CSV", "ANSATTE_2024-09-30.xlsx"])
def test_upper_case_in_a_name_does_not_matter(home: Home, name: str) -> None:
    drop(home, name)
    assert [arrival.feed for arrival in look(home).new] == ["ansatte"]


def test_folders_and_hidden_files_are_no_arrivals(home: Home) -> None:
    (home.landing / "eldre").mkdir()
    drop(home, ".ansatte_2024-09-30.csv.swp")
    assert look(home) == TakenIn()


def test_the_landing_folder_is_only_read(home: Home, small: Delivery) -> None:
    for number, path in enumerate(write_delivery(home.landing, small)):
        path.chmod(0o444 if number % 2 else 0o640)
        os.utime(path, (1_700_000_000, 1_600_000_000 + number))
    drop(home, "lesmeg.txt")

    def state() -> list[tuple[object, ...]]:
        paths = [home.landing, *sorted(home.landing.iterdir())]
        stats = [path.stat() for path in paths]
        contents = [path.read_bytes() if path.is_file() else b"" for path in paths]
        return [(p, s.st_mode, s.st_mtime_ns, s.st_ino, c) for p, s, c in zip(paths, stats, contents, strict=True)]

    before = state()
    look(home)
    look(home)
    assert state() == before


def test_the_archive_and_its_files_are_its_owners_alone(home: Home) -> None:
    drop(home, "ansatte_2024-09-30.csv").chmod(0o644)
    (arrival,) = look(home).new
    copy = archived_file(home, arrival.sha256)
    modes = {path: path.stat().st_mode & 0o777 for path in (home.archive, copy.parent, copy, home.ledger)}
    assert modes == {home.archive: 0o700, copy.parent: 0o700, copy: 0o400, home.ledger: 0o600}
    assert sorted(path for path in home.archive.rglob("*") if path.is_file()) == sorted([copy, home.ledger])


def test_a_copy_that_is_missing_is_taken_again(home: Home) -> None:
    drop(home, "ansatte_2024-09-30.csv")
    (arrival,) = look(home).new
    archived_file(home, arrival.sha256).unlink()
    assert look(home).seen == [arrival]
    assert verify(home) == []


def test_what_a_crash_left_half_copied_is_replaced(home: Home) -> None:
    (home.archive / "arriving").write_bytes(b"halv")
    drop(home, "ansatte_2024-09-30.csv")
    look(home)
    assert not (home.archive / "arriving").exists()
    assert verify(home) == []


def test_a_missing_landing_folder_is_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"the landing folder .*/nowhere does not exist"):
        take_in(home, tmp_path / "nowhere", feeds())


# --- the ledger ----------------------------------------------------------------------------------------------


def test_the_ledger_is_a_chain(home: Home) -> None:
    drop(home, "ansatte_2024-09-30.csv", "en")
    drop(home, "fravaer_2024-09-30.csv", "to")
    look(home)
    drop(home, "ansatte_2024-09-30.csv", "tre")
    look(home)
    ledger = all_arrivals(home)
    assert [entry.sequence for entry in ledger] == [1, 2, 3]
    assert [entry.previous for entry in ledger] == [FIRST_PREVIOUS, ledger[0].entry_hash, ledger[1].entry_hash]
    assert all(entry.entry_hash == entry.expected_hash() for entry in ledger)


def test_a_line_cut_off_by_a_crash_is_no_arrival_wherever_it_is_cut(home: Home) -> None:
    for content in ("en", "to"):
        drop(home, "ansatte_2024-09-30.csv", content)
        look(home)
    first, _ = all_arrivals(home)
    whole = home.ledger.read_bytes()
    for length in range(whole.index(b"\n") + 1, len(whole)):
        home.ledger.write_bytes(whole[:length])
        assert all_arrivals(home) == [first]


@pytest.mark.parametrize("tail", [b'{"arrived_at": "2024-', b"\x00" * 40, "æ".encode()[:1]])
def test_the_next_arrival_repairs_a_line_cut_off_by_a_crash(home: Home, tail: bytes) -> None:
    drop(home, "ansatte_2024-09-30.csv", "en")
    look(home)
    with home.ledger.open("ab") as ledger:
        ledger.write(tail)
    drop(home, "ansatte_2024-09-30.csv", "to")
    (arrival,) = look(home).new
    assert [entry.sequence for entry in all_arrivals(home)] == [1, 2]
    assert all_arrivals(home)[-1] == arrival
    assert verify(home) == []


@pytest.mark.parametrize("line", [b"tull", b"[]", b'{"feed": "ansatte"}', b"\xff\xfe", b""])
def test_a_ledger_that_cannot_be_read_is_refused_with_the_line(home: Home, line: bytes) -> None:
    drop(home, "ansatte_2024-09-30.csv")
    look(home)
    with home.ledger.open("ab") as ledger:
        ledger.write(line + b"\n")
    with pytest.raises(Refused, match=r"archive/ledger.jsonl line 2 (cannot be read|is none that this version knows)"):
        look(home)


# --- choosing ------------------------------------------------------------------------------------------------


def arrive(home: Home, day: date, missing: str = "") -> None:
    for feed in REQUIRED:
        if feed != missing:
            drop(home, f"{feed}_{day}.csv", f"{feed} {day}")
    look(home)


SITUATIONS: dict[str, tuple[list[tuple[date, str]], date | None, date, list[tuple[date, list[str]]]]] = {
    "the newest complete one": ([(AUGUST, ""), (SEPTEMBER, "")], None, SEPTEMBER, []),
    "the newest by extract date, not by arrival": ([(SEPTEMBER, ""), (AUGUST, "")], None, SEPTEMBER, []),
    "a newer incomplete one waits": ([(SEPTEMBER, ""), (OCTOBER, "fravaer")], None, SEPTEMBER, [(OCTOBER, ["fravaer"])]),
    "an older incomplete one is history": ([(AUGUST, "fravaer"), (SEPTEMBER, "")], None, SEPTEMBER, []),
    "two newer ones wait, the newest first": (
        [(AUGUST, ""), (SEPTEMBER, "ansatte"), (OCTOBER, "stillinger")],
        None,
        AUGUST,
        [(OCTOBER, ["stillinger"]), (SEPTEMBER, ["ansatte"])],
    ),
    "not newer than as_of": ([(AUGUST, ""), (SEPTEMBER, ""), (OCTOBER, "")], SEPTEMBER, SEPTEMBER, []),
    "as_of between two": ([(AUGUST, ""), (OCTOBER, "")], SEPTEMBER, AUGUST, []),
    "what is newer than as_of does not wait": ([(AUGUST, ""), (OCTOBER, "fravaer")], SEPTEMBER, AUGUST, []),
}


@pytest.mark.parametrize(("arrivals", "as_of", "chosen", "waiting"), SITUATIONS.values(), ids=SITUATIONS)
def test_the_delivery_chosen(
    home: Home,
    arrivals: list[tuple[date, str]],
    as_of: date | None,
    chosen: date,
    waiting: list[tuple[date, list[str]]],
) -> None:
    for day, missing in arrivals:
        arrive(home, day, missing)
    choice = choose(all_arrivals(home), feeds(), as_of)
    assert choice.delivery.extract_date == chosen
    assert sorted(arrival.feed for arrival in choice.delivery.files) == sorted(REQUIRED)
    assert {arrival.extract_date for arrival in choice.delivery.files} == {chosen}
    assert [(delivery.extract_date, delivery.missing(feeds())) for delivery in choice.waiting] == waiting


def test_a_waiting_delivery_is_chosen_once_its_last_file_has_come(home: Home) -> None:
    arrive(home, SEPTEMBER)
    arrive(home, OCTOBER, missing="fravaer")
    assert choose(all_arrivals(home), feeds(), None).delivery.extract_date == SEPTEMBER
    arrive(home, OCTOBER)
    choice = choose(all_arrivals(home), feeds(), None)
    assert (choice.delivery.extract_date, choice.waiting) == (OCTOBER, [])


def test_of_two_files_of_one_feed_and_date_the_later_arrival_holds(home: Home, small: Delivery) -> None:
    arrive(home, SEPTEMBER)
    write_feed(home.landing, "ansatte", small["ansatte"])
    (corrected,) = look(home).new
    assert choose(all_arrivals(home), feeds(), None).delivery.of(feeds()["ansatte"]) == [corrected]
    write_feed_xlsx(home.landing, "ansatte", small["ansatte"])
    (workbook,) = look(home).new
    assert choose(all_arrivals(home), feeds(), None).delivery.of(feeds()["ansatte"]) == [workbook]


@pytest.mark.parametrize(
    ("arrivals", "as_of", "told"),
    [
        ([], None, "no delivery: put the files"),
        ([(OCTOBER, "")], SEPTEMBER, "no delivery on or before 2024-09-30: put the files"),
        ([(SEPTEMBER, "fravaer")], None, "no complete delivery: the one of 2024-09-30 is missing fravaer"),
        ([(AUGUST, "ansatte"), (SEPTEMBER, "fravaer")], None, "the one of 2024-09-30 is missing fravaer"),
    ],
)
def test_no_complete_delivery_is_refused_with_what_is_missing(
    home: Home, arrivals: list[tuple[date, str]], as_of: date | None, told: str
) -> None:
    for day, missing in arrivals:
        arrive(home, day, missing)
    with pytest.raises(Refused) as refused:
        choose(all_arrivals(home), feeds(), as_of)
    assert told in str(refused.value)


# --- verifying -----------------------------------------------------------------------------------------------


@pytest.fixture
def archived(home: Home) -> Home:
    """Two arrivals of one feed in the archive."""
    for day in (SEPTEMBER, OCTOBER):
        drop(home, f"ansatte_{day}.csv", f"innhold {day}")
    look(home)
    assert verify(home) == []
    return home


def test_a_flipped_byte_in_an_archived_file_is_named(archived: Home) -> None:
    first, _ = all_arrivals(archived)
    path = archived_file(archived, first.sha256)
    whole = path.read_bytes()
    path.chmod(0o600)
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert verify(archived) == [f"archive: {first.file_name} ({first.sha256}) is changed"]


def test_a_missing_archived_file_is_named(archived: Home) -> None:
    _, last = all_arrivals(archived)
    archived_file(archived, last.sha256).unlink()
    assert verify(archived) == [f"archive: {last.file_name} ({last.sha256}) is missing"]


@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_a_flipped_byte_in_the_ledger_is_named_with_its_line(archived: Home, bit: int) -> None:
    whole = archived.ledger.read_bytes()
    first_line = whole.index(b"\n")
    # The very last line end is left out: a ledger without it is one that a crash cut off.
    for place in range(len(whole) - 1):
        archived.ledger.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        findings = verify(archived)
        number = 1 if place <= first_line else 2
        assert any(f"ledger entry {number} " in f or f"ledger.jsonl line {number} " in f for f in findings), (place, findings)


@pytest.mark.parametrize("lost", [0, 1])
def test_a_missing_line_of_the_ledger_is_named(archived: Home, lost: int) -> None:
    drop(archived, "ansatte_2024-10-31.csv", "nytt")
    look(archived)
    lines = archived.ledger.read_bytes().splitlines(keepends=True)
    archived.ledger.write_bytes(b"".join(lines[:lost] + lines[lost + 1 :]))
    assert any(f"ledger entry {lost + 1} " in finding and "missing" in finding for finding in verify(archived))


def test_lines_in_another_order_are_named(archived: Home) -> None:
    first, second = archived.ledger.read_bytes().splitlines(keepends=True)
    archived.ledger.write_bytes(second + first)
    assert [finding.split(" (")[0] for finding in verify(archived)] == ["ledger entry 1", "ledger entry 2"]


def test_an_entry_that_somebody_has_written_anew_is_seen_by_the_one_after_it(archived: Home) -> None:
    first, second = map(Arrival.from_json, archived.ledger.read_text(encoding="utf-8").splitlines())
    forged = replace(first, arrived_at="2020-01-01T00:00:00+00:00")
    forged = replace(forged, entry_hash=forged.expected_hash())
    # Nor does it help to let that one name the new hash.
    for after in (second, replace(second, previous=forged.entry_hash)):
        archived.ledger.write_text(f"{forged.to_json()}\n{after.to_json()}\n", encoding="utf-8")
        assert [finding.split(" (")[0] for finding in verify(archived)] == ["ledger entry 2"]


def test_a_last_line_without_its_end_is_named(archived: Home) -> None:
    archived.ledger.write_bytes(archived.ledger.read_bytes()[:-1])
    assert verify(archived) != []


def test_verification_changes_nothing(archived: Home, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(archived.root, copy)
    for path in (archived.ledger, archived_file(archived, all_arrivals(archived)[0].sha256)):
        path.chmod(0o600)
        path.write_bytes(b"x" + path.read_bytes())
    before = {path: path.read_bytes() for path in archived.root.rglob("*") if path.is_file()}
    assert verify(archived) != []
    assert {path: path.read_bytes() for path in archived.root.rglob("*") if path.is_file()} == before
    assert verify(Home(copy)) == []
