"""PAI layouts and contract: real files in both layouts, and every rule broken once. Not here: the figures (golden)."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from sources.errors import FileRejected
from sources.pai import layout
from sources.pai.layout import LayoutColumn, layouts
from sources.registry import feeds
from sources.validate import Validated, validate
from tests.judging import rules_broken_in
from tests.municipalities.by_hand import national_number
from tests.municipalities.files import write_lines

PAI = feeds()["pai"]
HEADER = (
    "Fødselsnummer;Ansattnr;Stillingskode;Stillingsprosent;Tilsettingsforhold;Tjenestested;Enhetskode;Grunnlønn;Faste tillegg;"
    "Variable tillegg;Overtid;Utdanningskode;Timer per uke;Lønnsansiennitetsdato"
)
GOOD = f"{national_number(1)};1;7174;75,5;F;2110;V1;512 000;1 200,50;;;741  ;35,5;01.08.2010"
BROKEN = {
    "field_count": (GOOD, GOOD + ";x"),
    "quote_closed": (";F;", ';"F;'),
    "cell_is_text": (";V1;", ";#N/A;"),
    "national_number_required": (national_number(1), ""),
    "national_number_eleven_digits": (national_number(1), "0182*******"),
    "one_employee_no": (";1;7174", ";2;7174"),
    "national_number_check_digits": (national_number(1), "01828012345"),
    "employee_no_required": (";1;", ";;"),
    "job_code_required": ("7174", ""),
    "job_code_four_digits": ("7174", "717A"),
    "position_percent_required": ("75,5", ""),
    "position_percent_readable": ("75,5", "75.5"),
    "position_percent_in_range": ("75,5", "100,1"),
    "employment_code_required": (";F;", ";;"),
    "employment_code_in_code_list": (";F;", ";X;"),
    "service_place_required": ("2110", ""),
    "service_place_four_digits": ("2110", "21100"),
    "base_pay_required": ("512 000", ""),
    "base_pay_readable": ("512 000", "512.000"),
    "base_pay_not_zero": ("512 000", "0"),
    "base_pay_in_range": ("512 000", "-1"),
    "fixed_supplements_readable": ("1 200,50", "noe"),
    "variable_supplements_readable": (";;;741", ";noe;;741"),
    "overtime_pay_readable": (";;;741", ";;noe;741"),
    "education_code_three_digits": ("741  ", "74"),
    "weekly_hours_required": ("35,5", ""),
    "weekly_hours_readable": ("35,5", "35.5"),
    "weekly_hours_in_code_list": ("35,5", "33"),
    "seniority_date_readable": ("01.08.2010", "2010"),
}


def read(path: Path) -> Validated:
    named = PAI.naming.read(path.name)
    assert named
    return validate(PAI, PAI.read_file(path, named), {})


@pytest.mark.parametrize("rule", BROKEN)
def test_rule(tmp_path: Path, rule: str) -> None:
    good, bad = BROKEN[rule]
    assert GOOD.count(good) == 1
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, [GOOD, GOOD.replace(good, bad)])
    assert rules_broken_in(PAI, path) == [rule]


def test_a_seniority_after_the_reference_date_is_a_warning(tmp_path: Path) -> None:
    """The register of 2024 under the name of 2023 would be served as 2023's, and nothing else shows it."""
    on_the_day = GOOD.replace("01.08.2010", "01.12.2023").replace(";7174;", ";6572;")
    without = GOOD.replace("01.08.2010", "").replace(";7174;", ";7000;")
    later = GOOD.replace("01.08.2010", "02.12.2023")
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, [on_the_day, without, later])
    assert read(path).warnings[["row_number", "rule"]].values.tolist() == [[3, "seniority_by_reference"]]


@pytest.mark.parametrize("masked", ["018280", "018280XXXXX", "***********", "018280 1234 5", "ukjent"])
def test_a_masked_national_number_is_a_bad_row(tmp_path: Path, masked: str) -> None:
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, [GOOD.replace(national_number(1), masked)])
    assert rules_broken_in(PAI, path) == ["national_number_eleven_digits"]


def test_masked_digits_of_several_persons_are_bad_rows(tmp_path: Path) -> None:
    masked = [GOOD.replace(national_number(1), "01828099999"), GOOD.replace(f"{national_number(1)};1;", "01828099999;2;")]
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, masked)
    assert rules_broken_in(PAI, path) == ["national_number_unmasked"] * 2
    write_lines(path, HEADER, masked[:1])
    assert rules_broken_in(PAI, path) == ["national_number_check_digits"]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_another_separator_and_title_lines_are_read_right(tmp_path: Path, separator: str) -> None:
    row = GOOD.replace("75,5", "75").replace("1 200,50", "1200").replace("35,5", "36")
    path = write_lines(tmp_path / "pai_2023.csv", "PAI 2023", ["", HEADER.replace(";", separator), row.replace(";", separator)])
    assert rules_broken_in(PAI, path) == []


def test_all_of_ks_hours_of_a_full_week_are_read(tmp_path: Path) -> None:
    hours = ("33,6", "34", "34,5", "35", "35,5", "36", "37,5")
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, [GOOD.replace("35,5", week) for week in hours])
    assert read(path).accepted["Timer per uke"].tolist() == [Decimal(week.replace(",", ".")) for week in hours]


def test_every_rule_has_a_case() -> None:
    # The year is read from the file's name: no file can break it. Two rows are needed for a masked number and a copy.
    assert {rule.name for rule in PAI.rules} == BROKEN.keys() | {
        "pai_year_required",
        "pai_year_readable",
        "national_number_unmasked",
        "no_copy",
        "seniority_by_reference",
        *SIGNS,
    }


def persons(*positions: str) -> list[str]:
    """So many persons, each with positions of these percents."""
    return [
        f"{national_number(n)};{n};{7000 + place};{size};{'FV'[n % 2]};2110;V1;512000;;;;;35,5;"
        for n in range(1, 61)
        for place, size in enumerate((("100", "80")[n % 2], *positions))
    ]


# Files of which no row is wrong by itself, and how many rows are told.
SIGNS = {
    "sizes_as_usual": ([row.replace(";80;", ";0,8;") for row in persons()], 30),
    "position_percent_varies": ([row.replace(";80;", ";100;") for row in persons()], 60),
    "employment_code_varies": ([row.replace(";V;", ";F;") for row in persons()], 60),
}


@pytest.mark.parametrize("rule", SIGNS)
def test_a_sign_of_a_wrong_file_is_told_and_loads(tmp_path: Path, rule: str) -> None:
    rows, told = SIGNS[rule]
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, rows)
    assert rules_broken_in(PAI, path) == [rule] * told


@pytest.mark.parametrize(("beside", "told"), [("50", 0), ("51", 60), ("80", 120)])
def test_each_position_twice_is_told(tmp_path: Path, beside: str, told: int) -> None:
    """A half beside each is much, and possible."""
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, persons(beside))
    assert rules_broken_in(PAI, path) == ["sizes_as_usual"] * told


def test_a_copy_of_a_position_is_told_and_loads(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "pai_2023.csv", HEADER, [GOOD, GOOD.replace("7174", "7175"), GOOD])
    read_file = read(path)
    assert read_file.warnings[["row_number", "rule"]].to_numpy().tolist() == [[3, "no_copy"]]
    assert read_file.rows_quarantined == 0


def test_fixed_width_layout_reads_as_the_delimited_one(tmp_path: Path) -> None:
    record = f"{national_number(1)}{'1':<10}71740755012110{'V1':<10}{'00512000'}{'0001200'}{'':<7}{'':<7}{'741':<5}35520100801"
    fixed = tmp_path / "pai_2023.txt"
    fixed.write_bytes(f"{record}\r\n\r\n{record[:79]}   \r\n{record}{'x' * 20}\r\n".encode("cp1252"))
    delimited = write_lines(tmp_path / "pai_2023.csv", HEADER, [GOOD.replace("1 200,50", "1200")])
    from_fixed, from_delimited = read(fixed), read(delimited)
    assert from_fixed.accepted.drop(columns="row_number").to_dict("records") == from_delimited.accepted.drop(
        columns="row_number"
    ).to_dict("records")
    # Row 2 is blank; row 3 has lost its weekly hours, row 4 is longer than a record.
    assert from_fixed.accepted["row_number"].tolist() == [1]
    assert from_fixed.quarantined[["row_number", "rule"]].values.tolist() == [[4, "field_count"], [3, "weekly_hours_required"]]
    assert from_fixed.rows_delivered == 3


@pytest.mark.parametrize(("delivered", "dialect"), [("-150", "-1,50"), ("5", "0,05"), ("0", "0,00"), ("1,5", "1,5")])
def test_implied_decimals(delivered: str, dialect: str) -> None:
    assert LayoutColumn(decimals=2).in_dialect(delivered) == dialect


def test_of_two_records_that_are_long_enough_the_shorter_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (layout.LAYOUTS / "fixed_width.toml").read_text(encoding="utf-8")
    (tmp_path / "short.toml").write_text(text, encoding="utf-8")
    of_longer = text.replace("record_length = 90", "record_length = 120").replace("start = 1, ", "start = 31, ", 1)
    (tmp_path / "long.toml").write_text(of_longer, encoding="utf-8")
    monkeypatch.setattr(layout, "LAYOUTS", tmp_path)
    monkeypatch.setattr(layout, "layouts", layouts.__wrapped__)
    path = tmp_path / "pai_2023.txt"
    path.write_text(f"{national_number(1)}{'1':<10}71740755012110{'V1':<10}00512000{'':<26}355", encoding="cp1252")
    assert read(path).accepted["Fødselsnummer"].tolist() == [national_number(1)]


@pytest.mark.parametrize("padded", [True, False])
def test_a_first_record_with_empty_last_fields_does_not_choose_the_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, padded: bool
) -> None:
    """By the first record alone a file of the longer layout was read as the shorter, and left out."""
    text = (layout.LAYOUTS / "fixed_width.toml").read_text(encoding="utf-8")
    (tmp_path / "fixed_width.toml").write_text(text, encoding="utf-8")
    of_vendor = text.replace("record_length = 90", "record_length = 120").replace("start = 83,", "start = 113,")
    (tmp_path / "vendor.toml").write_text(of_vendor, encoding="utf-8")
    monkeypatch.setattr(layout, "LAYOUTS", tmp_path)
    monkeypatch.setattr(layout, "layouts", layouts.__wrapped__)
    records = [
        f"{national_number(n)}{n:<10}71740755012110{'V1':<10}00512000{'':<26}355{'':<30}{day:<8}"
        for n, day in enumerate(("", "20100801", "20110801"), start=1)
    ]
    path = tmp_path / "pai_2023.txt"
    path.write_text("\n".join(record if padded else record.rstrip() for record in records), encoding="cp1252")
    found = read(path)
    assert (found.rows_quarantined, found.accepted["Lønnsansiennitetsdato"].notna().tolist()) == (0, [False, True, True])


def test_a_file_of_no_layout_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "pai_2023.csv"
    path.write_text("1" * 400 + "\n", encoding="utf-8")
    with pytest.raises(FileRejected, match="records of a known length"):
        read(path)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("length = 11", "lengde = 11", "unknown key columns.Fødselsnummer.lengde; known are header, start, length"),
        ("start = 1, ", "", "Fødselsnummer needs a start and a length within the record of 90 characters"),
        ("record_length = 90", "", 'record_length belongs to kind = "fixed"'),
        ("record_length = 90", 'record_length = "90"', 'record_length = "90" must be a whole number, 0 or more'),
        ('date = "yyyymmdd"', 'date = "iso"', 'columns.Lønnsansiennitetsdato.date = "iso" must be one of yyyymmdd, ddmmyyyy'),
        ('kind = "fixed"', 'kind = "fast"', 'kind = "fast" must be delimited or fixed'),
        ("[columns]", "[columns", "is not valid TOML"),
    ],
)
def test_a_layout_that_says_something_impossible_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, reason: str
) -> None:
    text = (layout.LAYOUTS / "fixed_width.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "own.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(layout, "LAYOUTS", tmp_path)
    with pytest.raises(FileRejected, match=rf"own\.toml.*{re.escape(reason)}"):
        layouts.__wrapped__()


def test_headers_that_are_somebodys_values_are_not_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "pai_2023.csv", GOOD, [GOOD])
    with pytest.raises(FileRejected) as rejected:
        read(path)
    assert national_number(1) not in str(rejected.value)


def test_layouts_name_only_columns_of_the_contract() -> None:
    assert layouts().keys() == {"delimited", "fixed_width"}
    for one in layouts().values():
        assert one.columns.keys() <= PAI.columns.keys()
        ends = [column.start + column.length - 1 for column in one.columns.values()]
        assert ends == sorted(ends)
        assert max(ends) <= one.record_length or not one.record_length
