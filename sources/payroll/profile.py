"""Reads a profile, the TOML file that says what another payroll system calls things, and gives the feeds as it delivers them.
Not here: how rows are turned (reading.py), or what any one vendor calls things (profiles/).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sources.contract import Feed, Rule
from sources.dialect import TextTable
from sources.naming import NamedFile, Naming
from sources.payroll.reading import DATE_FORMS, LARGEST_WINS, OTHERS, Cell, Reading, VendorFile, in_profile, read_rows
from sources.payroll.records import several
from sources.registry import feeds

PROFILES = Path(__file__).parent / "profiles"
# Rows of these feeds are told apart across the whole feed, which rules that see one file at a time cannot do.
IN_SEVERAL_FILES = ("fravaer", "permisjoner", "variable_timer")


class ProfileError(Exception):
    """A profile that cannot be used. The message names it and what is wrong."""


@dataclass(frozen=True)
class Profile:
    """What one payroll system calls its files, columns and codes."""

    name: str
    files: Mapping[str, VendorFile]
    readings: tuple[Reading, ...]

    def naming(self, stem: str) -> Naming:
        return Naming(stem, of_payroll=True, pattern=self.files[stem].name)

    def read(self, reading: Reading, path: Path) -> TextTable:
        """The feed's columns of one of the vendor's files."""
        beside = [one for one in self.readings if one.file == reading.file]
        return read_rows(path, self.files[reading.file], reading, beside, feeds()[reading.feed])


@cache
def read_profile(name: str) -> Profile:
    """A profile by its name.

    Raises:
        ProfileError: no such profile, or one that says something impossible.
    """
    try:
        content = tomllib.loads((PROFILES / f"{name}.toml").read_text(encoding="utf-8"))
        files = {stem: VendorFile(stem, **values) for stem, values in content.get("files", {}).items()}
        readings = [_reading(feed, values) for feed, given in content.get("feeds", {}).items() for values in several(given)]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProfileError(f"the payroll profile {name} cannot be read: {error!r}") from None
    if problems := _problems(files, readings):
        raise ProfileError(f"the payroll profile {name}: {'; '.join(problems)}")
    return Profile(name, files, tuple(readings))


def _reading(feed: str, values: Mapping[str, Any]) -> Reading:
    columns = {
        header: Cell(header=cell) if isinstance(cell, str) else Cell(**cell) for header, cell in values["columns"].items()
    }
    return Reading(feed, **{**values, "columns": columns})


def _problems(files: Mapping[str, VendorFile], readings: list[Reading]) -> list[str]:
    found = [f"{stem}: the name needs one <date>" for stem, file in files.items() if file.name.count("<date>") != 1]
    found += [f"{stem}: no feed is read from it" for stem in files if stem not in {one.file for one in readings}]
    if beside := sorted({one.feed for one in readings} - {name for name, feed in feeds().items() if feed.naming.of_payroll}):
        return [*found, f"{', '.join(beside)} is no payroll feed"]
    for one in readings:
        where = f"{one.feed} from {one.file}"
        contract = feeds()[one.feed]
        own = [other for other in readings if other.feed == one.feed]
        if one.file not in files:
            found.append(f"{where}: no such file")
        if unknown := sorted(set(one.columns) - set(contract.columns)):
            found.append(f"{where}: the contract has no column {', '.join(unknown)}")
        if lacking := [header for header, column in contract.columns.items() if column.required and header not in one.columns]:
            found.append(f"{where}: required column {', '.join(lacking)} is not mapped")
        if unread := [header for header, cell in one.columns.items() if cell.date and cell.date not in DATE_FORMS]:
            found.append(f"{where}: the date form of {', '.join(unread)} is none of {', '.join(DATE_FORMS)}")
        if bool(one.largest_wins) != bool(one.of_same):
            found.append(f"{where}: largest_wins and of_same belong together")
        if one.join_days and not {"Fra dato", "Til dato"} <= one.columns.keys():
            found.append(f"{where}: join_days needs Fra dato and Til dato")
        if one.each and not any(other.file == one.file and not other.each for other in readings):
            found.append(f"{where}: a record without {one.each} would be lost; read a feed from whole records as well")
        if len(own) > 1 and (one.feed not in IN_SEVERAL_FILES or len({other.file for other in own}) < len(own)):
            found.append(f"{where}: only {', '.join(IN_SEVERAL_FILES)} may come in several files, and once from each")
    return found


@cache
def feeds_by(profile_name: str) -> dict[str, Feed]:
    """All feeds, those that the profile reads from the vendor's files with its names, reader and rules."""
    profile = read_profile(profile_name)
    return {name: _read_by(profile, feed) for name, feed in feeds().items()}


def _read_by(profile: Profile, feed: Feed) -> Feed:
    readings = {reading.file: reading for reading in profile.readings if reading.feed == feed.name}
    if not readings:
        return feed

    def read(path: Path, named: NamedFile) -> TextTable:
        return profile.read(readings[named.stem], path)

    namings = tuple(profile.naming(stem) for stem in readings)
    return replace(feed, files=namings, read=read, reader_rules=_rules(feed, list(readings.values())))


def _rules(feed: Feed, readings: list[Reading]) -> tuple[Rule, ...]:
    coded = {
        header: cell for one in readings for header, cell in one.columns.items() if cell.codes and OTHERS not in cell.codes
    }
    rules = [
        Rule(
            in_profile(feed, header),
            header,
            "is a code that the profile knows; others are read as they are",
            f"add the code of {cell.header} to the profile",
            "warning",
            "cell",
        )
        for header, cell in coded.items()
    ]
    for one in readings:
        if one.largest_wins and LARGEST_WINS not in {rule.name for rule in rules}:
            described = f"no row of the same {' + '.join(one.of_same)} has a larger {one.largest_wins}, or as large and earlier"
            rules.append(Rule(LARGEST_WINS, "", described, "nothing: the larger row is loaded", "error", "cell"))
    return tuple(rules)
