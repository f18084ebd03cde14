"""Payroll profiles: each vendor's shape of a random municipality read to the rows of the default delivery.
Not here: the marts made of them (golden/test_profiles.py), or the contracts' own rules (guards).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from sources.errors import FileRejected
from sources.naming import Naming
from sources.payroll import profile as profiles
from sources.payroll.profile import ProfileError, feeds_by, read_profile
from sources.payroll.reading import Cell
from sources.payroll.stillinger.contract import EMPLOYMENT_FORMS
from sources.validate import Validated, validate
from tests.building import ROOT, settings_with
from tests.examples import over_seeds
from tests.judging import broken_rules
from tests.municipalities.files import PAYROLL, Row, write_delivery
from tests.municipalities.random_rows import dmy, random_feeds
from tests.municipalities.vendors import WRITERS, days_of, unit4_resources, write_entries, write_rows, write_visma
from warehouse.acceptance import Input, accept_delivery, judge_waiting
from warehouse.archive import all_arrivals, take_in
from warehouse.build_database import start_build
from warehouse.database import connect
from warehouse.delivery import Delivery, choose
from warehouse.errors import Refused, UsageError
from warehouse.load import load_feed
from warehouse.paths import Home
from warehouse.settings import PROFILES

SEED = 2

# --- the same rows -------------------------------------------------------------------------------------------------


def read_by(profile: str, folder: Path, feed_name: str) -> Validated:
    """The feed's only file in the folder, read by the profile and held against the contract; references stay untried."""
    feed = feeds_by(profile)[feed_name]
    ((path, named),) = [(path, named) for path in folder.iterdir() if (named := feed.naming.read(path.name))]
    validated = validate(feed, feed.read_file(path, named), {})
    assert validated.rows_delivered == len(validated.accepted) + validated.rows_quarantined
    return validated


def rows_of(validated: Validated) -> Counter[tuple[object, ...]]:
    return Counter(validated.accepted.drop(columns="row_number").astype(object).fillna("").itertuples(index=False, name=None))


@pytest.mark.parametrize("profile", WRITERS)
@over_seeds(few=3, many=60)
def test_a_vendor_s_files_hold_the_rows_of_the_default_delivery(
    tmp_path_factory: pytest.TempPathFactory, profile: str, seed: int
) -> None:
    delivered, as_of = random_feeds(seed)
    folder = tmp_path_factory.mktemp(profile)
    WRITERS[profile](folder, delivered, as_of)
    if profile == "visma":
        # What lasts is delivered day by day, up to the extract date.
        for row in [*delivered["fravaer"], *delivered["permisjoner"]]:
            row["Til dato"] = dmy(days_of(row, as_of)[-1])
    default = tmp_path_factory.mktemp("default")
    write_delivery(default, delivered, extract_date=as_of)
    for feed in PAYROLL:
        expected, got = read_by("default", default, feed), read_by(profile, folder, feed)
        assert rows_of(got) == rows_of(expected), feed
        # Some random rows are doubtful, whatever the system.
        assert Counter(got.warnings["rule"]) == Counter(expected.warnings["rule"]), feed


# --- nothing is lost -----------------------------------------------------------------------------------------------

DAYS = "FraværId;AnsattId;StillingId;Fraværskode;Dato;Fraværsprosent;Stillingsprosent"


def visma_absences(folder: Path, feed: str, *lines: str) -> Validated:
    (folder / "Turnus_fravær_20240930.csv").write_text("\n".join([DAYS, *lines]) + "\n", encoding="utf-8")
    return read_by("visma", folder, feed)


def test_adjoining_days_are_one_row_with_the_number_of_its_first(tmp_path: Path) -> None:
    lines = ["1;7;;EM;2024-03-05;100;50", "2;7;;EM;2024-03-06;100;50", "1;7;;EM;2024-03-04;100;50", "1;7;;EM;2024-03-07;100;50"]
    validated = visma_absences(tmp_path, "fravaer", *lines)
    accepted = validated.accepted.to_dict("records")
    periods = {(row["row_number"], row["Fra dato"].day, row["Til dato"].day) for row in accepted}
    assert periods == {(3, 4, 5), (2, 6, 6), (4, 7, 7)}
    assert validated.merged == {3: [1]}


def test_of_duplicates_the_largest_position_wins_and_the_others_are_quarantined_by_name(tmp_path: Path) -> None:
    lines = [f"1;7;{place};EM;2024-03-04;100;{size}" for place, size in enumerate(("9.5", "80", "80", ""), start=1)]
    validated = visma_absences(tmp_path, "fravaer", *lines)
    assert validated.accepted["Stillingsnr"].tolist() == ["2"]
    assert broken_rules(validated) == {1: ["largest_wins"], 3: ["largest_wins"], 4: ["largest_wins"]}
    assert validated.rows_delivered == 4


def test_only_rows_of_one_person_with_a_whole_key_are_copies(tmp_path: Path) -> None:
    """Absences without a number, or numbered anew for each person, would lose all but one row a day, and no rule would tell."""
    lines = [
        "1;7;1;EM;2024-03-04;100;80",
        "1;8;1;EM;2024-03-04;100;50",
        ";7;1;EM;2024-03-05;100;80",
        ";9;1;EM;2024-03-05;100;50",
    ]
    validated = visma_absences(tmp_path, "fravaer", *lines)
    assert validated.accepted["Ansattnr"].tolist() == ["7", "8", "7", "9"] and not broken_rules(validated)


def test_rows_that_a_profile_sets_aside_are_no_fault_of_the_delivery(home: Home, tmp_path: Path) -> None:
    of_visma = feeds_by("visma")
    path = home.landing / "Turnus_fravær_20240930.csv"
    # Three of the same day in smaller positions, and a code that no list has.
    days = [f"1;7;{place};EM;2024-03-04;100;{size}" for place, size in enumerate(("80", "60", "40", "20"), start=1)]
    settings = settings_with(tmp_path, max_quarantine_share=0.3, max_quarantine_rows=0)
    path.write_text("\n".join([DAYS, *days, "2;7;;ZZ;2024-03-05;100;80"]) + "\n", encoding="utf-8")
    files = tuple(take_in(home, home.landing, of_visma).new)
    assert [file.file_name for file in files] == [path.name]
    assert judge_waiting(home, of_visma, Delivery(date(2024, 9, 30), files), settings) == []
    loaded = Input("fravaer", path.name, 5, 1, 4, None, {"largest_wins": 3, "absence_type_in_profile": 1})
    assert loaded.bad(of_visma["fravaer"]) == 1


def test_a_code_no_list_knows_is_a_bad_row_of_the_first_feed(tmp_path: Path) -> None:
    lines = [
        "1;7;;EM;2024-03-04;100;50",
        "2;7;;ZZ;2024-03-04;100;50",
        "3;7;;xxxFP8;2024-03-04;100;50",
        "4;7;;;2024-03-04;100;50",
    ]
    absences = visma_absences(tmp_path, "fravaer", *lines)
    assert absences.accepted["Fraværstype"].tolist() == ["Egenmelding"]
    assert broken_rules(absences) == {2: ["absence_type_listed"], 4: ["absence_type_required"]}
    leaves = visma_absences(tmp_path, "permisjoner", *lines)
    assert leaves.accepted[["Permisjonstype", "Dekningsgrad"]].values.tolist() == [["Foreldrepermisjon", 80]]


def test_a_person_s_value_that_the_profile_does_not_know_is_masked(tmp_path: Path) -> None:
    # F and M are the profile's: K is read as it is, and happens to be the contract's.
    lines = ["AnsattId;Personnummer;Navn;Kjønn;Født", "7;01818048439;Prøvine;K;1980-01-01"]
    (tmp_path / "Personer_20240930.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    validated = read_by("visma", tmp_path, "ansatte")
    assert validated.warnings[["row_number", "rule", "value"]].values.tolist() == [[1, "sex_code_in_profile", "***"]]


def test_a_column_of_the_vendor_s_that_has_a_name_of_the_contract_s_is_not_taken_for_it(tmp_path: Path) -> None:
    lines = ["AnsattId;Personnummer;Navn;Kjønn;Født;Fødselsdato", "7;01818048439;Prøvine;F;1980-01-01;"]
    (tmp_path / "Personer_20240930.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    validated = read_by("visma", tmp_path, "ansatte")
    assert validated.accepted["Fødselsdato"].tolist() == [date(1980, 1, 1)]
    assert validated.unknown_columns == ["Fødselsdato (not in the profile)"]


def test_days_that_cannot_be_read_are_quarantined(tmp_path: Path) -> None:
    validated = visma_absences(tmp_path, "fravaer", "1;7;;EM;04.03.24;100;50", "1;7;;EM;05.03.24;100;50")
    assert {row: set(rules) for row, rules in broken_rules(validated).items()} == {
        1: {"from_date_readable", "to_date_readable"},
        2: {"from_date_readable", "to_date_readable"},
    }


def test_a_file_of_headers_alone_has_no_rows(tmp_path: Path) -> None:
    assert visma_absences(tmp_path, "fravaer").rows_delivered == 0
    write_entries(tmp_path / "fravar_2024-09-30.json", [])
    assert read_by("fint", tmp_path, "fravaer").rows_delivered == 0


def test_one_page_of_several_is_rejected(tmp_path: Path) -> None:
    """FINT answers in pages: the first alone would be a delivery without most of its rows."""
    path = tmp_path / "fravar_2024-09-30.json"
    write_entries(path, [{"ansattnummer": {"identifikatorverdi": "7"}}])
    path.write_text(path.read_text(encoding="utf-8").replace('"total_items": 1', '"total_items": 2600'), encoding="utf-8")
    with pytest.raises(FileRejected, match=r"holds 1 of 2600 records \(total_items\)"):
        read_by("fint", tmp_path, "fravaer")


def test_a_header_of_the_profile_that_is_missing_rejects_the_file(tmp_path: Path) -> None:
    (tmp_path / "Turnus_fravær_20240930.csv").write_text(DAYS.replace("Dato", "Dag") + "\n", encoding="utf-8")
    with pytest.raises(FileRejected, match=r"required column Dato is missing .*the nearest to Dato is Dag"):
        read_by("visma", tmp_path, "fravaer")


def test_a_path_that_json_has_under_nearly_its_name_rejects_the_file(tmp_path: Path) -> None:
    """JSON leaves out what is empty: every absence would be read as one without an end."""
    absence = {"ansattnummer": {"identifikatorverdi": "7"}, "fravarstype": {"kode": "EM"}, "prosent": 10000}
    dates = {"start": "2024-03-04T00:00:00Z", "sluttdato": "2024-03-05T00:00:00Z"}
    write_entries(tmp_path / "fravar_2024-09-30.json", [absence | {"periode": dates}])
    with pytest.raises(FileRejected, match=r"periode.slutt is missing .*the nearest to periode.slutt is periode.sluttdato"):
        read_by("fint", tmp_path, "fravaer")
    write_entries(tmp_path / "fravar_2024-09-30.json", [absence | {"periode": {"start": dates["start"], "beskrivelse": "x"}}])
    assert read_by("fint", tmp_path, "fravaer").rows_quarantined == 0


def test_employments_that_all_go_on_and_are_described_are_read(tmp_path: Path) -> None:
    """Their ends are empty; what stands beside is no end under another name, however long the path to both."""
    period = {"start": "2024-03-04T00:00:00Z", "beskrivelse": "fast"}
    employment = {"stillingsnummer": "1", "gyldighetsperiode": period, "lonnsprosent": 10000}
    person = {"ansattnummer": {"identifikatorverdi": "7"}, "arbeidsforhold": employment}
    write_entries(tmp_path / "personalressurs_2024-09-30.json", [person])
    assert read_by("fint", tmp_path, "stillinger").rows_delivered == 1


@pytest.mark.parametrize("content", ["", "{}", "[", '{"_embedded": {"_entries": ["text"]}}', '{"_embedded": []}'])
def test_what_is_no_json_of_records_is_rejected(tmp_path: Path, content: str) -> None:
    (tmp_path / "fravar_2024-09-30.json").write_text(content, encoding="utf-8")
    with pytest.raises(FileRejected, match="JSON"):
        read_by("fint", tmp_path, "fravaer")


def flat_rows(folder: Path, change: Callable[[list[Row]], object]) -> dict[str, Validated]:
    delivered, as_of = random_feeds(SEED)
    rows = unit4_resources(delivered)
    change(rows)
    write_rows(folder / f"ressurser_{as_of}.csv", rows)
    return {feed: read_by("unit4", folder, feed) for feed in ("organisasjon", "ansatte", "stillinger")}


def test_a_row_that_no_feed_takes_is_quarantined_in_the_first(tmp_path: Path) -> None:
    found = flat_rows(tmp_path, lambda rows: rows.append(dict.fromkeys(rows[0], "") | {"Navn": "Kari"}))
    (rules,) = broken_rules(found["stillinger"]).values()
    assert "employee_no_required" in rules
    assert not found["organisasjon"].rows_quarantined + found["ansatte"].rows_quarantined


def test_a_person_told_in_two_ways_is_quarantined_the_second_time(tmp_path: Path) -> None:
    found = flat_rows(tmp_path, lambda rows: rows.append(rows[0] | {"Kjønn": "Annet", "Stillingsløpenr": "77"}))
    assert list(broken_rules(found["ansatte"]).values()) == [["sex_code_in_code_list"]]
    assert list(found["stillinger"].unknown_columns) == ["Arbeidstid"]


def test_duplicates_stop_no_night_but_faults_do(tmp_path: Path) -> None:
    delivered, as_of = random_feeds(SEED)
    settings = settings_with(tmp_path, payroll_profile='"visma"')
    feeds = feeds_by("visma")

    def night(folder: str, change: Callable[[Path], object]) -> dict[tuple[str, str], tuple[int, int, int]]:
        home = Home(tmp_path / folder)
        home.prepare()
        write_visma(home.landing, delivered, as_of)
        change(home.landing / f"Turnus_fravær_{as_of:%Y%m%d}.csv")
        take_in(home, home.landing, feeds)
        delivery = choose(all_arrivals(home), feeds, None).delivery
        start_build(home, settings, feeds, delivery)
        with connect(home.build_database, settings) as con:
            loads = [load for feed in feeds.values() for load in load_feed(con, home, feed, delivery.of(feed))]
        accept_delivery(home, settings, feeds, delivery)
        return {(one.feed, one.file_name): (one.rows_delivered, one.rows_loaded, one.rows_quarantined) for one in loads}

    loads = night("good", lambda path: None)
    name = f"Turnus_fravær_{as_of:%Y%m%d}.csv"
    for feed in ("fravaer", "permisjoner"):
        rows, loaded, quarantined = loads[feed, name]
        assert rows == loaded + quarantined, feed
        assert quarantined > 0.1 * rows, feed
    with pytest.raises(Refused, match=r"rows .* are bad"):
        night(
            "bad", lambda path: path.write_bytes(path.read_bytes().replace(b";1\r\n", b";x\r\n").replace(b";100;80", b";x;80"))
        )


# --- profiles themselves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "delivered", "dialect"),
    [
        (Cell("h", decimals=2), "10000", "100,00"),
        (Cell("h", decimals=2), "5", "0,05"),
        (Cell("h", decimals=2), "-150", "-1,50"),
        (Cell("h", decimals=2), "33,3", "33,3"),
        (Cell("h", point=True), "62.5", "62,5"),
        (Cell("h"), "62.500", "62.500"),
        (Cell("h", codes={"33,6": "Turnus"}), "33,6", "Turnus"),
        (Cell("h", codes={"A": "B", "*": ""}), "C", None),
        (Cell("h", codes={"A": "B"}), "C", "C"),
        (Cell("h", date="yyyymmdd"), "20240304", "04.03.2024"),
        (Cell("h", date="yyyy-mm-dd"), "2024-03-04T00:00:00Z", "04.03.2024"),
        (Cell("h", date="yyyy-mm-dd"), "2024-03-03T23:00:00Z", "2024-03-03T23:00:00Z"),
        (Cell("h", date="yyyy-mm-dd", open=("9999-12-31",)), "9999-12-31", None),
        (Cell("h", open=("31.12.2099",)), "31.12.2099", None),
        (Cell("h"), None, None),
    ],
)
def test_cells_come_in_the_dialect(cell: Cell, delivered: str | None, dialect: str | None) -> None:
    assert cell.in_dialect(delivered) == dialect


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Fravær_HR_20240930.csv", date(2024, 9, 30)),
        ("FRAVÆR_x_2024-09-30.CSV", date(2024, 9, 30)),
        ("Fravær_x_20240931.csv", None),
        ("Fravær_x_20240930.csv.bak", None),
        ("Fravær_x_2024.csv", None),
    ],
)
def test_names_of_any_form(name: str, day: date | None) -> None:
    named = Naming("fravaer", pattern="Fravær_*_<date>.csv").read(name)
    assert (named.extract_date if named else None) == day


def written_profile(folder: Path, monkeypatch: pytest.MonkeyPatch, changes: Iterable[tuple[str, str]]) -> str:
    """A copy of the profile visma with some texts changed."""
    text = (profiles.PROFILES / "visma.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    name = f"own_{folder.name}"
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(profiles, "PROFILES", folder)
    return name


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"Fødselsnummer" = "Personnummer"', "", "required column Fødselsnummer is not mapped"),
        ('"Fødselsnummer" =', '"Fodselsnummer" =', "the contract has no column Fodselsnummer"),
        ('file = "visma_personer"', 'file = "visma_folk"', "no such file"),
        (
            "Personer_<date>.csv",
            "Personer.csv",
            r'files.visma_personer.name = "Personer.csv" must be a file name with one <date>',
        ),
        (
            'date = "yyyy-mm-dd"',
            'date = "iso"',
            r'columns.Gyldig fra.date = "iso" must be one of dd.mm.yyyy, yyyymmdd, yyyy-mm-dd',
        ),
        ('of_same = ["FraværId", "Dato"]', "", "largest_wins and of_same belong together"),
        ("point = true", "poing = true", r"unknown key .*columns.Stillingsprosent.poing.*; known are header, .*point"),
        ("[feeds.ansatte]", "[feeds.folk]", "key feeds.folk.columns, feeds.ansatte.file is missing"),
        ("[feeds.ansatte", "[feeds.pai", "pai is no payroll feed"),
        ("join_days = true", 'each = "dager"', "would be lost"),
    ],
)
def test_a_profile_that_says_something_impossible_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, told: str
) -> None:
    with pytest.raises(ProfileError, match=told):
        read_profile(written_profile(tmp_path, monkeypatch, [(old, new)]))


def test_a_feed_in_several_files_waits_for_all_of_them_and_loads_them_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (profiles.PROFILES / "visma.toml").read_text(encoding="utf-8")
    absences = text.partition("[feeds.fravaer]")[2].partition("[feeds.permisjoner]")[0]
    second = absences.replace("[feeds.fravaer.columns", "[feeds.fravaer.columns").replace("visma_fravaer", "second")
    changes = [
        ("[feeds.fravaer]", "[[feeds.fravaer]]"),
        ("[feeds.permisjoner]", f"[[feeds.fravaer]]{second}\n[feeds.permisjoner]"),
        ("[feeds.organisasjon]", '[files.second]\nname = "Leger_<date>.csv"\n\n[feeds.organisasjon]'),
    ]
    name = written_profile(tmp_path, monkeypatch, changes)
    feeds, settings, home = feeds_by(name), settings_with(tmp_path), Home(tmp_path / "home")
    home.prepare()
    delivered, as_of = random_feeds(SEED)
    write_visma(home.landing, delivered, as_of)
    take_in(home, home.landing, feeds)
    with pytest.raises(Refused, match="is missing fravaer"):
        choose(all_arrivals(home), feeds, None)
    person = delivered["ansatte"][0]["Ansattnr"]
    (home.landing / f"Leger_{as_of}.csv").write_text(f"{DAYS}\n1;{person};;SU;2024-01-02;100;50\n", encoding="utf-8")
    take_in(home, home.landing, feeds)
    delivery = choose(all_arrivals(home), feeds, None).delivery
    start_build(home, settings, feeds, delivery)
    with connect(home.build_database, settings) as con:
        loads = {feed.name: load_feed(con, home, feed, delivery.of(feed)) for feed in feeds.values()}
    assert sorted(load.rows_loaded for load in loads["fravaer"]) == [1, len(delivered["fravaer"])]
    accept_delivery(home, settings, feeds, delivery)


def test_the_profile_is_a_setting(tmp_path: Path) -> None:
    assert settings_with(tmp_path, payroll_profile='"fint"').payroll_profile == "fint"
    with pytest.raises(UsageError, match="must be one of default, fint, unit4, visma"):
        settings_with(tmp_path, payroll_profile='"../visma"')


def test_files_of_other_names_are_told_the_profile_s(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.landing / "ansatte_2024-09-30.csv").write_text("Ansattnr\n", encoding="utf-8")
    note, names = take_in(home, home.landing, feeds_by("visma")).notes
    assert note == "ansatte_2024-09-30.csv is not a delivery file and is left alone"
    assert "Turnus_fravær_<date>.csv" in names and "ansatte_<date>" not in names


def test_the_help_names_the_files_of_every_profile() -> None:
    told = " ".join(CliRunner().invoke(main, ["run", "--help"]).output.split())
    for profile in PROFILES:
        required = [naming.told for feed in feeds_by(profile).values() if feed.required for naming in feed.namings]
        assert [name for name in required if name not in told] == [], profile


def test_a_feed_that_a_profile_leaves_out_keeps_the_dialect() -> None:
    assert feeds_by("visma")["variable_timer"].naming == Naming("variable_timer", of_payroll=True)


def test_every_form_of_employment_says_where_it_counts() -> None:
    """A form that the contract lets in and the list lacks would count nowhere."""
    listed = pd.read_csv(ROOT / "dbt_project" / "seeds" / "populations.csv")["employment_form"]
    assert sorted(listed) == sorted(EMPLOYMENT_FORMS)
