"""The municipality's settings: one class, a field a setting, read from one TOML file and checked.
Not here: where files lie (paths.py) or secrets (pseudonym.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, ValidationError

from sources.toml_file import Allowed, TomlError, known, problems, read_toml
from warehouse.errors import UsageError

if TYPE_CHECKING:
    from sources.contract import Feed

DEFAULT_FILE = Path(__file__).parent.parent / "arsverk.toml"
PROFILES = sorted(path.stem for path in (Path(__file__).parent.parent / "sources/payroll/profiles").glob("*.toml"))
# Marks a setting that says what must be withheld.
WITHHOLDS = "withholds"
MONTHLY = "monthly"


def checked_address(address: str) -> str:
    """An address as `postgresql://USER@HOST/DB` that holds no password.

    Raises:
        ValueError: it is another, or holds a password, which everybody could read who sees the list of processes or has a
            copy of the settings. The message does not repeat it.
    """
    found = urlsplit(address)
    if found.scheme not in ("postgresql", "postgres"):
        raise ValueError("the address of a PostgreSQL database begins with postgresql://, as postgresql://arsverk@db/hr")
    if found.password is not None or "password" in parse_qs(found.query):
        raise ValueError(
            "the address of the PostgreSQL database holds a password; take it out there, and put it into ~/.pgpass of the user"
            " who runs årsverk, or into the environment variable PGPASSWORD"
        )
    return address


def _rising(ages: tuple[int, ...]) -> tuple[int, ...]:
    if list(ages) != sorted(set(ages)) or ages[0] <= 0:
        raise ValueError("not in rising order")
    return ages


def _with_host(address: str) -> str:
    found = urlsplit(address)
    if not found.hostname or found.port == 0:  # a port that is no number raises ValueError by itself
        raise ValueError("without a host")
    return address


# A whole number stays one: the publication's record shows a setting as it was written.
Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Limit = Annotated[Number, Field(ge=0), Allowed("a number, 0 or more")]
Share = Annotated[Number, Field(ge=0, le=1), Allowed("a share between 0 and 1")]
Count = Annotated[StrictInt, Field(ge=0), Allowed("a whole number, 0 or more")]
Days = Annotated[StrictInt, Field(gt=0), Allowed("a whole number of days above 0")]
Years = Annotated[StrictInt, Field(gt=0, le=500), Allowed("a whole number of years above 0")]
Year = Annotated[StrictInt | None, Allowed("a year")]
Text = Annotated[str, Field(pattern=r"\S"), Allowed("a text that is not empty")]
Database = Annotated[
    Annotated[str, AfterValidator(checked_address)] | None,
    Allowed("an address without a password, as postgresql://USER@HOST/DB"),
]
GroupName = Annotated[Annotated[str, Field(pattern=r"\S")] | None, Allowed("the name of a group of the system")]
Percent = Annotated[Number, Field(gt=0, le=100), Allowed("a position percent above 0 and up to 100")]
Ages = Annotated[
    tuple[StrictInt, ...], Field(min_length=1), AfterValidator(_rising), Allowed("ages in rising order, as [25, 35]")
]
Size = Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?([KMGT]i?)?B$"), Allowed('a size as "6GB"')]
Command = Annotated[tuple[str, ...], Field(min_length=1), Allowed('the words of a command, as ["mail", "-s", "…"]')]
Address = Annotated[
    Annotated[str, Field(pattern=r"^https?://[^\s]+$"), AfterValidator(_with_host)] | None, Allowed("an http(s) address")
]
WholePath = Annotated[str, Field(pattern=r"^/."), Allowed("a whole path")]
AbsoluteFile = Annotated[
    Annotated[str, Field(pattern=r"^/.+\.prom$")] | None, Allowed("the whole path of a file whose name ends in .prom")
]
Outcomes = Annotated[
    tuple[Literal["refused", "warnings", "published", "held"], ...],
    Allowed('a list of "refused", "warnings", "published" and "held"'),
]
Release = Annotated[Literal["monthly", "nightly"], Allowed('"monthly" or "nightly"')]
DayOfMonth = Annotated[StrictInt, Field(ge=1, le=28), Allowed("a day of the month, 1 to 28")]
Profile = Annotated[str, known(PROFILES), Allowed(f"one of {', '.join(PROFILES)} (sources/payroll/profiles)")]
Chapter = Literal["sick_leave", "units", "full_time", "equality", "survey"]
CHAPTERS: tuple[Chapter, ...] = get_args(Chapter)
Chapters = Annotated[
    tuple[Chapter, ...],
    Allowed('a list of "sick_leave", "units" (a page a tjenesteområde and virksomhet), "full_time", "equality" and "survey"'),
]
LogoFile = Annotated[Annotated[str, Field(pattern=r"(?i)\.(svg|png|jpe?g)$")] | None, Allowed("an .svg, .png or .jpg file")]
LimitByTable = Annotated[
    dict[str, Annotated[Number, Field(ge=0)]], Allowed("a table of numbers, 0 or more, by the name of a served table")
]


class Internal(BaseModel):
    """The internal publication: off without a group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: GroupName = Field(default=None, description="The system's group that may read figures of small groups.")


class CopyTo(BaseModel):
    """The databases that get a copy of what is served: none when all are left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgresql: Database = Field(default=None, description="The PostgreSQL database that gets a copy in its schema marts.")


class Report(BaseModel):
    """The report for leaders and committees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chapters: Chapters = Field(default=CHAPTERS, description="What the report has; an empty list: no report is made.")
    logo: LogoFile = Field(
        default=None, description="The municipality's logo, an image file; a name without a folder is beside the settings."
    )


class Folders(BaseModel):
    """Where one of many municipalities lies (orchestration/municipalities.py)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: WholePath = Field(description="Its home folder, its own.")
    landing: WholePath = Field(description="The folder its deliveries come to.")
    key_file: Annotated[WholePath | None, Allowed("a whole path")] = Field(
        None, description="A file with its pseudonym key; left out, pseudonym.key below its home."
    )


class Settings(BaseModel):
    """Settings by the names metrics.md gives them. A table of the file is a model of its own, and a field here.

    An annotation says what is allowed, in constraints and in words. A field with `exclude` stays out of the publication's
    record: it changes no figure, and those who read the publication have no business with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    municipality: Text = Field(description="The municipality's name as its documents print it.")
    possible_days_per_fte: Days = Field(description="Dagsverk of one årsverk, the same in every year.")
    short_term_max_days: Days = Field(description="A spell of up to this many calendar days is short-term.")
    age_bands: Ages = Field(description="First age of each band after the youngest.")
    full_time_threshold: Percent = Field(description="Position percent from which full_time_80_percent counts a person.")
    min_fte_unit: Annotated[Limit, WITHHOLDS] = Field(
        description="A unit, sex or age cell of sick leave with fewer årsverk is withheld."
    )
    min_fte_job_code: Annotated[Limit, WITHHOLDS] = Field(
        description="A job-code cell of sick leave with fewer årsverk is withheld."
    )
    min_responses: Annotated[Count, WITHHOLDS] = Field(description="A survey cell with fewer answers is withheld.")
    min_persons: Annotated[Count, WITHHOLDS] = Field(
        description="A full-time or equality cell with fewer persons is withheld, and a pay group with fewer women or men."
    )
    max_quarantine_share: Share = Field(description="A required file with a larger share of bad rows stops the night.")
    max_quarantine_rows: Count = Field(5, description="Up to so many bad rows of a file never stop the night.")
    max_drop: Share = Field(
        0.05, exclude=True, description="A larger drop of rows or persons since the served delivery waits for a human."
    )
    settle_seconds: Count = Field(
        120, exclude=True, description="A delivered file has arrived when it has not changed for so many seconds."
    )
    max_age_days: Days = Field(
        40,
        exclude=True,
        description="Figures to a date that lies further back are stale, a warning; monthly ones not before the next are due.",
    )
    keep_publications_days: Days = Field(
        60, exclude=True, description="All publications of so many days are kept, of older ones the last of each month."
    )
    keep_month_ends_years: Years = Field(
        5, exclude=True, description="So many years back; of still older ones the last of each year."
    )
    keep_runs_days: Days = Field(
        90, exclude=True, description="Dagster's runs and their events are removed when they are older."
    )
    release: Release = Field(
        "monthly", exclude=True, description="How often readers get new figures: monthly, to the last month end; or nightly."
    )
    release_day: DayOfMonth = Field(
        5, exclude=True, description="The first night from this day of the month on releases the month before."
    )
    internal: Internal = Field(
        Internal(),
        exclude=True,
        description="Every night also a publication to the extract date with nothing withheld, for one group of people.",
    )
    copy_to: CopyTo = Field(
        CopyTo(), alias="copy", exclude=True, description="Where every night copies the publication to, once it is served."
    )
    report: Report = Field(Report(), description="What the report has that is made with each publication.")
    folders: Folders | None = Field(
        None, exclude=True, description="Of one of many municipalities: home, landing and key_file (docs/operations.md)."
    )
    memory_limit: Size = Field(description="DuckDB's share of the memory.")
    protection_interval: Annotated[Share, WITHHOLDS] = Field(
        0.1, description="A withheld figure stays uncertain by this share of its threshold, up and down."
    )
    protect_own_positions: Annotated[StrictBool, WITHHOLDS, Allowed("true or false")] = Field(
        True,
        description="What sits on a unit itself beside the units below it, often one leader, is withheld as any small group.",
    )
    stricter: Annotated[LimitByTable, WITHHOLDS] = Field({}, description="Higher thresholds of single tables.")
    first_year: Year = Field(
        None, description="First year of every series; left out, the first one with sick absences (metrics.md 1)."
    )
    notify_command: Command = Field((), exclude=True, description="A command that gets the night's text on stdin.")
    notify_webhook: Address = Field(None, exclude=True, description='An address that gets {"text": the text} by POST.')
    notify_on: Outcomes = Field(
        ("refused", "warnings"), exclude=True, description="Which nights they get: refused, warnings, published, held."
    )
    heartbeat_url: Address = Field(
        None, exclude=True, description="An address that is asked for after each night that published or held, by GET."
    )
    metrics_file: AbsoluteFile = Field(
        None, exclude=True, description="A file NAME.prom that each night writes for Prometheus' node exporter."
    )
    payroll_profile: Profile = Field("default", description="What the payroll system calls things.")
    restatement_points: Limit = Field(
        0.1, description="A percent of the municipality that changes by more points in a closed period stops the night."
    )
    restatement_share: Limit = Field(
        0.01, description="So does a size (årsverk, persons, kroner) that changes by a larger share."
    )

    def age_groups(self) -> list[tuple[str, int, int]]:
        """The age bands as (label, first age, last age), youngest first and open at both ends."""
        starts = [-999, *self.age_bands]
        ends = [start - 1 for start in self.age_bands] + [999]
        labels = [f"<{self.age_bands[0]}"]
        labels += [f"{start}-{end}" for start, end in zip(starts[1:-1], ends[1:-1], strict=True)]
        labels.append(f"{starts[-1]}+")
        return list(zip(labels, starts, ends, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values, for the publication's record."""
        return self.model_dump()


WITHHOLDING_RULES = tuple(sorted(name for name, field in Settings.model_fields.items() if WITHHOLDS in field.metadata))


def are_laxer(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether some threshold is lower than in the settings of a publication: then all that it withheld is decided anew."""
    later = now.get("stricter") or {}
    stricter = [(limit, later.get(table, 0)) for table, limit in (before.get("stricter") or {}).items()]
    names = [name for name in WITHHOLDING_RULES if name != "stricter" and name in before and name in now]
    return any(limit < earlier for earlier, limit in (*((before[name], now[name]) for name in names), *stricter))


def read_settings(path: Path = DEFAULT_FILE) -> Settings:
    """Read and check the settings file.

    Raises:
        UsageError: no such file, not TOML, or settings that are missing, unknown or have a wrong value. It names them all.
    """
    try:
        settings = read_toml(path, Settings, noun="setting")
    except TomlError as error:
        raise UsageError(str(error)) from None
    if settings.report.logo is None:
        return settings
    logo = path.parent.resolve() / settings.report.logo
    if not logo.is_file():
        raise UsageError(
            f"{path}: report.logo = {settings.report.logo!r}: there is no file {logo}; correct the name or leave it out"
        )
    return settings.model_copy(update={"report": settings.report.model_copy(update={"logo": str(logo)})})


def feeds_of(settings: Settings) -> dict[str, Feed]:
    """The feeds, those of payroll as the setting `payroll_profile` says that its system delivers them.

    Raises:
        UsageError: the profile cannot be used.
    """
    # Not at the top: Pandera takes a second, which what only reads settings need not wait for.
    from sources.payroll.profile import ProfileError, feeds_by

    try:
        return feeds_by(settings.payroll_profile)
    except ProfileError as error:
        raise UsageError(str(error)) from None


def settings_again(recorded: dict[str, Any], today: Settings) -> tuple[Settings, list[str]]:
    """The settings a publication was made with, as it recorded them. What is not recorded, and the memory limit, are today's.

    Returns:
        The settings, and a line for each that is unknown today, was unknown then, or has a value that is not allowed today.
    """
    recorded_ones = {name for name, field in Settings.model_fields.items() if not field.exclude} - {"memory_limit"}
    unknown_now = sorted(recorded.keys() - recorded_ones - {"memory_limit"})
    notes = [f"the setting {name} = {recorded[name]!r} is unknown to today's code" for name in unknown_now]
    notes += [
        f"the setting {name} was not known then; today's {getattr(today, name)!r} is used"
        for name in sorted(recorded_ones - recorded.keys())
    ]
    then = {name: value for name, value in recorded.items() if name in recorded_ones}
    try:
        checked = Settings.model_validate(today.as_dict() | then)
    except ValidationError as error:
        notes += [f"the setting {problem}; today's is used" for problem in problems(error, Settings, then)]
        for one in error.errors():
            then.pop(str(one["loc"][0]), None)
        checked = Settings.model_validate(today.as_dict() | then)
    return today.model_copy(update={name: getattr(checked, name) for name in recorded_ones}), notes
