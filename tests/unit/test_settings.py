"""The settings file: what it gives when it is right, and that every way of being wrong names the setting.
Not here: what the settings do.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from warehouse.errors import UsageError
from warehouse.settings import DEFAULT_FILE, Settings, read_settings, settings_again

VALID = {
    "municipality": '"Prøve kommune"',
    "possible_days_per_fte": "254",
    "short_term_max_days": "16",
    "age_bands": "[25, 35, 45, 55, 65]",
    "min_fte_unit": "10",
    "min_fte_job_code": "30.5",
    "full_time_threshold": "80",
    "min_persons": "5",
    "min_responses": "5",
    "max_quarantine_share": "0.01",
    "memory_limit": '"2GB"',
}
OPTIONAL = {
    "max_drop": "0.1",
    "settle_seconds": "0",
    "max_quarantine_rows": "3",
    "protection_interval": "0.2",
    "protect_own_positions": "false",
    "stricter": "{ sick_leave_by_job_code = 50, equality_pay = 10.5 }",
    "first_year": "2021",
    "max_age_days": "31",
    "notify_on": '["refused", "warnings", "published", "held"]',
    "notify_command": '["mail", "-s", "natten feilet"]',
    "notify_webhook": '"https://chat.kommune.example/hook"',
    "folders": '{ home = "/srv/arsverk/asker", landing = "/srv/arsverk-landing/asker" }',
    "heartbeat_url": '"https://hc.kommune.example:8443/ping"',
    "metrics_file": '"/var/lib/prometheus/node-exporter/arsverk.prom"',
    "keep_publications_days": "30",
    "keep_month_ends_years": "2",
    "keep_runs_days": "14",
    "payroll_profile": '"visma"',
    "internal": '{ group = "arsverk-hr" }',
    "copy": '{ postgresql = "postgresql://arsverk@db.kommune.example/hr" }',
    "report": '{ chapters = ["sick_leave", "units"] }',
    "release": '"nightly"',
    "release_day": "10",
    "restatement_points": "0.5",
    "restatement_share": "0.02",
}

# The kinds of TOML values each setting takes.
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
    "protect_own_positions": (bool,),
    "stricter": (dict,),
    "max_quarantine_share": (int, float),
    "max_quarantine_rows": (int,),
    "max_drop": (int, float),
    "settle_seconds": (int,),
    "memory_limit": (str,),
    "first_year": (int,),
    "max_age_days": (int,),
    "notify_on": (list,),
    "notify_command": (list,),
    "notify_webhook": (str,),
    "folders": (dict,),
    "heartbeat_url": (str,),
    "metrics_file": (str,),
    "keep_publications_days": (int,),
    "keep_month_ends_years": (int,),
    "keep_runs_days": (int,),
    "payroll_profile": (str,),
    "internal": (dict,),
    "copy": (dict,),
    "report": (dict,),
    "release": (str,),
    "release_day": (int,),
    "restatement_points": (int, float),
    "restatement_share": (int, float),
}


# The settings by their keys in the file.
KEYS = {field.alias or name: field for name, field in Settings.model_fields.items()}


def settings_file(folder: Path, values: dict[str, str]) -> Path:
    path = folder / "arsverk.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in values.items()), encoding="utf-8")
    return path


def test_the_tables_here_know_every_setting() -> None:
    for name, known in {"VALID and OPTIONAL": {*VALID, *OPTIONAL}, "EXPECTED": {*EXPECTED}}.items():
        assert sorted(known ^ set(KEYS)) == [], name


def test_every_setting_is_described_and_stands_in_the_repositorys_file() -> None:
    shown = DEFAULT_FILE.read_text(encoding="utf-8")
    for name, field in KEYS.items():
        assert field.description, name
        assert re.search(rf"^(# )?{name} = ", shown, re.MULTILINE), name


def test_required_settings_alone_will_do(tmp_path: Path) -> None:
    assert read_settings(settings_file(tmp_path, VALID)) == Settings(
        municipality="Prøve kommune",
        possible_days_per_fte=254,
        short_term_max_days=16,
        age_bands=(25, 35, 45, 55, 65),
        min_fte_unit=10,
        min_fte_job_code=30.5,
        full_time_threshold=80,
        min_persons=5,
        min_responses=5,
        max_quarantine_share=0.01,
        memory_limit="2GB",
    )


def test_optional_settings_are_read(tmp_path: Path) -> None:
    settings = read_settings(settings_file(tmp_path, VALID | OPTIONAL))
    assert settings.first_year == 2021
    assert settings.notify_command == ("mail", "-s", "natten feilet")
    assert settings.notify_webhook == "https://chat.kommune.example/hook"


def test_the_repositorys_own_file_is_right() -> None:
    values = tomllib.loads(DEFAULT_FILE.read_text(encoding="utf-8"))
    assert read_settings().as_dict().items() >= {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}.items()


@pytest.mark.parametrize(
    ("bands", "groups"),
    [
        ("[25, 35, 65]", [("<25", -999, 24), ("25-34", 25, 34), ("35-64", 35, 64), ("65+", 65, 999)]),
        ("[50]", [("<50", -999, 49), ("50+", 50, 999)]),
    ],
)
def test_age_bands_cover_every_age_once(tmp_path: Path, bands: str, groups: list[tuple[str, int, int]]) -> None:
    assert read_settings(settings_file(tmp_path, VALID | {"age_bands": bands})).age_groups() == groups


@pytest.mark.parametrize("name", VALID)
def test_a_missing_setting_is_named(tmp_path: Path, name: str) -> None:
    values = {other: value for other, value in VALID.items() if other != name}
    with pytest.raises(UsageError, match=f"setting {name} is missing"):
        read_settings(settings_file(tmp_path, values))


def test_an_unknown_setting_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown setting max_karantene; known are municipality, .*max_quarantine_share"):
        read_settings(settings_file(tmp_path, VALID | {"max_karantene": "0.01"}))


WRONG_KIND = [
    *((name, '"10"') for name in VALID | OPTIONAL if str not in EXPECTED[name]),
    *((name, "10") for name in VALID | OPTIONAL if int not in EXPECTED[name]),
    *((name, "10.0") for name in VALID | OPTIONAL if float not in EXPECTED[name]),
    *((name, "true") for name in VALID | OPTIONAL if bool not in EXPECTED[name]),
    *((name, "2024-09-30") for name in VALID | OPTIONAL),
    *((name, "{ en = 1 }") for name in VALID | OPTIONAL if dict not in EXPECTED[name]),
    *((name, "[10]") for name in VALID | OPTIONAL if list not in EXPECTED[name]),
]
OUT_OF_RANGE = [
    ("age_bands", "[]"),
    ("age_bands", "[35, 25]"),
    ("age_bands", "[25, 25]"),
    ("age_bands", "[0, 25]"),
    ("age_bands", "[-1]"),
    ("age_bands", "[25.5]"),
    ("age_bands", '["25"]'),
    ("max_quarantine_share", "-0.01"),
    ("max_quarantine_share", "1.01"),
    ("max_quarantine_share", "nan"),
    ("max_quarantine_share", "inf"),
]
# Each would do harm later: with nan as a limit nothing is withheld, with 0 days shares are divided by nothing.
BESIDE_ALL_SENSE = [
    ("age_bands", "[true, 25]"),
    ("min_fte_unit", "nan"),
    ("min_fte_unit", "-1"),
    ("min_fte_job_code", "nan"),
    ("min_fte_job_code", "-1"),
    ("possible_days_per_fte", "0"),
    ("possible_days_per_fte", "-254"),
    ("short_term_max_days", "0"),
    ("short_term_max_days", "-16"),
    ("municipality", '" "'),
    ("memory_limit", '"mye"'),
    ("notify_on", '["all"]'),
    ("max_age_days", "0"),
    ("release", '"weekly"'),
    ("release_day", "0"),
    ("release_day", "29"),
    ("notify_command", "[1, 2]"),
    ("notify_command", "[]"),
    ("notify_webhook", '"chat.kommune.example"'),
    ("full_time_threshold", "0"),
    ("full_time_threshold", "100.5"),
    ("min_persons", "-1"),
    ("min_responses", "-1"),
    ("restatement_points", "nan"),
    ("restatement_points", "-0.1"),
    ("restatement_share", "nan"),
    ("restatement_share", "-0.01"),
    ("protection_interval", "nan"),
    ("stricter", "{ equality_pay = nan }"),
    ("stricter", '{ equality_pay = "10" }'),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *WRONG_KIND,
        *OUT_OF_RANGE,
        *BESIDE_ALL_SENSE,
    ],
)
def test_a_wrong_value_is_refused_and_its_setting_named(tmp_path: Path, name: str, value: str) -> None:
    path = settings_file(tmp_path, VALID | {name: value})
    with pytest.raises(UsageError) as refused:
        read_settings(path)
    assert str(refused.value).startswith(f"{path}: {name} ")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"municipality = Asker", "is not valid TOML"),
        (b"municipality = 'a'\nmunicipality = 'b'", "is not valid TOML"),
        ("municipality = 'Bærum'".encode("cp1252"), "is not valid TOML"),
        (b"\x00", "is not valid TOML"),
        (b"", "setting municipality, possible_days_per_fte, .* is missing"),
    ],
)
def test_a_file_that_is_no_settings_file_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "feil.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"feil\.toml.*{told}"):
        read_settings(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "borte.toml", tmp_path):
        with pytest.raises(UsageError, match=f"settings file {path} cannot be read"):
            read_settings(path)


def test_a_publications_record_is_enough_to_have_its_settings_again(tmp_path: Path) -> None:
    then = read_settings(settings_file(tmp_path, VALID | OPTIONAL))
    today = read_settings(settings_file(tmp_path, VALID | {"memory_limit": '"9GB"'}))
    recorded = json.loads(json.dumps(then.as_dict()))
    assert "notify_webhook" not in recorded and "notify_command" not in recorded
    again, notes = settings_again(recorded, today)
    assert notes == []
    unrecorded = {name for name, field in Settings.model_fields.items() if field.exclude} | {"memory_limit"}
    assert again == then.model_copy(update={name: getattr(today, name) for name in unrecorded})


def test_settings_unknown_then_or_now_are_named() -> None:
    today = read_settings()
    recorded = {name: value for name, value in today.as_dict().items() if name != "restatement_share"} | {"old_limit": 3}
    again, notes = settings_again(recorded, today)
    assert again == today
    assert notes == [
        "the setting old_limit = 3 is unknown to today's code",
        f"the setting restatement_share was not known then; today's {today.restatement_share} is used",
    ]


def test_a_recorded_value_that_is_not_allowed_today_is_named() -> None:
    today = read_settings()
    again, notes = settings_again(today.as_dict() | {"payroll_profile": "borte", "min_persons": 7}, today)
    assert again == today.model_copy(update={"min_persons": 7})
    (note,) = notes
    assert note.startswith('the setting payroll_profile = "borte" must be one of default, ') and note.endswith(
        "today's is used"
    )


def test_every_problem_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    values = VALID | {"min_fte_unit": '"ti"', "protection_interval": "2", "max_karantene": "0.01"}
    del values["memory_limit"]
    path = settings_file(tmp_path, values)
    with pytest.raises(UsageError) as refused:
        read_settings(path)
    unknown, missing, size, interval = str(refused.value).splitlines()
    assert unknown.startswith(f"{path}: unknown setting max_karantene; known are ")
    assert missing == f"{path}: setting memory_limit is missing: add it"
    assert size == f'{path}: min_fte_unit = "ti" must be a number, 0 or more'
    assert interval == f"{path}: protection_interval = 2 must be a share between 0 and 1, or left out for 0.1"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{ group = "" }', r'internal.group = "" must be the name of a group'),
        ("{ group = 7 }", r"internal.group = 7 must be the name of a group"),
        ('{ gruppe = "hr" }', r"unknown setting internal.gruppe; known are group"),
    ],
)
def test_a_setting_of_a_table_is_named_with_it(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_settings(settings_file(tmp_path, VALID | {"internal": value}))
    with_table = "".join(f"{name} = {text}\n" for name, text in VALID.items()) + '[internal]\ngroup = "hr"\n'
    (tmp_path / "arsverk.toml").write_text(with_table, encoding="utf-8")
    assert read_settings(tmp_path / "arsverk.toml").internal.group == "hr"


@pytest.mark.parametrize("address", ["postgresql://arsverk:hemmelig@db/hr", "postgresql://db/hr?user=a&password=hemmelig"])
def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path, address: str) -> None:
    path = settings_file(tmp_path, VALID | {"copy": f'{{ postgresql = "{address}" }}'})
    with pytest.raises(UsageError, match=r"copy\.postgresql = .* must be an address without a password") as refused:
        read_settings(path)
    assert "hemmelig" not in str(refused.value)


def test_an_address_that_is_no_databases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"copy\.postgresql = \"db\.kommune\.example\" must be an address"):
        read_settings(settings_file(tmp_path, VALID | {"copy": '{ postgresql = "db.kommune.example" }'}))
