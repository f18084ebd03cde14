"""Which rows make a sick-leave cell. The order of the steps is in cell.py; each of the other modules is one step.
Not here: cells of other mart families.
"""

from warehouse.trace.sick_leave.cell import add_rows, of_cell
from warehouse.trace.sick_leave.positions import add_title
from warehouse.trace.sick_leave.scope import TERMS, Scope
from warehouse.trace.sick_leave.spells_of_length import of_spells

__all__ = ["TERMS", "Scope", "add_rows", "add_title", "of_cell", "of_spells"]
