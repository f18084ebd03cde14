"""The definitions that are published beside the figures (dbt_project/seeds/metric_texts.csv)."""

import csv
import re
from pathlib import Path

from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "metric_texts.csv"
NUMBERS = ("bigint", "integer", "double", "decimal")
# Numbers that are no figures: what a figure is about, where it stands, how it is printed.
NO_FIGURES = {
    "org_units": {"depth", "org_level_sort", "sort_order"},
    "full_time_sources": {"threshold"},
    "metric_definitions": {"decimals", "factor"},
    "reconciliation": {"factor_no", "decimals"},
}


def test_every_served_measure_is_defined_in_both_languages() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    tables = tables_of(load_manifest())
    measures = {(table.subject, name) for table in tables for name in table.measures}
    assert {(text["subject"], text["measure"]) for text in texts} == measures
    assert len(texts) == len(measures)
    assert [text["measure"] for text in texts if not all(text.values())] == []
    assert [f"{table.name}.{name}" for table in tables for name, measure in table.measures.items() if not measure.name_en] == []


def test_a_population_in_braces_is_that_of_a_measure_of_the_subject() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        texts = {(text["subject"], text["measure"]): text for text in csv.DictReader(file)}
    named = {
        (subject, re.match(r"\{(\w+)\}", text[column])[1], column)
        for (subject, _), text in texts.items()
        for column in ("population", "population_en")
        if text[column].startswith("{")
    }
    assert named
    assert [name for *name, column in named if texts[tuple(name)][column].startswith("{")] == []
    # The readers' names of other measures say nothing where those stand on no page.
    assert [key for key, text in texts.items() if text["population"] in ("Som årsverk", "Som hodetelling", "Som ansatte")] == []


def test_every_figure_of_a_table_is_a_measure() -> None:
    manifest = load_manifest()
    kinds = {
        (node["name"], column): said["data_type"]
        for node in manifest["nodes"].values()
        for column, said in node["columns"].items()
    }
    for table in tables_of(manifest):
        numbers = {name for name in table.values if kinds[table.name, name].startswith(NUMBERS)}
        counted = {name for name in table.measures if kinds[table.name, name] != "boolean"}
        assert counted == numbers - NO_FIGURES.get(table.name, set()), table.name


def test_definitions_say_which_fte_is_which() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        texts = {(text["subject"], text["measure"]): text for text in csv.DictReader(file)}
    of_fte = {text["population"] for (_, measure), text in texts.items() if measure == "fte"}
    assert len(of_fte) == len(["sick leave", "full time", "equality", "workforce"])
    assert "ikke avkortet" in texts["full time", "average_position_percent"]["formula"]
