"""The municipality's settings, read from one TOML file and checked.
Not here: where files lie (paths.py) or secrets (pseudonym.py).
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from warehouse.errors import UsageError

DEFAULT_FILE = Path(__file__).parent.parent / "arsverk.toml"
PROFILES = sorted(path.stem for path in (Path(__file__).parent.parent / "sources/payroll/profiles").glob("*.toml"))


# The settings that say what must be withheld.
WITHHOLDING_RULES = ("min_fte_job_code", "min_fte_unit", "min_persons", "min_responses", "protection_interval", "stricter")


@dataclass(frozen=True)
class Settings:
    """Settings by the names metrics.md gives them; `first_year` None means the year of the earliest sick absence."""

    municipality: str
    possible_days_per_fte: int
    short_term_max_days: int
    age_bands: tuple[int, ...]
    full_time_threshold: float
    min_fte_unit: float
    min_fte_job_code: float
    min_responses: int
    min_persons: int
    max_quarantine_share: float
    memory_limit: str
    max_quarantine_rows: int = 5
    protection_interval: float = 0.1
    stricter: dict[str, float] = field(default_factory=dict)
    first_year: int | None = None
    notify_command: tuple[str, ...] = ()
    notify_webhook: str | None = None
    payroll_profile: str = "default"
    restatement_points: float = 0.1
    restatement_share: float = 0.01

    def age_groups(self) -> list[tuple[str, int, int]]:
        """The age bands as (label, first age, last age), youngest first and open at both ends."""
        starts = [-999, *self.age_bands]
        ends = [start - 1 for start in self.age_bands] + [999]
        labels = [f"<{self.age_bands[0]}"]
        labels += [f"{start}-{end}" for start, end in zip(starts[1:-1], ends[1:-1], strict=True)]
        labels.append(f"{starts[-1]}+")
        return list(zip(labels, starts, ends, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values, for the publication's record; without those about who is told, which readers of
        the publication have no business with."""
        return {name: value for name, value in asdict(self).items() if name not in NOT_RECORDED}


EXPECTED: dict[str, tuple[type, ...]] = {
    "municipality": (str,),
    "possible_days_per_fte": (int,),
    "short_term_max_days": (int,),
    "age_bands": (list,),
    "full_time_threshold": (int, float),
    "min_fte_unit": (int, float),
    "min_fte_job_code": (int, float),
    "min_responses": (int,),
    "min_persons": (int,),
    "protection_interval": (int, float),
    "stricter": (dict,),
    "max_quarantine_share": (int, float),
    "max_quarantine_rows": (int,),
    "memory_limit": (str,),
    "first_year": (int,),
    "notify_command": (list,),
    "notify_webhook": (str,),
    "payroll_profile": (str,),
    "restatement_points": (int, float),
    "restatement_share": (int, float),
}
NOT_RECORDED = ("notify_command", "notify_webhook")


def _all_of(kind: type, values: list) -> bool:
    return bool(values) and all(type(value) is kind for value in values)


# What a value of the right kind must be besides; nan is within no limits.
LIMITS: dict[str, tuple[Callable[[Any], object], str]] = {
    "municipality": (lambda text: bool(text.strip()), "must not be empty"),
    "possible_days_per_fte": (lambda days: days > 0, "must be above 0"),
    "short_term_max_days": (lambda days: days > 0, "must be above 0"),
    "age_bands": (
        lambda ages: _all_of(int, ages) and ages[0] > 0 and sorted(set(ages)) == ages,
        "must be ages in rising order",
    ),
    "min_fte_unit": (lambda fte: 0 <= fte < math.inf, "must be 0 or more"),
    "min_fte_job_code": (lambda fte: 0 <= fte < math.inf, "must be 0 or more"),
    "full_time_threshold": (lambda percent: 0 < percent <= 100, "must be a position percent above 0 and up to 100"),
    "min_persons": (lambda persons: persons >= 0, "must be 0 or more"),
    "protection_interval": (lambda share: 0 <= share <= 1, "must be a share of the threshold, between 0 and 1"),
    "stricter": (
        lambda rules: all(type(limit) in (int, float) and 0 <= limit < math.inf for limit in rules.values()),
        "must be a table of numbers, 0 or more, by the name of a served table",
    ),
    "min_responses": (lambda responses: responses >= 0, "must be 0 or more"),
    "max_quarantine_share": (lambda share: 0 <= share <= 1, "must be a share between 0 and 1"),
    "max_quarantine_rows": (lambda rows: rows >= 0, "must be 0 or more"),
    "memory_limit": (re.compile(r"\d+(\.\d+)? ?([KMGT]i?)?B").fullmatch, "must be a size like 6GB"),
    "notify_command": (lambda words: _all_of(str, words), "must be the words of a command"),
    "notify_webhook": (re.compile(r"https?://.+").fullmatch, "must be an http(s) address"),
    "payroll_profile": (lambda name: name in PROFILES, f"must be one of {', '.join(PROFILES)} (sources/payroll/profiles)"),
    "restatement_points": (lambda points: 0 <= points < math.inf, "must be 0 or more"),
    "restatement_share": (lambda share: 0 <= share < math.inf, "must be 0 or more"),
}


def read_settings(path: Path = DEFAULT_FILE) -> Settings:
    """Read and check the settings file.

    Raises:
        UsageError: no such file, not TOML, a setting that is missing, unknown or of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"settings file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"settings file {path} is not valid TOML: {error}") from None
    if unknown := sorted(values.keys() - EXPECTED.keys()):
        raise UsageError(f"{path}: unknown setting {', '.join(unknown)}; known are {', '.join(EXPECTED)}")
    required = [f.name for f in fields(Settings) if f.default is MISSING and f.default_factory is MISSING]
    if missing := [name for name in required if name not in values]:
        raise UsageError(f"{path}: setting {', '.join(missing)} is missing")
    for name, value in values.items():
        if not isinstance(value, EXPECTED[name]) or isinstance(value, bool):
            raise UsageError(f"{path}: {name} = {value!r} is not {' or '.join(kind.__name__ for kind in EXPECTED[name])}")
    for name, (is_right, told) in LIMITS.items():
        if name in values and not is_right(values[name]):
            raise UsageError(f"{path}: {name} = {values[name]!r} {told}")
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Settings(**given)


def settings_again(recorded: dict[str, Any], today: Settings) -> tuple[Settings, list[str]]:
    """The settings a publication was made with, as it recorded them; who is told and the memory limit are today's.

    Returns:
        The settings, and a line for each that is unknown today or was unknown then.
    """
    own = {field.name for field in fields(Settings)} - {*NOT_RECORDED, "memory_limit"}
    unknown_now = sorted(recorded.keys() - own - {"memory_limit"})
    notes = [f"the setting {name} = {recorded[name]!r} is unknown to today's code" for name in unknown_now]
    notes += [
        f"the setting {name} was not known then; today's {getattr(today, name)!r} is used"
        for name in sorted(own - recorded.keys())
    ]
    kept: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in recorded.items() if name in own
    }
    return replace(today, **kept), notes
