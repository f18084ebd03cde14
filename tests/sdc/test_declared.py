"""Every served table is declared to the attack: as cells of a family, as a copy, or as beside both with the reason.
Not here: what the attack makes of them (test_hand_made.py).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.dbt import load_manifest
from warehouse.catalogue import tables_of
from warehouse.errors import ProgramFault
from warehouse.sdc.attack.copies import BESIDE, copies_of
from warehouse.sdc.attack.families import FAMILIES
from warehouse.sdc.suppression.sources import sources_of

TABLES = {table.name: table for table in tables_of(load_manifest())}
IN_FAMILIES = {part.table for family in FAMILIES for part in family.parts}
COPIES = copies_of(TABLES)


def test_every_served_table_is_declared_to_the_attack() -> None:
    undeclared = TABLES.keys() - IN_FAMILIES - {copy.table for copy in COPIES} - BESIDE.keys()
    assert not undeclared, f"not declared in families.py or copies.py of warehouse/sdc/attack: {sorted(undeclared)}"


def test_what_withholds_is_attacked_as_cells_or_is_beside_with_its_reason() -> None:
    withholding = {name for name, table in TABLES.items() if table.threshold is not None}
    assert withholding - IN_FAMILIES == {"pilots"}


def test_what_is_declared_is_there() -> None:
    declared = IN_FAMILIES | BESIDE.keys() | {copy.table for copy in COPIES} | {copy.of for copy in COPIES}
    assert declared <= TABLES.keys(), sorted(declared - TABLES.keys())
    assert not BESIDE.keys() & IN_FAMILIES
    for copy in COPIES:
        assert set(copy.columns) <= set(TABLES[copy.table].columns), copy.table


def test_what_withholds_has_its_cells_in_the_secondary_rule() -> None:
    assert {source.table for source in sources_of(list(TABLES.values()))} == IN_FAMILIES
    undeclared = replace(TABLES["survey_response"], name="training_by_unit")
    with pytest.raises(ProgramFault, match="training_by_unit: say in BUILDERS"):
        sources_of([*TABLES.values(), undeclared])
