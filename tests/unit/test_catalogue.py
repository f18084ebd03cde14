"""What tables say of themselves: read from the dbt manifest, written into a publication's manifest.json, read again."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt import load_manifest
from sources.registry import feeds
from tests.building import ROOT
from tests.compiled import make_formulas
from warehouse.catalogue import read_tables, record_of, recorded_tables, tables_of
from warehouse.errors import Refused
from warehouse.restatement_causes import PLACES
from warehouse.sdc.attack.families import FAMILIES
from warehouse.sdc.suppression.sums import TERM_OF
from warehouse.settings import read_settings
from warehouse.trace import sick_leave, views
from warehouse.trace.sick_leave.cell import DIMENSIONS
from warehouse.trace.tables import tracers_of


@pytest.fixture
def manifest() -> dict[str, Any]:
    return copy.deepcopy(load_manifest())


def node(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return manifest["nodes"][f"model.arsverk.{name}"]


def test_every_table_with_a_time_says_from_when_to_when() -> None:
    times = {"period", "reference_date", "month", "year"}
    tables = [table for table in tables_of(load_manifest()) if times & set(table.columns)]
    assert len(tables) > 20
    said = {"period_start", "period_end", "is_partial"}
    assert {table.name: said - set(table.columns) for table in tables if said - set(table.columns)} == {}


def test_a_publication_says_what_its_tables_are() -> None:
    tables = {table.name: table for table in tables_of(load_manifest())}
    again = recorded_tables({"tables": json.loads(json.dumps(record_of(list(tables.values()), read_settings())))})
    assert again.keys() == tables.keys()
    for name, table in tables.items():
        assert (again[name].grain, again[name].time, again[name].dimensions) == (table.grain, table.time, table.dimensions)
        assert (again[name].values, again[name].labels) == (table.values, table.labels)
        assert (again[name].size, again[name].threshold) == (table.size, table.threshold)
        assert again[name].measures == {measure: replace(said, description="") for measure, said in table.measures.items()}


def test_the_record_has_the_threshold_of_the_municipality() -> None:
    settings = read_settings().model_copy(update={"stricter": {"sick_leave_by_age": 40.0}})
    said = record_of(tables_of(load_manifest()), settings)
    assert said["sick_leave_by_age"]["threshold"] == {"setting": "min_fte_unit", "value": 40.0}
    assert said["sick_leave_by_sex"]["threshold"] == {"setting": "min_fte_unit", "value": settings.min_fte_unit}
    assert said["equality_leaders"]["threshold"] is None


def test_of_an_older_publication_the_grain_is_known(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"tables": {"survey_response": ["year", "org_level", "org_unit_code"]}}))
    (table,) = read_tables(tmp_path).values()
    assert (table.grain, table.time, table.has_units) == (("year", "org_level", "org_unit_code"), "year", True)
    assert (table.columns, table.threshold) == ((), None)


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(Refused, match=r"manifest\.json cannot be read; run `arsverk verify`"):
        read_tables(tmp_path)


def test_a_column_that_is_not_said_to_be_anything_would_be_served_beside_a_withheld_cell(manifest: dict[str, Any]) -> None:
    del node(manifest, "sick_leave_by_sex")["columns"]["lost_days"]["config"]["meta"]["measure"]
    with pytest.raises(ValueError, match="sick_leave_by_sex: say of lost_days whether it is a measure, a label or part of"):
        tables_of(manifest)


def test_a_wrong_measure_is_named(manifest: dict[str, Any]) -> None:
    measure = node(manifest, "sick_leave_by_sex")["columns"]["lost_days"]["config"]["meta"]["measure"]
    measure["additivity"] = "perhaps"
    with pytest.raises(ValueError, match=r"sick_leave_by_sex\.lost_days: additivity is one of sum, ratio"):
        tables_of(manifest)
    measure["additivity"], measure["numerator"] = "sum", "lost_days"
    with pytest.raises(ValueError, match=r"sick_leave_by_sex\.lost_days: numerator and denominator go together"):
        tables_of(manifest)


def test_a_grain_consists_of_served_columns(manifest: dict[str, Any]) -> None:
    node(manifest, "survey_response")["config"]["meta"]["grain"].append("round")
    with pytest.raises(ValueError, match="survey_response: the grain's round is no served column"):
        tables_of(manifest)


def test_the_bands_of_spells_are_the_same_where_they_cannot_be_derived() -> None:
    """formulas.length_band decides; disclosure control, the attack and the texts name the bands themselves."""
    with duckdb.connect() as con:
        make_formulas(con)
        bands, of_days = con.execute(
            "select formulas.length_bands(), list(distinct formulas.length_band(days)) from range(1, 400) as spells(days)"
        ).fetchall()[0]
    assert sorted(of_days) == sorted(bands)
    assert list(TERM_OF) == bands
    (whole,) = [family for family in FAMILIES if family.name == "absence spells, lost_days"]
    (where,) = [part.where for part in whole.parts if part.table == "absence_spells_by_unit"]
    assert re.findall("'(.+?)'", where) == bands
    yml, docs = (ROOT / f"dbt_project/models/{name}" for name in ("marts/absence_spells.yml", "docs/columns.md"))
    assert f"values: {bands}" in yml.read_text(encoding="utf-8")
    assert f"{', '.join(bands[:-1])} or {bands[-1]}." in docs.read_text(encoding="utf-8")
    assert f"({', '.join(bands)} calendar days)" in (ROOT / "docs/marts.md").read_text(encoding="utf-8")


def test_the_calendar_does_not_make_absences_a_source_of_every_table(manifest: dict[str, Any]) -> None:
    """Absences differ every night; where they count as rows behind a headcount, few late positions are never few rows."""
    sources = {table.name: table.source_tables & feeds().keys() for table in tables_of(manifest)}
    assert sources["full_time_by_unit"] == {"organisasjon", "ansatte", "stillinger", "permisjoner", "pai"}
    assert sources["survey_response"] == {"organisasjon", "deltakelse"}
    assert {name for name, of in sources.items() if "fravaer" in of} >= {"sick_leave_by_unit", "absence_spells_by_unit"}


def test_every_breakdown_of_sick_leave_can_be_traced() -> None:
    tables = {table.name: table for table in tables_of(load_manifest())}
    known_by = (sick_leave.of_cell, views.of_sick_leave)
    traced = [tables[name] for name, tracer in tracers_of(tables).items() if tracer in known_by]
    assert len(traced) == 8 and {column for table in traced for column in table.grain} <= DIMENSIONS


def test_every_feed_says_whose_figures_a_differing_row_touches() -> None:
    assert set(PLACES) == set(feeds())
