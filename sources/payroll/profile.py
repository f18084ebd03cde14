"""Reads a profile, the TOML file that says what another payroll system calls things, and gives the feeds as it delivers them.
Not here: how rows are turned (reading.py), or what any one vendor calls things (profiles/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from sources.contract import Feed, Rule
from sources.naming import NamedFile, Naming
from sources.payroll.nested import several
from sources.payroll.reading import LARGEST_WINS, OTHERS, Reading, VendorFile, in_profile, read_rows
from sources.registry import feeds
from sources.text_table import TextTable
from sources.toml_file import TomlError, read_toml

PROFILES = Path(__file__).parent / "profiles"
# Rows of these feeds are told apart across the whole feed, which rules that see one file at a time cannot do.
IN_SEVERAL_FILES = ("fravaer", "permisjoner", "variable_timer")


class ProfileError(Exception):
    """A profile that cannot be used. The message names its file and what is wrong."""


class ProfileFile(BaseModel):
    """What a profile's TOML file holds (README.md says what each key does)."""

    model_config = ConfigDict(extra="forbid")

    description: str
    files: Mapping[str, VendorFile] = {}
    feeds: Mapping[str, tuple[Reading, ...]] = {}

    @field_validator("files", mode="before")
    @classmethod
    def _with_stems(cls, files: Any) -> Any:
        return _named("stem", files)

    @field_validator("feeds", mode="before")
    @classmethod
    def _with_names(cls, given: Any) -> Any:
        return _named("feed", {feed: several(values) for feed, values in given.items()} if isinstance(given, dict) else given)


def _named(key: str, tables: Any) -> Any:
    """The tables, each with the name under which it stands. What is no table stays as it is, for the model to refuse."""
    if not isinstance(tables, dict):
        return tables

    def named(name: str, table: Any) -> Any:
        if isinstance(table, list):
            return [named(name, one) for one in table]
        return {**table, key: name} if isinstance(table, dict) else table

    return {name: named(name, table) for name, table in tables.items()}


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
    path = PROFILES / f"{name}.toml"
    try:
        content = read_toml(path, ProfileFile)
    except TomlError as error:
        raise ProfileError(f"the payroll profile {name} cannot be used:\n{error}") from None
    readings = [reading for of_feed in content.feeds.values() for reading in of_feed]
    if problems := _problems(content.files, readings):
        raise ProfileError("\n".join([f"the payroll profile {name} cannot be used:", *(f"{path}: {one}" for one in problems)]))
    return Profile(name, content.files, tuple(readings))


def _problems(files: Mapping[str, VendorFile], readings: list[Reading]) -> list[str]:
    found = [f"{stem}: no feed is read from it" for stem in files if stem not in {one.file for one in readings}]
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
    """All feeds, those that the profile reads from the vendor's files with its names, parser and rules."""
    profile = read_profile(profile_name)
    return {name: _read_by(profile, feed) for name, feed in feeds().items()}


def _read_by(profile: Profile, feed: Feed) -> Feed:
    readings = {reading.file: reading for reading in profile.readings if reading.feed == feed.name}
    if not readings:
        return feed

    def read(path: Path, named: NamedFile) -> TextTable:
        return profile.read(readings[named.stem], path)

    namings = tuple(profile.naming(stem) for stem in readings)
    return replace(feed, files=namings, read=read, parser_rules=_rules(feed, list(readings.values())))


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
