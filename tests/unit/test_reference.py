"""The contracts and readers of the reference feeds: real files, and every rule broken once. Not here: the figures (golden)."""

import json
from pathlib import Path

import pandas as pd
import pytest

from sources.errors import FileRejected
from sources.naming import NamedFile
from sources.registry import feeds
from sources.validate import validate
from tests.judging import rules_broken_in
from tests.municipalities.files import write_lines

UNITS = {("organisasjon", "Enhetskode"): pd.Index(["V1", "V2"])}
HEADERS = {
    "sammenligning": "Indikator;Periode;Sammenligningsenhet;Verdi;Kilde",
    "maltall": "Indikator;Nivå;Enhet;År;Mål;Vedtak;Vedtatt dato;Type;Utgangsår",
    "piloter": "Enhetskode;Pilot;Startdato;Sluttdato",
    "publiserte_tall": "figure_id;document;published_on;source;indicator;period;factor_no;value;unit;decimals;counted_to;kind",
}
GOOD = {
    "sammenligning": "sick_leave_percent;2023-Q1;Bærum kommune;9,2;KS",
    "maltall": "sick_leave_percent;kommune;Asker kommune;2024;7,0;HP 2023;13.12.2022;relativ prosent;2020",
    "piloter": "V1;Langvakter;01.02.2023;31.12.2024",
    "publiserte_tall": "A-1;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1;;",
}
BROKEN = {
    "sammenligning": {
        "quote_closed": 'sick_leave_percent;2022;"Bærum kommune;9,2;KS',
        "cell_is_text": "#N/A;2022;Bærum kommune;9,2;KS",
        "name_decoded": "sick_leave_percent;2022;BÃ¦rum kommune;9,2;KS",
        "field_count": "sick_leave_percent;2022;Bærum kommune;9,2",
        "indicator_required": ";2022;Bærum kommune;9,2;KS",
        "period_required": "sick_leave_percent;;Bærum kommune;9,2;KS",
        "period_year_quarter_or_month": "sick_leave_percent;2023-13;Bærum kommune;9,2;KS",
        "peer_required": "sick_leave_percent;2022;;9,2;KS",
        "value_required": "sick_leave_percent;2022;Bærum kommune;;KS",
        "value_readable": "sick_leave_percent;2022;Bærum kommune;9.2;KS",
        "source_name_required": "sick_leave_percent;2022;Bærum kommune;9,2;",
        "figure_unique": "sick_leave_percent;2023-Q1;Bærum kommune;9,3;SSB",
    },
    "maltall": {
        "quote_closed": 'sick_leave_percent;kommune;"Asker kommune;2025;7,0;HP 2023;13.12.2022',
        "cell_is_text": "#REF!;kommune;Asker kommune;2025;7,0;HP 2023;13.12.2022;;",
        "name_decoded": "sick_leave_percent;kommune;Br?set kommune;2025;7,0;HP 2023;13.12.2022;;",
        "field_count": "sick_leave_percent;kommune",
        "indicator_required": ";kommune;Asker kommune;2025;7,0;HP 2023;13.12.2022;;",
        "unit_level_required": "sick_leave_percent;;Asker kommune;2025;7,0;HP 2023;13.12.2022;;",
        "unit_level_in_code_list": "sick_leave_percent;etat;Asker kommune;2025;7,0;HP 2023;13.12.2022;;",
        "unit_required": "sick_leave_percent;kommune;;2025;7,0;HP 2023;13.12.2022;;",
        "target_year_required": "sick_leave_percent;kommune;Asker kommune;;7,0;HP 2023;13.12.2022;;",
        "target_year_readable": "sick_leave_percent;kommune;Asker kommune;2025,5;7,0;HP 2023;13.12.2022;;",
        "target_year_in_range": "sick_leave_percent;kommune;Asker kommune;20255;7,0;HP 2023;13.12.2022;;",
        "target_required": "sick_leave_percent;kommune;Asker kommune;2025;;HP 2023;13.12.2022;;",
        "target_readable": "sick_leave_percent;kommune;Asker kommune;2025;sju;HP 2023;13.12.2022;;",
        "decision_required": "sick_leave_percent;kommune;Asker kommune;2025;7,0;;13.12.2022;;",
        "decided_on_required": "sick_leave_percent;kommune;Asker kommune;2025;7,0;HP 2023;;;",
        "decided_on_readable": "sick_leave_percent;kommune;Asker kommune;2025;7,0;HP 2023;31.02.2022;;",
        "target_kind_in_code_list": "sick_leave_percent;kommune;Asker kommune;2025;7,0;HP 2023;13.12.2022;prosent;",
        "base_year_readable": "sick_leave_percent;kommune;Asker kommune;2025;7,0;HP 2023;13.12.2022;absolutt;i fjor",
        "base_year_in_range": "sick_leave_percent;kommune;Asker kommune;2025;7,0;HP 2023;13.12.2022;absolutt;20200",
        "base_year_given": "sick_leave_percent;kommune;Asker kommune;2025;-10;HP 2023;13.12.2022;Relativ prosent;",
        "target_unique": "sick_leave_percent;kommune;Asker kommune;2024;6,9;HP 2023;13.12.2022;;",
    },
    "piloter": {
        "quote_closed": 'V2;"Langvakter;01.02.2023;31.12.2024',
        "cell_is_text": "V2;#N/A;01.02.2023;31.12.2024",
        "name_decoded": "V2;N\ufffdrvakter;01.02.2023;31.12.2024",
        "field_count": "V2;Langvakter;01.02.2023;31.12.2024;x",
        "unit_code_required": ";Langvakter;01.02.2023;31.12.2024",
        "pilot_required": "V2;;01.02.2023;31.12.2024",
        "start_date_required": "V2;Langvakter;;31.12.2024",
        "start_date_readable": "V2;Langvakter;2023-02-01;31.12.2024",
        "end_date_readable": "V2;Langvakter;01.02.2023;snart",
        "unit_code_known": "V9;Langvakter;01.02.2023;31.12.2024",
        "date_order": "V2;Langvakter;01.02.2023;31.01.2023",
        "unit_unique_in_pilot": "V1;Langvakter;01.03.2023;",
    },
    "publiserte_tall": {
        "quote_closed": 'A-2;"Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1',
        "cell_is_text": "A-2;#N/A;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1;;",
        "field_count": "A-2;Rapport",
        "figure_id_required": ";Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1;;",
        "document_required": "A-2;;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1;;",
        "published_on_required": "A-2;Rapport;;payroll;sick_leave_percent;2023;;9,0;percent;1;;",
        "published_on_readable": "A-2;Rapport;i fjor;payroll;sick_leave_percent;2023;;9,0;percent;1;;",
        "source_name_required": "A-2;Rapport;01.02.2024;;sick_leave_percent;2023;;9,0;percent;1;;",
        "indicator_required": "A-2;Rapport;01.02.2024;payroll;;2023;;9,0;percent;1;;",
        "period_required": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;;;9,0;percent;1;;",
        "factor_no_readable": "A-2;Rapport;01.02.2024;tenfactor;score;2023;to;9,0;score;1;;",
        "factor_no_in_range": "A-2;Rapport;01.02.2024;tenfactor;score;2023;11;9,0;score;1;;",
        "value_required": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;;percent;1;;",
        "value_readable": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;ni;percent;1;;",
        "unit_required": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;;1;;",
        "decimals_required": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;;;",
        "decimals_readable": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;én;;",
        "decimals_in_range": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;7;;",
        "counted_to_readable": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1;i vår;",
        "kind_in_code_list": "A-2;Rapport;01.02.2024;payroll;sick_leave_percent;2023;;9,0;percent;1;;endring",
        "figure_id_unique": "A-1;Rapport;01.02.2024;payroll;sick_leave_percent;2022;;9,3;percent;1;;",
    },
}


@pytest.mark.parametrize(("feed", "rule"), [(feed, rule) for feed, rules in BROKEN.items() for rule in rules])
def test_rule(tmp_path: Path, feed: str, rule: str) -> None:
    path = write_lines(tmp_path / f"{feed}_2024-01-01.csv", HEADERS[feed], [GOOD[feed], BROKEN[feed][rule]])
    assert rules_broken_in(feeds()[feed], path, UNITS) == [rule]


@pytest.mark.parametrize("feed", BROKEN)
def test_every_rule_has_a_case(feed: str) -> None:
    of_whole_files = {"percents_of_scale"} if feed in ("sammenligning", "maltall") else set()
    assert {rule.name for rule in feeds()[feed].rules} == BROKEN[feed].keys() | of_whole_files


@pytest.mark.parametrize(
    ("feed", "values", "rows"),
    [
        ("sammenligning", ("0,096", "0,088", "0"), [1, 2]),
        ("sammenligning", ("0,9", "1,1", "0,8"), []),
        ("maltall", ("0,075", "1", "-0,5"), [1, 2, 3]),
        ("maltall", ("0,9", "7,5", "0"), []),
        ("sammenligning", ("810", "9,1", "102"), [1]),
        ("maltall", ("7,5", "750", "-0,5"), [2]),
    ],
)
def test_percents_of_another_scale_are_a_warning(tmp_path: Path, feed: str, values: tuple[str, ...], rows: list[int]) -> None:
    """A peer with 0,096 would be the best of all."""
    lines = {
        "sammenligning": [f"sick_leave_percent;202{n};Bærum kommune;{value};KS" for n, value in enumerate(values)],
        "maltall": [f"sick_leave_percent;kommune;K;202{n};{value};HP;13.12.2019;;" for n, value in enumerate(values)],
    }[feed]
    # A change in percent, and what is no percent, say nothing of the scale.
    others = {
        "sammenligning": ["fte;2023;Bærum kommune;2000;KS"],
        "maltall": [
            "sick_leave_percent;kommune;K;2029;-10;HP;13.12.2019;relativ prosent;2020",
            "fte;kommune;K;2029;9;HP;13.12.2019;;",
        ],
    }[feed]
    path = write_lines(tmp_path / f"{feed}_2024-01-01.csv", HEADERS[feed], [*lines, *others])
    found = validate(feeds()[feed], feeds()[feed].read_file(path, named_as(feed, path)), {})
    assert found.warnings["row_number"].tolist() == rows and not found.rows_quarantined
    assert set(found.warnings["rule"]) <= {"percents_of_scale"}


def named_as(feed: str, path: Path) -> NamedFile:
    named = feeds()[feed].naming.read(path.name)
    assert named
    return named


# --- SSB ----------------------------------------------------------------------------------------------------------------


def dataset(**changes: object) -> dict[str, object]:
    return {
        "version": "2.0",
        "class": "dataset",
        "id": ["Region", "Tid"],
        "size": [2, 2],
        "dimension": {
            "Region": {"category": {"index": ["3203", "3201"], "label": {"3203": "Asker", "3201": "Bærum"}}},
            "Tid": {"category": {"index": {"2023M01": 1, "2023K1": 0}}},
        },
        "value": [1.10, 2, 3, 4],
        **changes,
    }


def cells(folder: Path, content: dict[str, object]) -> list[tuple]:
    path = folder / "ssb_12441_2024-01-01.json"
    path.write_text("\ufeff" + json.dumps(content), encoding="utf-8")
    feed, named = feeds()["ssb"], feeds()["ssb"].naming.read(path.name)
    assert named
    accepted = validate(feed, feed.read_file(path, named), {}).accepted
    assert set(accepted["Tabell"]) == {"12441"}
    columns = ["row_number", "Region", "Tid", "Verdi", "Status"]
    return [
        (row, region, time, None if pd.isna(value) else float(value), None if pd.isna(status) else status)
        for row, region, time, value, status in accepted[columns].itertuples(index=False)
    ]


def test_ssb_cells_in_the_order_of_their_dimensions(tmp_path: Path) -> None:
    assert cells(tmp_path, dataset()) == [
        (1, "Asker", "2023K1", 1.1, None),
        (2, "Asker", "2023M01", 2.0, None),
        (3, "Bærum", "2023K1", 3.0, None),
        (4, "Bærum", "2023M01", 4.0, None),
    ]


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        ([None, 2, 3, 4], ["..", None, None, "p"], [(None, ".."), (2, None), (3, None), (4, "p")]),
        ({"1": 2, "3": 4}, {"0": ":"}, [(None, ":"), (2, None), (None, None), (4, None)]),
        ([1, 2, 3, 4], "p", [(1, "p"), (2, "p"), (3, "p"), (4, "p")]),
    ],
)
def test_ssb_forms_of_value_and_status(tmp_path: Path, value: object, status: object, expected: list) -> None:
    assert [row[3:] for row in cells(tmp_path, dataset(value=value, status=status))] == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"size": [100000, 100000]},
        {"value": [1, 2, 3]},
        {"value": {"4": 1}},
        {"value": {"x": 1}},
        {"size": [2, 3]},
        {"id": ["Region"]},
        {"dimension": {}},
    ],
)
def test_ssb_file_that_is_no_dataset_is_rejected(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(FileRejected, match="no JSON-stat2 dataset"):
        cells(tmp_path, dataset(**changes))


def test_an_ssb_file_of_another_table_than_its_name_says_is_rejected(tmp_path: Path) -> None:
    """Figures of residents would be served as a sector's."""
    for extension in ({"px": {"tableid": "12441"}}, {"px": None}, None):
        assert len(cells(tmp_path, dataset(extension=extension))) == 4
    with pytest.raises(FileRejected, match="table 12451 by its own word, and table 12441 by its name; call it ssb_12451_"):
        cells(tmp_path, dataset(extension={"px": {"tableid": "12451"}}))


def test_an_ssb_value_that_is_a_sign_is_no_number(tmp_path: Path) -> None:
    assert [row[3:] for row in cells(tmp_path, dataset(value=["..", 2, ":", 4]))] == [
        (None, ".."),
        (2, None),
        (None, ":"),
        (4, None),
    ]


@pytest.mark.parametrize(
    "content",
    ["[" * 200_000, '{"id":' * 200_000, '"text"', "[1]", "1e999999999"],
)
def test_json_made_to_break_a_reader_is_rejected(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ssb_12441_2024-01-01.json"
    path.write_text(content, encoding="utf-8")
    named = feeds()["ssb"].naming.read(path.name)
    assert named
    with pytest.raises(FileRejected):
        validate(feeds()["ssb"], feeds()["ssb"].read_file(path, named), {})


def test_a_number_of_a_thousand_million_digits_is_a_bad_cell(tmp_path: Path) -> None:
    path = tmp_path / "ssb_12441_2024-01-01.json"
    path.write_text(json.dumps(dataset()).replace("1.1", "1e999999999"), encoding="utf-8")
    assert rules_broken_in(feeds()["ssb"], path) == ["value_readable"]


def test_ssb_file_that_is_no_json_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "ssb_12441_2024-01-01.json"
    path.write_text("<html>", encoding="utf-8")
    with pytest.raises(FileRejected, match="cannot be read as JSON"):
        rules_broken_in(feeds()["ssb"], path)


def test_ssb_rules(tmp_path: Path) -> None:
    path = tmp_path / "ssb_12441_2024-01-01.json"
    weeks = dataset(
        size=[1, 2],
        value=["x", 1],
        dimension={
            "Region": {"category": {"index": ["0"]}},
            "Tid": {"category": {"index": ["2023U01", "2023"]}},
        },
    )
    path.write_text(json.dumps({**weeks, "value": [1, 2]}), encoding="utf-8")
    assert rules_broken_in(feeds()["ssb"], path) == ["time_code_year_quarter_or_month"]
    path.write_text(json.dumps({**weeks, "value": [None, 12345678901234567890]}), encoding="utf-8")
    assert set(rules_broken_in(feeds()["ssb"], path)) == {"time_code_year_quarter_or_month", "value_readable"}


# --- the list of printed figures ------------------------------------------------------------------------------------


def test_a_quote_that_is_not_closed_swallows_no_other_figure(tmp_path: Path) -> None:
    header = HEADERS["publiserte_tall"].replace(";", ",")
    rest = "2024-02-01,payroll,sick_leave_percent,2023,,9.0,percent,1,,"
    lines = [f'A-1,"Rapport,{rest}', f'A-2,Rapport",{rest}', f"A-3,Årsrapport,{rest}", f'A-4,"Rapport{chr(10)}del 2",{rest}']
    path = write_lines(tmp_path / "publiserte_tall_2024-01-01.csv", header, lines)
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    found = validate(
        feeds()["publiserte_tall"], feeds()["publiserte_tall"].read_file(path, named_as("publiserte_tall", path)), {}
    )
    assert found.accepted["document"].tolist() == ['Rapport"', "Årsrapport", "Rapport\ndel 2"]
    assert found.quarantined[["row_number", "rule"]].to_numpy().tolist() == [[1, "quote_closed"]]


def test_ledger_with_commas(tmp_path: Path) -> None:
    header = HEADERS["publiserte_tall"].replace(";", ",") + ",note"
    lines = [
        'A-1,"Rapport, del 1",2024-02-01,payroll,sick_leave_percent,2023,,-9.05,percent,1,2023-11-30,bound,"se ""kap. 2"""',
        "",
        "A-2,Rapport",
    ]
    path = write_lines(tmp_path / "publiserte_tall_2024-01-01.csv", header, lines)
    feed = feeds()["publiserte_tall"]
    named = feed.naming.read(path.name)
    assert named
    validated = validate(feed, feed.read_file(path, named), {})
    (row,) = validated.accepted.to_dict("records")
    assert (row["document"], str(row["published_on"]), str(row["counted_to"]), float(row["value"]), row["note"]) == (
        "Rapport, del 1",
        "2024-02-01",
        "2023-11-30",
        -9.05,
        'se "kap. 2"',
    )
    assert validated.quarantined[["row_number", "rule"]].values.tolist() == [[3, "field_count"]]
